package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"phientoa/internal/cades"
)

// MaxList bounds a revocation list in bytes.
const MaxList = 1 << 20

// keepFor is how long a list from an address is not fetched again.
const keepFor = 10 * time.Minute

// Source gets revocation lists from where the configuration says. It is safe for
// concurrent use.
type Source struct {
	places []string // files, and addresses that begin with http:// or https://
	client *http.Client
	now    func() time.Time

	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	list *x509.RevocationList
	at   time.Time
}

// NewSource returns a source of files and of addresses (http://…, https://…). The
// client's timeout bounds a fetch.
func NewSource(places []string, client *http.Client, now func() time.Time) *Source {
	return &Source{places: places, client: client, now: now, kept: map[string]kept{}}
}

// Lists returns the lists (DER) of the issuers of these certificates, as they are now.
// Beside an error stand those that could be had.
func (s *Source) Lists(ctx context.Context, certs []*x509.Certificate) (out [][]byte, err error) {
	for _, place := range s.places {
		l, e := s.list(ctx, place)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		if IssuedTo(l, certs) {
			out = append(out, l.Raw)
		}
	}
	return out, err
}

// IssuedTo tells whether a list is, by its name, of the issuer of one of the
// certificates.
func IssuedTo(l *x509.RevocationList, certs []*x509.Certificate) bool {
	return slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, l.RawIssuer) })
}

func (s *Source) list(ctx context.Context, place string) (*x509.RevocationList, error) {
	if !Address(place) {
		return ReadFile(place)
	}
	s.mu.Lock()
	k, ok := s.kept[place]
	s.mu.Unlock()
	if ok && s.now().Sub(k.at) < keepFor {
		return k.list, nil
	}
	l, err := s.fetch(ctx, place)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[place] = kept{l, s.now()}
	return l, nil
}

// Address tells an address from a file.
func Address(place string) bool {
	return strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://")
}

func (s *Source) fetch(ctx context.Context, url string) (_ *x509.RevocationList, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("revocation: %s: HTTP %d", url, resp.StatusCode)
	}
	return read(url, resp.Body)
}

// ReadFile reads a list from a file, in DER or PEM.
func ReadFile(path string) (*x509.RevocationList, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	l, err := read(path, f)
	return l, errors.Join(err, f.Close())
}

func read(place string, r io.Reader) (*x509.RevocationList, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxList+1))
	if err != nil {
		return nil, fmt.Errorf("revocation: %s: %w", place, err)
	}
	if len(b) > MaxList {
		return nil, fmt.Errorf("revocation: %s has more than %d bytes", place, MaxList)
	}
	if block, rest := pem.Decode(b); block != nil {
		if block.Type != "X509 CRL" || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("revocation: %s: no single PEM block X509 CRL", place)
		}
		b = block.Bytes
	}
	l, err := cades.ParseList(b)
	if err != nil {
		return nil, fmt.Errorf("revocation: %s: %w", place, err)
	}
	return l, nil
}
