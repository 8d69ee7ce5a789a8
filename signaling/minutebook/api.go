// Package minutebook is the HTTP interface of the minutes
// (/api/v1/hearings/{id}/minutes): the clerk and the presiding judge write and sign,
// those whom BLTTHS art. 258 names read what was proposed and ask for amendments. What
// is lawful is decided by package minutes; this package finds out who asks, keeps the
// two logs together and checks signed files.
package minutebook

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Store is what this package asks of the database; store.Store has it.
type Store interface {
	store.Minutes
	Hearing(ctx context.Context, sc court.Scope, id string) (store.Hearing, error)
	Names(ctx context.Context, sc court.Scope, hearing string) ([]store.PersonName, error)
	Read(ctx context.Context, sc court.Scope, hearing string, from uint64, limit int) ([]store.Line, error)
	Seats(ctx context.Context, sc court.Scope, hearing string) ([]store.Seat, error)
	CredentialByHandle(ctx context.Context, kind string, handle []byte) (store.Credential, error)
	Credentials(ctx context.Context, sc court.Scope, account string) ([]store.Credential, error)
	ArchiveSupplements(ctx context.Context, sc court.Scope, hearing string) ([]store.ArchiveSupplement, error)
}

// Supplements is told of documents that become final; see package supplement.
type Supplements interface {
	// WantMinutes is called before the document is final, so that no crash loses it.
	WantMinutes(ctx context.Context, hearing string, sha256 [32]byte) error
	// Wake is called once it is.
	Wake()
}

// Params of New. Supplements, Note, Logger and Now may be nil.
type Params struct {
	Store Store
	// Who tells which official a request is from, Seat which seat of a hearing; both
	// give auth.ErrNoSession for nobody.
	Who  func(r *http.Request) (auth.Official, error)
	Seat func(r *http.Request) (store.Session, error)
	// Roots are the authorities whose certificates sign for a person. Nil: signed files
	// are refused, since anybody could have made the certificate.
	Roots *x509.CertPool
	// Archives knows hearings behind closed doors, and who was allowed to see one.
	Archives *archives.Archives
	// Supplements makes sealed files of final documents; nil: nobody does.
	Supplements Supplements
	// Note takes an entry for the court's access log; it must not block.
	Note   func(unit court.UnitID, hearing, person, what string)
	Logger *slog.Logger
	Now    func() time.Time
}

// Limits of requests.
const (
	maxBody     = 64 << 10         // bytes of a JSON body
	maxLive     = 64               // hearings kept in memory
	requestTime = 20 * time.Second // of one request
)

// Mine stands in an address for the hearing of the caller's own seat: people at a seat
// know no ids.
const Mine = "mine"

// What the access log keeps.
const (
	deniedMinutes = "denied.minutes"
	readMinutes   = "view.minutes"
	signedMinutes = "minutes.signed"
)

// Book answers the routes. It is safe for concurrent use and owns no goroutine.
type Book struct {
	p     Params
	mux   *http.ServeMux
	cross *http.CrossOriginProtection

	mu   sync.Mutex
	live map[string]*live
}

// New wires the package.
func New(p Params) (*Book, error) {
	if p.Store == nil || p.Who == nil || p.Seat == nil || p.Archives == nil {
		return nil, errors.New("minutebook: Store, Who, Seat and Archives are needed")
	}
	if p.Note == nil {
		p.Note = func(court.UnitID, string, string, string) {}
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	b := &Book{p: p, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(), live: map[string]*live{}}
	for _, r := range Routes() {
		b.mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, q *http.Request) { b.serve(r, w, q) })
	}
	b.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound().write(w) })
	return b, nil
}

// Patterns are what the handler has to be mounted under.
func Patterns() []string {
	return []string{"/api/v1/hearings/{id}/minutes", "/api/v1/hearings/{id}/minutes/"}
}

// ServeHTTP implements http.Handler for Patterns.
func (b *Book) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }
