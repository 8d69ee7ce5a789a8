//go:build !verifier

package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

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
