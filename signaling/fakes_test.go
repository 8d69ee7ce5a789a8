package signaling

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/sfu"
)

// fakeStore keeps one hearing in memory, with the order and fencing of the real
// one, and faults on demand. Methods that no test needs panic.
type fakeStore struct {
	store.Store
	mu     sync.Mutex
	row    store.Hearing
	lines  [][]byte
	epoch  uint64
	node   string
	until  time.Time
	away   bool
	lose   bool          // the next append is done but its answer is lost
	gate   chan struct{} // appends wait here when not nil
	notes  int
	writes int
}

func (f *fakeStore) down() error {
	if f.away {
		return fmt.Errorf("fake: %w", store.ErrUnavailable)
	}
	return nil
}

func (f *fakeStore) set(change func(f *fakeStore)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeStore) log() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([][]byte(nil), f.lines...)
}

func (f *fakeStore) Hearing(context.Context, court.Scope, string) (store.Hearing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.row, f.down()
}

func (f *fakeStore) Names(context.Context, court.Scope, string) ([]store.PersonName, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return nil, f.down()
}

func (f *fakeStore) PutRelease(context.Context, court.Scope, store.Release) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down()
}

func (f *fakeStore) CreateHearing(_ context.Context, _ court.Scope, h store.Hearing, _ []store.PersonName) error {
	f.row = h
	return nil
}

func (f *fakeStore) Acquire(_ context.Context, _ court.Scope, id, node string, ttl time.Duration) (store.Lease, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.down(); err != nil {
		return store.Lease{}, err
	}
	alive := time.Now().Before(f.until)
	if alive && f.node != node {
		return store.Lease{}, store.ErrLeased
	}
	if !alive || f.node != node {
		f.epoch++
	}
	f.node, f.until = node, time.Now().Add(ttl)
	return store.Lease{Hearing: id, Node: node, Epoch: f.epoch, Expires: f.until}, nil
}

func (f *fakeStore) Renew(_ context.Context, _ court.Scope, l store.Lease, ttl time.Duration) (store.Lease, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.down(); err != nil {
		return store.Lease{}, err
	}
	if l.Epoch != f.epoch || l.Node != f.node {
		return store.Lease{}, store.ErrFenced
	}
	f.until = time.Now().Add(ttl)
	return l, nil
}

func (f *fakeStore) Release(_ context.Context, _ court.Scope, l store.Lease) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.down(); err != nil {
		return err
	}
	if l.Epoch == f.epoch {
		f.node, f.until = "", time.Time{}
	}
	return nil
}

func (f *fakeStore) Append(ctx context.Context, _ court.Scope, l store.Lease, after uint64, lines [][]byte) error {
	f.mu.Lock()
	gate := f.gate
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return fmt.Errorf("fake: %w", store.ErrUnavailable)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.down(); err != nil {
		return err
	}
	if l.Epoch != f.epoch {
		return store.ErrFenced
	}
	if after > uint64(len(f.lines)) {
		return store.ErrConflict
	}
	for i, line := range lines {
		at := int(after) + i
		if at < len(f.lines) {
			if !bytes.Equal(f.lines[at], line) {
				return store.ErrConflict
			}
			continue
		}
		f.lines = append(f.lines, bytes.Clone(line))
	}
	f.writes++
	if f.lose {
		f.lose = false
		f.away = true
		return fmt.Errorf("fake: answer lost: %w", store.ErrUnavailable)
	}
	return nil
}

func (f *fakeStore) Read(_ context.Context, _ court.Scope, _ string, from uint64, limit int) ([]store.Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []store.Line
	var prev [32]byte
	for i, line := range f.lines {
		hash := store.LineHash(prev, line)
		if i >= int(from)-1 && len(out) < limit {
			out = append(out, store.Line{Seq: uint64(i) + 1, Line: line, Prev: prev, Hash: hash})
		}
		prev = hash
	}
	return out, f.down()
}

func (f *fakeStore) PutCheckpoint(context.Context, court.Scope, string, uint64, []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notes++
	return f.down()
}

// noted is one call of Evidence.Event.
type noted struct {
	seq                uint64
	line               string
	committed, durable bool
}

// fakeEvidence outlives rooms, as the files of a real one do.
type fakeEvidence struct {
	mu       sync.Mutex
	events   []noted
	exhibits map[int]string // by number
	broken   bool
	ended    bool
	left     int // minutes; 0: not known
	notify   Notifier
}

func (e *fakeEvidence) Open(_ context.Context, p EvidenceParams) (Evidence, error) {
	e.notify = p.Notify
	p.Notify.Recording(true, "")
	return e, nil
}

func (e *fakeEvidence) Left(context.Context, hearing.Booking) (int, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.left, e.left > 0
}

func (e *fakeEvidence) Event(_ context.Context, seq uint64, line []byte, committed, durable bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		return fmt.Errorf("fake: disk gone")
	}
	e.events = append(e.events, noted{seq, string(line), committed, durable})
	return nil
}

func (e *fakeEvidence) Uncommitted(context.Context) ([][]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	done := map[string]bool{}
	for _, n := range e.events {
		if n.committed {
			done[n.line] = true
		}
	}
	var out [][]byte
	for _, n := range e.events {
		if !n.committed && !done[n.line] {
			out = append(out, []byte(n.line))
		}
	}
	return out, nil
}

func (e *fakeEvidence) Exhibit(ctx context.Context, x Exhibited) error {
	body, err := x.Body(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		return fmt.Errorf("fake: disk gone")
	}
	if err == nil {
		if e.exhibits == nil {
			e.exhibits = map[int]string{}
		}
		e.exhibits[x.No] = string(body)
	}
	return err
}

func (e *fakeEvidence) documents() map[int]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.exhibits)
}

func (e *fakeEvidence) breakDisk(broken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = broken
}

func (e *fakeEvidence) Close(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	return nil
}

func (e *fakeEvidence) Suspend(context.Context) error { return nil }

// Unfinished tells, as the real recorder does, whether the log lacks its end.
func (e *fakeEvidence) Unfinished(context.Context, hearing.ID) bool { return !e.over() }

func (e *fakeEvidence) AllUnfinished(context.Context) ([]hearing.ID, error) {
	if e.over() {
		return nil, nil
	}
	return []hearing.ID{testHearing, "of-another-database"}, nil
}

// over tells whether the log has its end.
func (e *fakeEvidence) over() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ended
}

func (e *fakeEvidence) all() []noted {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]noted(nil), e.events...)
}

// fakeMedia remembers the routing in force.
type fakeMedia struct {
	mu     sync.Mutex
	last   sfu.Routing
	closed bool
	joins  int
	fails  error // of every negotiation
	params []sfu.PeerParams
}

func (m *fakeMedia) Room(string) (MediaRoom, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = false
	return m, nil
}

func (m *fakeMedia) Apply(rt sfu.Routing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = rt
	return nil
}

func (m *fakeMedia) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}

func (m *fakeMedia) SFU() *sfu.Room { return nil }

func (m *fakeMedia) Join(p sfu.PeerParams) (MediaPeer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.joins++
	m.params = append(m.params, p)
	return &fakePeer{quiet: never, fails: m.fails}, nil
}

func (m *fakeMedia) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// hears tells whether a grant opens the person's microphone now.
func (m *fakeMedia) hears(person string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.last.Grants {
		if g.Source == (sfu.SourceID{Peer: device(person), Kind: sfu.Mic}) {
			return true
		}
	}
	return false
}

type fakePeer struct {
	mu     sync.Mutex
	closed bool
	quiet  func() time.Duration
	fails  error
}

func (p *fakePeer) Negotiate(context.Context, sfu.Offer) (sfu.Answer, error) {
	return sfu.Answer{SDP: "answer"}, p.fails
}
func (p *fakePeer) Prepare([]sfu.SourceID) {}
func (p *fakePeer) Hint([]sfu.Hint)        {}
func (p *fakePeer) Prefer(sfu.SourceID)    {}
func (p *fakePeer) Silence() time.Duration { return p.quiet() }
func (p *fakePeer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// bench is a room over fakes.
type bench struct {
	t     *testing.T
	st    *fakeStore
	ev    *fakeEvidence
	media *fakeMedia
	relay func() (RelayPass, error)
	rooms *Rooms
	room  *Room
	lim   Limits
}

func newBench(t *testing.T, lim Limits) *bench {
	t.Helper()
	b := &bench{t: t, st: &fakeStore{}, ev: &fakeEvidence{}, media: &fakeMedia{}, lim: lim}
	row := store.Hearing{ID: testHearing, Room: testRoom}
	require.NoError(t, BookHearing(context.Background(), b.st, "booker", row, nil, testBooking(), time.Now()))
	b.open()
	return b
}

func (b *bench) open() {
	b.t.Helper()
	b.rooms = NewRooms(RoomsParams{
		Store: b.st, Media: b.media, Relay: b.relay, Recorder: b.ev, Node: "n1", Limits: b.lim, Logger: discard(),
	})
	room, ref := b.rooms.Open(context.Background(), testHearing)
	require.Nil(b.t, ref)
	b.room = room
}

// never is the silence of somebody of whom something has just come.
func never() time.Duration { return 0 }

// always is a line that carries everything at once.
func always() time.Duration { return time.Hour }

// sit seats a person and returns the place.
func (b *bench) sit(person string) joined {
	b.t.Helper()
	return b.sitWith(person, never)
}

// sitWith seats a person with a connection that is silent for so long.
func (b *bench) sitWith(person string, silence func() time.Duration) joined {
	b.t.Helper()
	return b.sitOn(person, silence, always)
}

// sitOn is sitWith where what we send takes its time.
func (b *bench) sitOn(person string, silence, free func() time.Duration) joined {
	b.t.Helper()
	j, ref := b.room.join(context.Background(), joining{
		person: hearing.PersonID(person), device: hearing.DeviceID(device(person)), silence: silence, free: free,
	})
	require.Nil(b.t, ref)
	return j
}

// give submits a command and returns the channel of its one answer.
func (b *bench) give(person string, c hearing.Command) <-chan reply {
	ch := make(chan reply, 1)
	b.room.submit(&order{
		cmd: c, actor: hearing.Actor{Person: hearing.PersonID(person), Device: hearing.DeviceID(device(person))},
		reply: func(r reply) { ch <- r },
	})
	return ch
}

func (b *bench) must(person string, c hearing.Command) reply {
	b.t.Helper()
	r := <-b.give(person, c)
	require.Nil(b.t, r.refusal, "%T", c)
	return r
}

func (b *bench) refused(person string, c hearing.Command, code string) {
	b.t.Helper()
	r := <-b.give(person, c)
	require.NotNil(b.t, r.refusal, "%T was accepted", c)
	require.Equal(b.t, code, r.refusal.Code)
}

// inSession brings the hearing to a session with judge and party.
func (b *bench) inSession() {
	b.t.Helper()
	b.sit(judge)
	b.sit(party)
	b.must(judge, hearing.CheckIn{RulesAccepted: true})
	b.must(party, hearing.CheckIn{RulesAccepted: true})
	b.must(judge, hearing.Admit{Person: party})
	b.must(judge, hearing.Open{OverrideReason: "thử"})
}

// replayed is the state that the log alone gives.
func (b *bench) replayed() *hearing.State {
	b.t.Helper()
	var s *hearing.State
	for i, line := range b.st.log() {
		e, err := hearing.ParseEvent(line)
		require.NoError(b.t, err)
		require.Equal(b.t, uint64(i)+1, e.Seq)
		s, err = hearing.Apply(s, e)
		require.NoError(b.t, err)
	}
	return s
}

func lastView(j joined) *wire.View {
	s := j.place.seat
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.ring) - 1; i >= 0; i-- {
		if v := s.ring[i].env.GetView(); v != nil {
			return v
		}
	}
	return nil
}

// Document is any file.
func (s *fakeStore) Document(context.Context, court.Scope, string, [32]byte) ([]byte, error) {
	return []byte("%PDF-1.7"), nil
}
