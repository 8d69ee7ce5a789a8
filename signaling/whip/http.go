package whip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// problem answers with application/problem+json (RFC 9457).
func problem(w http.ResponseWriter, status int, why *hearing.Refusal) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		*hearing.Refusal
	}{why.En, status, why})
}

func (at *way) refuseOffer(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errLines):
		problem(w, http.StatusUnprocessableEntity, at.lines)
	case errors.Is(err, errCodec):
		problem(w, http.StatusUnprocessableEntity, at.codec)
	default:
		problem(w, http.StatusBadRequest, refuseSDP())
	}
}

func tooFast(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	problem(w, http.StatusTooManyRequests, refuseTooFast())
}

// failed answers a fault of ours or of the database; it passes.
func (s *Server) failed(w http.ResponseWriter, what string, err error) {
	s.p.Logger.Warn("token device", "at", what, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	problem(w, http.StatusServiceUnavailable, refuseBusy())
}

// refuse answers what the seat or its media were refused with.
func (at *way) refuse(w http.ResponseWriter, no *refused) {
	if no.why == nil {
		w.Header().Set("Retry-After", retryAfter)
		problem(w, at.tryAgain, at.early)
		return
	}
	why := &hearing.Refusal{Code: no.why.GetCode(), Vi: no.why.GetVi(), En: no.why.GetEn()}
	switch {
	case no.media && why.Code == "media_failed":
		problem(w, http.StatusUnprocessableEntity, refuseSDP())
	case no.media && (why.Code == "media_codec" || why.Code == "media_format"):
		problem(w, http.StatusUnprocessableEntity, why)
	case no.later || no.media:
		w.Header().Set("Retry-After", retryAfter)
		problem(w, http.StatusServiceUnavailable, why)
	default:
		problem(w, http.StatusForbidden, why)
	}
}

// body reads a bounded body of this media type; false: refused and answered.
func body(w http.ResponseWriter, r *http.Request, want string, limit int64) (string, bool) {
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != want {
		problem(w, http.StatusUnsupportedMediaType, refuseType())
		return "", false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		problem(w, http.StatusRequestEntityTooLarge, refuseLarge())
		return "", false
	case err != nil:
		problem(w, http.StatusBadRequest, refuseSDP())
		return "", false
	}
	return string(b), true
}

// linkRelay tells the device of the relay (RFC 9725, 4.6), with the pass of its seat.
func linkRelay(h http.Header, m *wire.MediaRelay) {
	for _, u := range m.GetUrls() {
		h.Add("Link", fmt.Sprintf(`<%s>; rel="ice-server"; username=%q; credential=%q; credential-type="password"`,
			u, m.GetUsername(), m.GetCredential()))
	}
}
