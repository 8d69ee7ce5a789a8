package signaling

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// codeAuth asks for the code 123456.
type codeAuth struct{ headerAuth }

func (codeAuth) Consume(_ context.Context, token, code, _ string) (*http.Cookie, store.Session, error) {
	switch code {
	case "":
		return nil, store.Session{}, auth.ErrCodeNeeded
	case "123456":
		return &http.Cookie{Name: "s", Value: token, Path: "/"}, sessionOf(token), nil
	}
	return nil, store.Session{}, auth.ErrCodeWrong
}

func TestInvitationMayAskForItsCode(t *testing.T) {
	w := newWorld(t, nil)
	w.srv.p.Auth = codeAuth{}
	consume := func(body string) (int, string) {
		resp, err := http.Post(w.http.URL+"/api/invitations/consume", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer func() { require.NoError(t, resp.Body.Close()) }()
		var p struct{ Code, Vi, En string }
		if resp.StatusCode >= 400 {
			require.NoError(t, json.NewDecoder(resp.Body).Decode(&p))
			require.NotEmpty(t, p.Vi)
			require.NotEmpty(t, p.En)
		}
		return resp.StatusCode, p.Code
	}
	for body, want := range map[string][]any{
		`{"token":"` + party + `"}`:                                          {403, "code_needed"},
		`{"token":"` + party + `","code":"000000"}`:                          {403, "code_wrong"},
		`{"token":"` + party + `","code":"123456"}`:                          {204, ""},
		`{"token":"` + party + `","code":"` + strings.Repeat("1", 65) + `"}`: {400, "bad_message"},
	} {
		status, code := consume(body)
		require.Equal(t, want, []any{status, code}, body)
	}
}
