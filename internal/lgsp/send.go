package lgsp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Bounds of one sending.
const (
	sendTime  = 15 * time.Second // with its answer
	maxAnswer = 16 << 10         // bytes read of an answer
	maxReason = 200              // characters kept of the platform's reason
)

// Refused is the platform's word that a report is wrong: it is not sent again by itself.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return "lgsp: refused: " + r.Reason }

// Sender brings one envelope to the platform. nil: it was taken, now or before under the
// same key. A *Refused is final; after any other error it may be tried again.
type Sender interface {
	Send(ctx context.Context, key string, envelope []byte) error
}

// HTTPParams of a sender. At least one of Token and Certificate is needed.
type HTTPParams struct {
	URL         string           // https://…, or http:// on this machine
	Token       string           // bearer; may be empty
	Certificate *tls.Certificate // for mutual TLS; may be nil
	Roots       *x509.CertPool   // nil: those of the system
}

type httpSender struct {
	p      HTTPParams
	client *http.Client
}

// NewHTTP is a sender that POSTs (application/json, Idempotency-Key). Redirects are not
// followed: credentials and report go to the named place alone.
func NewHTTP(p HTTPParams) (Sender, error) {
	if p.Token == "" && p.Certificate == nil {
		return nil, errors.New("lgsp: a token or a certificate is needed")
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.Roots}
	if p.Certificate != nil {
		conf.Certificates = []tls.Certificate{*p.Certificate}
	}
	return &httpSender{p, &http.Client{
		Timeout:       sendTime,
		Transport:     &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (s *httpSender) Send(ctx context.Context, key string, envelope []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.p.URL, bytes.NewReader(envelope))
	if err != nil {
		return fmt.Errorf("lgsp: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	if s.p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.p.Token)
	}
	a, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("lgsp: %w", err)
	}
	defer a.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	switch code := a.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case wrongReport(code):
		return &Refused{reason(code, text)}
	default:
		return &statusError{code}
	}
}

// wrongReport tells whether a status is about the report itself: time and operators mend
// the others, those about credentials too.
func wrongReport(code int) bool {
	switch code {
	case http.StatusBadRequest, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

type statusError struct{ code int }

func (e *statusError) Error() string { return "lgsp: HTTP " + strconv.Itoa(e.code) }

// reason is the platform's own, if it gives one as {"reason"}, else the status.
func reason(code int, text []byte) string {
	var a struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(text, &a)
	r := []rune(strings.Join(strings.FieldsFunc(a.Reason, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }), " "))
	if len(r) == 0 {
		return "HTTP " + strconv.Itoa(code)
	}
	return string(r[:min(len(r), maxReason)])
}
