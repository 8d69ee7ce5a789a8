package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// endpoint is one of the two protocols with a session of it, for conforms.
type endpoint struct {
	path                    string
	token, other, wrongKind string // the device's, another court's, one for the other protocol
	offer, backwards        string // backwards: media in the direction that the protocol does not have
	at, etag                string // the session
}

const trickle = "application/trickle-ice-sdpfrag"

// conforms is the table of clauses of RFC 9725 and of draft-ietf-wish-whep-03, whose
// sections 4.1 to 4.8 have the same numbers and, but for the words for who is who, the
// same requirements. The session stands before and after.
func (w *whipCourt) conforms(e endpoint) {
	frag := "a=ice-ufrag:" + ufragOf(e.offer) + "\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active\r\na=end-of-candidates\r\n"
	restart := "a=ice-ufrag:new\r\na=ice-pwd:newnewnewnewnewnewnewnew\r\n"
	match := []string{"If-Match", e.etag}
	type c struct {
		clause, what, method, path, token, kind, body string
		header                                        []string
		want                                          int
	}
	for _, c := range []c{
		{"4.1 GET has no content", "of the endpoint", "GET", e.path, e.token, "", "", nil, 204},
		{"4.1 GET has no content", "of the endpoint, HEAD", "HEAD", e.path, e.token, "", "", nil, 204},
		{"4.1 GET has no content", "of a session", "GET", e.at, e.token, "", "", nil, 204},
		{"4.1 GET has no content", "of nothing, for nobody: the same", "GET", e.path + "/AAAAAAAAAAAAAAAAAAAAAA", "", "", "", nil, 204},
		{"4.1 methods", "PUT", "PUT", e.path, e.token, sdpType, e.offer, nil, 405},
		{"4.1 methods", "POST to a session", "POST", e.at, e.token, sdpType, e.offer, nil, 405},
		{"4.1 methods", "PUT to a session", "PUT", e.at, e.token, sdpType, e.offer, nil, 405},
		{"4.2 content type of POST", "another", "POST", e.path, e.token, "application/json", "{}", nil, 415},
		{"4.2 malformed SDP", "no SDP", "POST", e.path, e.token, sdpType, "v=1", nil, 400},
		{"4.2 malformed SDP", "too much", "POST", e.path, e.token, sdpType, strings.Repeat("a", 65<<10), nil, 413},
		{"4.2 unidirectional", "the other direction", "POST", e.path, e.token, sdpType, e.backwards, nil, 422},
		{"4.2 unidirectional", "inactive", "POST", e.path, e.token, sdpType, strings.NewReplacer("a=sendonly", "a=inactive", "a=recvonly", "a=inactive").Replace(e.offer), nil, 422},
		{"4.2 OPTIONS", "of the endpoint, without a token", "OPTIONS", e.path, "", "", "", nil, 200},
		{"4.2 OPTIONS", "of a session", "OPTIONS", e.at, "", "", "", nil, 200},
		{"4.2 DELETE", "of nothing", "DELETE", e.path + "/AAAAAAAAAAAAAAAAAAAAAA", e.token, "", "", nil, 404},
		{"4.3.1 content type of PATCH", "another", "PATCH", e.at, e.token, sdpType, frag, match, 415},
		{"4.3.1 malformed fragment", "no fragment", "PATCH", e.at, e.token, trickle, "hello", match, 400},
		{"4.3.1 entity tags", "missing", "PATCH", e.at, e.token, trickle, frag, nil, 428},
		{"4.3.1 entity tags", "of another ICE session", "PATCH", e.at, e.token, trickle, frag, []string{"If-Match", `"x"`}, 412},
		{"4.3.2 trickle", "a candidate of a transport that is not ours", "PATCH", e.at, e.token, trickle, frag, match, 204},
		{"4.3.3 restarts", "not supported, and the session stands", "PATCH", e.at, e.token, trickle, restart, []string{"If-Match", "*"}, 422},
		{"4.3.3 restarts", "with the tag of the session", "PATCH", e.at, e.token, trickle, restart, match, 422},
		{"4.4 bundle", "no group", "POST", e.path, e.token, sdpType, strings.Replace(e.offer, "a=group:BUNDLE", "a=x:", 1), nil, 422},
		{"4.4 no line is refused alone", "a codec that is not ours", "POST", e.path, e.token, sdpType, strings.NewReplacer("VP8/90000", "AV1/90000", "H264/90000", "AV1/90000").Replace(e.offer), nil, 422},
		{"4.7 bearer token", "none", "POST", e.path, "", sdpType, e.offer, nil, 401},
		{"4.7 bearer token", "wrong", "POST", e.path, strings.Split(e.token, ".")[0] + ".no", sdpType, e.offer, nil, 401},
		{"4.7 bearer token", "of a device of the other kind", "POST", e.path, e.wrongKind, sdpType, e.offer, nil, 401},
		{"4.7 bearer token", "PATCH without", "PATCH", e.at, "", trickle, frag, match, 401},
		{"4.7 bearer token", "DELETE without", "DELETE", e.at, "", "", "", nil, 401},
		{"5 whose session", "PATCH of another's", "PATCH", e.at, e.other, trickle, frag, match, 404},
		{"5 whose session", "DELETE of another's", "DELETE", e.at, e.other, "", "", nil, 404},
		{"FETCH", "a foreign page", "POST", e.path, e.token, sdpType, e.offer, []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		w.t.Run(c.clause+": "+c.what, func(t *testing.T) {
			resp, text := w.ask(c.method, c.path, c.token, c.kind, c.body, c.header...)
			require.Equal(t, c.want, resp.StatusCode, text)
			require.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
			switch c.want {
			case http.StatusOK:
				require.NotEmpty(t, resp.Header.Get("Accept-Post")+resp.Header.Get("Accept-Patch"))
			case http.StatusNoContent:
				require.Empty(t, text)
				require.Empty(t, resp.Header.Get("ETag"))
			case http.StatusUnauthorized:
				require.Contains(t, resp.Header.Get("WWW-Authenticate"), "Bearer")
			case http.StatusMethodNotAllowed:
				require.NotEmpty(t, resp.Header.Get("Allow"))
			case http.StatusForbidden: // by the check of the origin, before any of ours
			default:
				require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
			}
		})
	}
}

// answered checks what 4.2, 4.3.1 and 4.3.2 say of a 201, and the answer: ice-lite, all
// candidates, and every m-line in the one direction.
func (w *whipCourt) answered(resp *http.Response, sdp, path, direction string, lines int) (at string) {
	w.t.Helper()
	require.Equal(w.t, http.StatusCreated, resp.StatusCode, sdp)
	require.Equal(w.t, sdpType, resp.Header.Get("Content-Type"))
	require.NotEmpty(w.t, resp.Header.Get("ETag"))
	at = resp.Header.Get("Location")
	require.Regexp(w.t, "^"+path+"/[A-Za-z0-9_-]{22}$", at)
	require.Contains(w.t, sdp, "a=ice-lite")
	require.Contains(w.t, sdp, "a=candidate")
	require.Contains(w.t, sdp, "a=setup:passive")
	require.Contains(w.t, sdp, "a=group:BUNDLE")
	for _, d := range []string{"sendonly", "recvonly", "sendrecv", "inactive"} {
		want := 0
		if d == direction {
			want = lines
		}
		require.Equal(w.t, want, strings.Count(sdp, "a="+d), "%s in %s", d, sdp)
	}
	return at
}
