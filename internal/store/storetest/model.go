package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// agreesWithModel runs random calls against the store and against a few maps,
// and compares every answer.
func agreesWithModel(t *testing.T, f *fixture) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{f: f, now: at(0)}
		for _, u := range []court.UnitID{unit, foreign} {
			m.hearings = append(m.hearings, &modelHearing{id: f.hearing(rt, u), unit: u})
		}
		rt.Repeat(map[string]func(*rapid.T){
			"acquire": m.acquire,
			"renew":   m.renew,
			"release": m.release,
			"append":  m.append,
			"read":    m.read,
			"invite":  m.invite,
			"redeem":  m.redeem,
			"session": m.session,
			"revoke":  m.revoke,
			"later":   m.later,
		})
		for _, h := range m.hearings {
			log := all(rt, f.A, h.id)
			require.Len(rt, log, len(h.log))
			for i := range log {
				require.Equal(rt, h.log[i], modelLine{log[i].Epoch, string(log[i].Line)})
			}
		}
	})
}

type modelLine struct {
	epoch uint64
	line  string
}

type modelHearing struct {
	id      string
	unit    court.UnitID
	node    string
	epoch   uint64
	expired bool
	log     []modelLine
}

type modelToken struct {
	hash    [32]byte
	h       *modelHearing
	person  string
	expires time.Time
	gone    bool // used, voided or revoked
}

type model struct {
	f           *fixture
	now         time.Time
	hearings    []*modelHearing
	invitations []*modelToken
	sessions    []*modelToken
}

// pick draws a store, a scope and a hearing, and says whether the scope reaches it.
func (m *model) pick(t *rapid.T) (store.Store, court.Scope, *modelHearing, bool) {
	st := rapid.SampledFrom([]store.Store{m.f.A, m.f.B}).Draw(t, "store")
	h := rapid.SampledFrom(m.hearings).Draw(t, "hearing")
	sc := rapid.SampledFrom([]court.Scope{
		sys(), court.ScopeOf(unit), court.ScopeOf(foreign), court.ScopeOf(foreign, unit), {},
	}).Draw(t, "scope")
	return st, sc, h, sc.Covers(h.unit)
}

func node(t *rapid.T) string { return rapid.SampledFrom([]string{"n1", "n2", "n3"}).Draw(t, "node") }

func ttl(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{brief, long, long}).Draw(t, "ttl")
}

// lease draws one that is probably the present one.
func (h *modelHearing) lease(t *rapid.T) store.Lease {
	l := store.Lease{Hearing: h.id, Node: h.node, Epoch: h.epoch}
	if l.Node == "" || rapid.IntRange(0, 4).Draw(t, "other lease") == 0 {
		l.Node = node(t)
		l.Epoch = rapid.Uint64Range(1, max(2, h.epoch+1)).Draw(t, "epoch")
	}
	return l
}

func (h *modelHearing) holds(l store.Lease) bool {
	return h.node != "" && h.node == l.Node && h.epoch == l.Epoch
}

func (m *model) acquire(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	n, d := node(t), ttl(t)
	l, err := st.Acquire(bg(), sc, h.id, n, d)
	switch {
	case !ok:
		require.ErrorIs(t, err, store.ErrNotFound)
		return
	case h.node != "" && h.node != n && !h.expired:
		require.ErrorIs(t, err, store.ErrLeased)
		return
	case h.node != n || h.expired:
		h.epoch++
	}
	require.NoError(t, err)
	h.node, h.expired = n, d == brief
	require.Equal(t, h.epoch, l.Epoch)
}

func (m *model) renew(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	l, d := h.lease(t), ttl(t)
	got, err := st.Renew(bg(), sc, l, d)
	switch {
	case !ok:
		require.ErrorIs(t, err, store.ErrNotFound)
	case !h.holds(l):
		require.ErrorIs(t, err, store.ErrFenced)
	default:
		require.NoError(t, err)
		require.Equal(t, h.epoch, got.Epoch)
		h.expired = d == brief
	}
}

func (m *model) release(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	l := h.lease(t)
	err := st.Release(bg(), sc, l)
	switch {
	case !ok:
		require.ErrorIs(t, err, store.ErrNotFound)
	case h.holds(l), h.node == "" && h.epoch == l.Epoch && h.epoch > 0:
		require.NoError(t, err)
		h.node, h.expired = "", true
	default:
		require.ErrorIs(t, err, store.ErrFenced)
	}
}

func (m *model) append(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	l := h.lease(t)
	after := uint64(len(h.log))
	if rapid.IntRange(0, 3).Draw(t, "elsewhere") == 0 {
		after = rapid.Uint64Range(0, after+1).Draw(t, "after")
	}
	ls := rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange('a', 'b'), 1, 2), 0, 4).Draw(t, "lines")
	err := st.Append(bg(), sc, l, after, ls)
	switch {
	case !ok:
		require.ErrorIs(t, err, store.ErrNotFound)
	case !h.holds(l):
		require.ErrorIs(t, err, store.ErrFenced)
	case !h.fits(after, ls):
		require.ErrorIs(t, err, store.ErrConflict)
	default:
		require.NoError(t, err)
		for i := int(uint64(len(h.log)) - after); i < len(ls); i++ {
			h.log = append(h.log, modelLine{l.Epoch, string(ls[i])})
		}
	}
}

// fits tells whether the lines stand at the place or continue the log.
func (h *modelHearing) fits(after uint64, ls [][]byte) bool {
	if after > uint64(len(h.log)) {
		return false
	}
	for i, stands := range h.log[after:] {
		if i < len(ls) && stands.line != string(ls[i]) {
			return false
		}
	}
	return true
}

func (m *model) read(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	from := rapid.IntRange(1, len(h.log)+2).Draw(t, "from")
	limit := rapid.IntRange(1, 5).Draw(t, "limit")
	got, err := st.Read(bg(), sc, h.id, uint64(from), limit)
	if !ok {
		require.ErrorIs(t, err, store.ErrNotFound)
		return
	}
	require.NoError(t, err)
	want := h.log[min(from-1, len(h.log)):min(from-1+limit, len(h.log))]
	require.Len(t, got, len(want))
	for i, line := range got {
		require.Equal(t, uint64(from+i), line.Seq)
		require.Equal(t, want[i].epoch, line.Epoch)
		require.True(t, bytes.Equal([]byte(want[i].line), line.Line))
	}
}

func person(t *rapid.T) string { return rapid.SampledFrom([]string{"p", "q"}).Draw(t, "person") }

func (m *model) later(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
}

func (m *model) invite(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	i := &modelToken{hash: m.f.hash(), h: h, person: person(t), expires: m.now.Add(long)}
	err := st.CreateInvitation(bg(), sc, store.Invitation{
		TokenHash: i.hash, Hearing: h.id, Person: i.person, Device: "d", Expires: i.expires,
	})
	if !ok {
		require.ErrorIs(t, err, store.ErrNotFound)
		return
	}
	require.NoError(t, err)
	m.invitations = append(m.invitations, i)
}

func (m *model) redeem(t *rapid.T) {
	if len(m.invitations) == 0 {
		t.Skip("nobody is invited")
	}
	i := rapid.SampledFrom(m.invitations).Draw(t, "invitation")
	s := &modelToken{hash: m.f.hash(), h: i.h, person: i.person, expires: m.now.Add(long)}
	got, err := m.f.A.RedeemCode(bg(), i.hash, [32]byte{}, store.Session{TokenHash: s.hash, Created: m.now, Expires: s.expires}, m.now)
	if i.gone || !i.expires.After(m.now) {
		require.ErrorIs(t, err, store.ErrUsed)
		return
	}
	require.NoError(t, err)
	require.Equal(t, i.person, got.Person)
	i.gone = true
	m.sessions = append(m.sessions, s)
}

func (m *model) session(t *rapid.T) {
	if len(m.sessions) == 0 {
		t.Skip("nobody has a session")
	}
	s := rapid.SampledFrom(m.sessions).Draw(t, "session")
	got, err := m.f.B.SessionByToken(bg(), s.hash, m.now)
	if s.gone || !s.expires.After(m.now) {
		require.ErrorIs(t, err, store.ErrNotFound)
		return
	}
	require.NoError(t, err)
	require.Equal(t, []string{s.h.id, s.person}, []string{got.Hearing, got.Person})
}

func (m *model) revoke(t *rapid.T) {
	st, sc, h, ok := m.pick(t)
	p := person(t)
	ended, err := st.RevokeInvitations(bg(), sc, h.id, p)
	if !ok {
		require.ErrorIs(t, err, store.ErrNotFound)
		return
	}
	require.NoError(t, err)
	var want [][32]byte // also those ended before
	for _, s := range m.sessions {
		if s.h == h && s.person == p {
			s.gone = true
			want = append(want, s.hash)
		}
	}
	for _, i := range m.invitations {
		if i.h == h && i.person == p {
			i.gone = true
		}
	}
	require.ElementsMatch(t, want, hashes(ended))
}
