package office

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/signaling"
	"phientoa/signaling/oversight"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	unitHN court.UnitID = "unit-hn"
	unitDN court.UnitID = "unit-dn"
)

// world is an office over a real database, with two courts.
type world struct {
	t  testing.TB
	st store.Store
	o  *Office
	p  Params

	mu       sync.Mutex
	now      time.Time
	notes    []string
	live     []LiveHearing
	accounts map[string]store.Account // by login
	devices  map[string]store.RoomDevice
	lent     map[string][]court.UnitID
	kind     string // of every unit
	books    int
	failBook error
	invites  int
	rooms    *signaling.Rooms
	vault    fakeVault
	woken    int // what sends reports
}

func startWorld(t testing.TB) *world {
	t.Helper()
	st, err := sqlite.Open(context.Background(), sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	w := &world{
		t: t, st: st, now: time.Now().UTC().Truncate(time.Microsecond),
		accounts: map[string]store.Account{}, devices: map[string]store.RoomDevice{}, lent: map[string][]court.UnitID{},
		kind: "court.regional",
	}
	for _, u := range []court.UnitID{unitHN, unitDN} {
		for _, r := range anybody() {
			login := fmt.Sprintf("%s.%s", r, u)
			w.accounts[login] = store.Account{ID: "account-" + login, Unit: u, Login: login, Name: "Tên " + login, Roles: []store.Role{r}}
		}
	}
	w.devices["room-1"] = store.RoomDevice{ID: "room-1", Unit: unitHN}
	w.devices["room-old"] = store.RoomDevice{ID: "room-old", Unit: unitHN, Revoked: true}
	w.devices["room-dn"] = store.RoomDevice{ID: "room-dn", Unit: unitDN}
	w.devices["room-detention"] = store.RoomDevice{ID: "room-detention", Unit: "detention-1"}
	w.lent["room-detention"] = []court.UnitID{unitHN}
	w.rooms = signaling.NewRooms(signaling.RoomsParams{
		Store: st, Info: st, Node: "node", Logger: slog.New(slog.DiscardHandler), Now: w.clock, Version: "test",
	})
	t.Cleanup(w.rooms.Close) // before the database
	w.p = Params{
		Store: st, Officials: w, Directory: w, Inviter: w, Access: w, BaseURL: "https://xetxu.example.vn/",
		Now:  w.clock,
		Live: func() []LiveHearing { w.mu.Lock(); defer w.mu.Unlock(); return slices.Clone(w.live) },
		Book: func(ctx context.Context, h store.Hearing, names []store.PersonName, b hearing.Booking) error {
			w.mu.Lock()
			w.books++
			fail := w.failBook
			w.mu.Unlock()
			if fail != nil {
				return fail
			}
			return signaling.BookHearing(ctx, st, "node", h, names, b, w.clock())
		},
		Cancel: w.rooms.CancelHearing,
		Enter: func(_ context.Context, _ *http.Request, h, person, device string) (*http.Cookie, error) {
			return &http.Cookie{Name: "seat", Value: strings.Join([]string{h, person, device}, "."), Path: "/"}, nil
		},
	}
	w.p.Oversight = oversight.New(oversight.Params{
		Courts: func(_ context.Context, who auth.Official, _ time.Time) (court.Scope, error) {
			return court.ScopeOf(who.Unit), nil
		},
		Live: w.watchable, Note: w.Note, Now: w.clock,
		Join:  func(p signaling.WatchParams) (oversight.Watching, *hearing.Refusal) { return fakeWatching{}, nil },
		Walls: fakeWalls{},
	})
	w.p.Archives = archives.New(archives.Params{Store: accountsOf{st, w}, Now: w.clock})
	w.vault.file = []byte("PK")
	w.p.Vault = &w.vault
	w.p.SignPDF = signerOf(t)
	w.p.LGSP = func() { w.mu.Lock(); defer w.mu.Unlock(); w.woken++ }
	w.restart(nil)
	return w
}

// accountsOf is a database with the world's accounts.
type accountsOf struct {
	archives.Store
	w *world
}

func (a accountsOf) Account(ctx context.Context, sc court.Scope, id string) (store.Account, error) {
	return a.w.Account(ctx, sc, id)
}

// fakeVault has the same bytes for every part of "node".
type fakeVault struct {
	file   []byte
	size   int64 // when set: zeros instead
	opened int
	closed int
	woken  int
}

func (v *fakeVault) Wake() { v.woken++ }

func (v *fakeVault) Close() error {
	v.closed++
	return nil
}

type zeros struct{}

func (zeros) ReadAt(b []byte, _ int64) (int, error) { return len(b), nil }

func (v *fakeVault) Open(p store.ArchivePart) (io.ReaderAt, int64, io.Closer, error) {
	if p.Node != "node" {
		return nil, 0, nil, ErrElsewhere
	}
	v.opened++
	if v.size > 0 {
		return zeros{}, v.size, v, nil
	}
	return bytes.NewReader(v.file), int64(len(v.file)), v, nil
}

func (v *fakeVault) OpenSupplement(s store.ArchiveSupplement) (io.ReaderAt, int64, io.Closer, error) {
	return v.Open(store.ArchivePart{Node: s.Node})
}

// sealed gives a hearing a sealed part.
func (w *world) sealed(u court.UnitID, id string, part int) store.ArchivePart {
	w.t.Helper()
	p := store.ArchivePart{
		Hearing: id, Part: part, Node: "node", Path: id + "/part-0001.asice", Size: max(w.vault.size, int64(len(w.vault.file))), Lines: 7, Began: 1_790_000_000_000_000, Ended: 1_790_000_100_000_000,
		Manifest: sha256.Sum256([]byte(id)), SHA256: sha256.Sum256(w.vault.file), Gaps: 1, Stamped: true, Sealed: w.clock(),
		Facts: []byte(`{"tracks":[{}],"gaps":[{"source":"d/camera","cause":"loss","from_t":1790000010000000,"to_t":1790000012000000}],"damages":null,` +
			`"seal":{"signer":"node","issuer":"phientoa CA","level":"T","signing_time":"2026-11-22T01:00:00Z","timestamp":{"time":"2026-11-22T01:00:01Z","authority":"TSA","internal":true}},` +
			`"court":{"signer":"TÒA ÁN","issuer":"CA","level":"B","signing_time":"2026-11-22T01:00:02Z","timestamp":null}}`),
	}
	require.NoError(w.t, w.st.PutArchivePart(w.t.Context(), court.ScopeOf(u), p))
	return p
}

// restart makes a new Office over the same database.
func (w *world) restart(change func(*Params)) {
	p := w.p
	if change != nil {
		change(&p)
	}
	o, err := New(p)
	require.NoError(w.t, err)
	w.o = o
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Who signs in by a header that only tests know.
func (w *world) Who(r *http.Request) (auth.Official, error) {
	a, ok := w.accounts[r.Header.Get("Test-Login")]
	if !ok {
		return auth.Official{}, auth.ErrNoSession
	}
	proved := w.clock()
	if r.Header.Get("Test-Stale") != "" {
		proved = proved.Add(-auth.StepUpLife)
	}
	who := auth.Official{SteppedUp: proved, ID: a.ID, Unit: a.Unit, Name: a.Name, Roles: a.Roles, Scope: court.ScopeOf(a.Unit)}
	if slices.Contains(a.Roles, store.RoleService) && r.Header.Get("Test-Person") == "" {
		who.Token, who.Rights = "token-of-"+a.Login, auth.Rights()
		if only := r.Header.Get("Test-Right"); only != "" {
			who.Rights = []auth.Right{auth.Right(only)}
		}
	}
	return who, nil
}

func (w *world) Units(_ context.Context, sc court.Scope) (out []store.Unit, err error) {
	for id, name := range map[court.UnitID]string{unitHN: "Tòa án nhân dân khu vực 1 – Hà Nội", unitDN: "Tòa án nhân dân khu vực 3 – Đà Nẵng"} {
		if sc.Covers(id) {
			out = append(out, store.Unit{ID: id, Kind: w.kind, Name: name})
		}
	}
	return out, nil
}

func (w *world) Account(_ context.Context, sc court.Scope, id string) (store.Account, error) {
	for _, a := range w.accounts {
		if a.ID == id && sc.Covers(a.Unit) {
			return a, nil
		}
	}
	return store.Account{}, store.ErrNotFound
}

func (w *world) AccountsOf(_ context.Context, sc court.Scope) (out []store.Account, err error) {
	for _, a := range w.accounts {
		if sc.Covers(a.Unit) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b store.Account) int { return strings.Compare(a.Login, b.Login) })
	return out, nil
}

func (w *world) AccountByLogin(_ context.Context, login string) (store.Account, error) {
	a, ok := w.accounts[login]
	if !ok {
		return a, store.ErrNotFound
	}
	return a, nil
}

func (w *world) RoomDevice(_ context.Context, id string) (store.RoomDevice, error) {
	d, ok := w.devices[id]
	if !ok {
		return d, store.ErrNotFound
	}
	return d, nil
}

func (w *world) RoomDeviceCourts(_ context.Context, id string) ([]court.UnitID, error) {
	return w.lent[id], nil
}

func (w *world) InviteWithCode(ctx context.Context, sc court.Scope, h, person, device string, ttl time.Duration) (string, string, error) {
	w.mu.Lock()
	w.invites++
	n := w.invites
	w.mu.Unlock()
	var hash [32]byte
	copy(hash[:], fmt.Sprint("token", n))
	err := w.st.CreateInvitation(ctx, sc, store.Invitation{TokenHash: hash, Hearing: h, Person: person, Device: device, Expires: w.clock().Add(ttl)})
	return fmt.Sprintf("token-%026d", n), fmt.Sprintf("%06d", n), err
}

func (w *world) Note(unit court.UnitID, hearing, account, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, fmt.Sprint(unit, " ", hearing, " ", account, " ", what))
}

func (w *world) noted(want string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.notes, want)
}

// forget begins the notes anew.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = nil
}

// notedBy counts the notes of a kind about an account.
func (w *world) notedBy(as, what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, note := range w.notes {
		if f := strings.Fields(note); f[len(f)-1] == what && f[len(f)-2] == w.accounts[as].ID {
			n++
		}
	}
	return n
}

// login is the account of a role in a court.
func login(r store.Role, u court.UnitID) string { return fmt.Sprintf("%s.%s", r, u) }

type answered struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) do(as, method, target string, body any, header ...string) answered {
	var raw []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		raw = b
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(w.t, err)
	}
	r := httptest.NewRequest(method, target, bytes.NewReader(raw))
	r.Header.Set("Test-Login", as)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.o.Handler().ServeHTTP(rec, r)
	return answered{rec.Code, rec.Header(), rec.Body.Bytes()}
}

func read[T any](t testing.TB, a answered) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, &v), "%s", a.body)
	return v
}

// good is a body that is booked without a warning, d from now.
func (w *world) good(docket string, d time.Duration) BookingBody {
	b := exampleBooking()
	b.Case.DocketNo = docket
	b.StartsAt = w.clock().Add(d).Format(time.RFC3339)
	for i := range b.People {
		b.People[i].Account = ""
	}
	return b
}

const month = 20 * 24 * time.Hour

var keys struct {
	sync.Mutex
	n int
}

func newKey() string {
	keys.Lock()
	defer keys.Unlock()
	keys.n++
	return fmt.Sprintf("key-%08d", keys.n)
}

func (w *world) book(u court.UnitID, b BookingBody) BookedAnswer {
	w.t.Helper()
	a := w.do(login(store.RoleClerk, u), http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", newKey())
	require.Equal(w.t, http.StatusCreated, a.status, "%s", a.body)
	return read[BookedAnswer](w.t, a)
}

func (w *world) check(b any) CheckAnswer {
	w.t.Helper()
	a := w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings/check", b)
	require.Equal(w.t, http.StatusOK, a.status, "%s", a.body)
	return read[CheckAnswer](w.t, a)
}

func has(list []Finding, code, field string) bool {
	return slices.ContainsFunc(list, func(f Finding) bool { return f.Code == code && f.Field == field })
}

// watchable are the live hearings as those who follow from outside know them.
func (w *world) watchable() (list []signaling.LiveHearing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.live {
		list = append(list, signaling.LiveHearing{ID: l.Hearing, Unit: court.UnitID(l.Unit), DocketNo: l.DocketNo})
	}
	return list
}

// fakeWatching stands for a connection to the sfu.
type fakeWatching struct{}

func (fakeWatching) Offer(_ context.Context, sdp string) (string, *hearing.Refusal) {
	return "answer to " + sdp, nil
}
func (fakeWatching) Show(int, int) {}
func (fakeWatching) Camera(string) {}
func (fakeWatching) Close()        {}

// fakeWalls stand for the room of the walls; a connection is lost as soon as it stands.
type fakeWalls struct{}

type fakeScreen struct{ ended func() }

func (fakeWalls) Feed(string, hearing.Class, string) (oversight.Feed, *hearing.Refusal) {
	return fakeFeed{}, nil
}

type fakeFeed struct{}

func (fakeFeed) Close()     {}
func (fakeFeed) Over() bool { return false }

func (fakeWalls) Apply([]signaling.WallGrant) error { return nil }

func (fakeWalls) Open(p signaling.WallParams) (oversight.Screen, *hearing.Refusal) {
	return fakeScreen{p.Ended}, nil
}

func (s fakeScreen) Offer(_ context.Context, sdp string) (string, []string, *hearing.Refusal) {
	s.ended()
	return "answer to " + sdp, nil, nil
}

func (fakeScreen) Show(t []signaling.WallTile) []signaling.WallTile { return t }
func (fakeScreen) Stills(bool)                                      {}
func (s fakeScreen) Close()                                         { s.ended() }
