// Package office is the HTTP interface around hearings: calendar, booking,
// invitations, import from case systems, and the operators' view. It authorises
// by the caller's unit and roles (deny by default, see Routes); what happens in a
// hearing is decided by package hearing alone.
package office

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Officials tells which official or service a request is from.
type Officials interface {
	// Who gives auth.ErrNoSession when nobody is signed in.
	Who(r *http.Request) (auth.Official, error)
}

// Store is what this package asks of the database; store.Store has it.
type Store interface {
	store.Office
	store.Archives
	store.Notes
	ArchiveSupplements(ctx context.Context, sc court.Scope, hearing string) ([]store.ArchiveSupplement, error)
	Hearing(ctx context.Context, sc court.Scope, id string) (store.Hearing, error)
	Hearings(ctx context.Context, sc court.Scope, fromMicros, toMicros int64) ([]store.Hearing, error)
	Names(ctx context.Context, sc court.Scope, hearing string) ([]store.PersonName, error)
	Read(ctx context.Context, sc court.Scope, hearing string, from uint64, limit int) ([]store.Line, error)
	CoverageDay(ctx context.Context, sc court.Scope, fromMicros, toMicros int64) (store.CoverageDay, error)
	store.Delegations
	store.Outgoing
}

// Directory knows officials, units and room devices; store.Accounts has it.
type Directory interface {
	Units(ctx context.Context, sc court.Scope) ([]store.Unit, error)
	Account(ctx context.Context, sc court.Scope, id string) (store.Account, error)
	AccountByLogin(ctx context.Context, login string) (store.Account, error)
	AccountsOf(ctx context.Context, sc court.Scope) ([]store.Account, error)
	RoomDevice(ctx context.Context, id string) (store.RoomDevice, error)
	RoomDeviceCourts(ctx context.Context, device string) ([]court.UnitID, error)
}

// Inviter makes an invitation whose code goes by a second channel.
type Inviter interface {
	InviteWithCode(ctx context.Context, sc court.Scope, hearing, person, device string, ttl time.Duration) (token, code string, err error)
}

// AccessLog takes denials and reads of names for the court's access log. It must
// not wait. accesslog.Log is one.
type AccessLog interface {
	Note(unit court.UnitID, hearing, account, what string)
}

// Params of New. Those marked so may be nil: what needs them answers not_configured.
type Params struct {
	Store     Store
	Officials Officials
	// Book creates the hearing or completes an earlier call with the same
	// arguments (signaling.BookHearing).
	Book func(ctx context.Context, h store.Hearing, names []store.PersonName, b hearing.Booking) error
	// Cancel takes a hearing that was not opened out of the calendar, in the name of
	// an account (signaling.Rooms.CancelHearing), for another hearing that is to be
	// booked in its place, if any. went is the one that stands in the log, also when
	// the hearing was cancelled before; did, true beside an error too, that this call
	// cancelled it. A *hearing.Refusal says why not. May be nil.
	Cancel func(ctx context.Context, hearing, account, reason, to string) (went string, did bool, err error)
	// Enter gives the seat's cookie to an official whom a store.Seat row lets in; may be nil.
	Enter func(ctx context.Context, r *http.Request, hearing, person, device string) (*http.Cookie, error)
	// Live lists the hearings open on the installation's nodes, without waiting; may be nil.
	Live func() []LiveHearing
	// Oversight is who follows hearings from outside; may be nil.
	Oversight Oversight
	// Inviter and Directory may be nil.
	Inviter   Inviter
	Directory Directory
	Access    AccessLog // may be nil
	// Archives is the law of who sees sealed evidence, Vault reads its files; either
	// may be nil.
	Archives *archives.Archives
	Vault    Vault
	Excerpts Excerpts // made of sealed parts; may be nil
	// Overview is whose live hearings a chief judge reads, by the tree of units: those of
	// the own court and the courts below; nil: of the own court.
	Overview func(ctx context.Context, who auth.Official) (court.Scope, error)
	// Below are the units below a unit of the procuracy, of which a head may lend one alone;
	// nil: none.
	Below func(unit court.UnitID) []PartItem
	// Oversees is whose hearings an official may follow from outside, by the tree of units;
	// nil: those of the own unit, which of a procuracy are none.
	Oversees func(ctx context.Context, who auth.Official) (court.Scope, error)
	// SignPDF is the node's CAdES signature of a PDF over a SHA-256 (signer.Client); nil:
	// reports have no PDF.
	SignPDF func(ctx context.Context, digest [32]byte) ([]byte, error)
	// LGSP wakes what sends reports to the data-sharing platform; nil: none is connected.
	LGSP func()
	// BaseURL is where participants reach the court, for instance
	// "https://xetxu.example.vn"; empty: links begin with "/".
	BaseURL string
	// Demo marks hearings booked here as demonstrations.
	Demo   bool
	Logger *slog.Logger
	Now    func() time.Time // default time.Now
	Rand   io.Reader        // default crypto/rand
}

// Limits of requests. Those of a booking's fields stand in check.go.
const (
	MaxBody     = 512 << 10           // bytes of a request's body
	MaxSpan     = 31 * 24 * time.Hour // of one calendar question
	MaxQuery    = 200                 // characters of a search
	MaxImports  = 50                  // hearings of one list that is imported
	maxNamed    = 200                 // hearings of an answer whose presiding judge is named
	maxTests    = 200                 // tests of one answer
	maxReplayed = 20_000              // lines of a log read for its tests
	maxBenches  = 4096                // hearings whose bench is remembered
)

// Office answers the routes of this package. It is safe for concurrent use and
// owns no goroutine.
type Office struct {
	p     Params
	mux   *http.ServeMux
	cross *http.CrossOriginProtection
	doc   []byte
	// Of this node, one import and one booking at a time (capacity 1): two at once
	// would both find nothing.
	importing, writing chan struct{}

	mu      sync.Mutex
	benches map[string]bench // names of presiding judge and clerk, which never change
}

// New wires the package.
func New(p Params) (*Office, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	if p.Store == nil || p.Officials == nil || p.Book == nil {
		return nil, errors.New("office: Store, Officials and Book are needed")
	}
	doc, err := Document()
	if err != nil {
		return nil, err
	}
	o := &Office{
		p: p, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(), doc: doc, benches: map[string]bench{},
		importing: make(chan struct{}, 1), writing: make(chan struct{}, 1),
	}
	for _, r := range Routes() {
		o.mux.Handle(r.Method+" "+r.pattern(), o.guard(r))
	}
	return o, nil
}

// alone waits for its turn behind ch; done gives the turn on.
func alone(ctx context.Context, ch chan struct{}) (done func(), err error) {
	select {
	case ch <- struct{}{}:
		return func() { <-ch }, nil
	case <-ctx.Done():
		return nil, busy()
	}
}

// Handler serves everything below /api/v1/ that this package owns; anything else
// there is not_found.
func (o *Office) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, pattern := o.mux.Handler(r); pattern == "" {
			o.unknown(h, w, r)
			return
		}
		o.mux.ServeHTTP(w, r)
	})
}

// unknown tells a wrong method from a wrong address, which the mux knows.
func (o *Office) unknown(h http.Handler, w http.ResponseWriter, r *http.Request) {
	probe := &statusOnly{header: http.Header{}}
	h.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		methodNotAllowed().write(w)
		return
	}
	notFound().write(w)
}

// statusOnly takes an answer's status and headers.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
