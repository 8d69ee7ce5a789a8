package oversight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a court with live hearings, heads who may follow some, and connections.
type house struct {
	mu       sync.Mutex
	scope    map[court.UnitID][]court.UnitID
	gone     map[string]error // by account, why its sign-in is none
	live     []signaling.LiveHearing
	open     map[*fake]bool
	notes    []string
	refuse   *hearing.Refusal
	w        *Watchers
	log      *fakeLog
	followed map[string][]Follower // as the courts were told last
}

// fakeLog has who follows now, by id.
type fakeLog struct {
	mu    sync.Mutex
	begun int
	open  map[string]string
}

func (l *fakeLog) Began(hearing string, unit court.UnitID, official string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
	id := fmt.Sprint("watching-", l.begun)
	l.open[id] = hearing + " " + string(unit) + " " + official
	return id
}

func (l *fakeLog) Ended(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, id)
}

// fake stands for a connection to the sfu.
type fake struct {
	h     *house
	p     signaling.WatchParams
	sizes [][2]int
	// cameras that were chosen
	cameras []string
}

func (f *fake) Offer(_ context.Context, sdp string) (string, *hearing.Refusal) {
	if sdp == "bad" {
		return "", &hearing.Refusal{Code: "media_offer"}
	}
	f.p.Flows(sdp != "dead line")
	return "answer", nil
}
func (f *fake) Show(w, h int)   { f.sizes = append(f.sizes, [2]int{w, h}) }
func (f *fake) Camera(d string) { f.cameras = append(f.cameras, d) }
func (f *fake) Close() {
	f.h.mu.Lock()
	delete(f.h.open, f)
	f.h.mu.Unlock()
	f.p.Ended()
}

func newHouse() *house {
	h := &house{scope: map[court.UnitID][]court.UnitID{}, gone: map[string]error{}, open: map[*fake]bool{}}
	h.log = &fakeLog{open: map[string]string{}}
	h.followed = map[string][]Follower{}
	h.w = New(Params{
		Log: h.log, Followed: func(id string, list []Follower) { h.followed[id] = list },
		Courts: func(_ context.Context, who auth.Official, _ time.Time) (court.Scope, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return court.ScopeOf(h.scope[who.Unit]...), nil
		},
		Live: func() []signaling.LiveHearing { return h.live },
		Join: func(p signaling.WatchParams) (Watching, *hearing.Refusal) {
			if h.refuse != nil {
				return nil, h.refuse
			}
			f := &fake{h: h, p: p}
			h.mu.Lock()
			h.open[f] = true
			h.mu.Unlock()
			return f, nil
		},
		Note: func(_ court.UnitID, hearing, who, what string) { h.notes = append(h.notes, what+" "+hearing+" "+who) },
		Now:  time.Now,
	})
	return h
}

func head(id string, unit court.UnitID) auth.Official {
	return auth.Official{ID: id, Unit: unit, Roles: []store.Role{store.RoleProcuracyHead}}
}

func (h *house) ask(who auth.Official, id, sdp string) (string, error) {
	s, _, err := h.w.Watch(context.Background(), who, Ask{Hearing: id, SDP: sdp, SignIn: who.ID + " " + string(who.Unit), Again: func(context.Context) (auth.Official, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return who, h.gone[who.ID]
	}})
	return s, err
}

// Whatever heads ask for, end, lose and are refused: nobody is connected to a hearing
// outside of the scope of their unit after a look, nobody who is signed out; a hearing
// outside is answered like one that is not there; no bound is passed; each beginning has
// its end in the access log.
func TestNobodyFollowsWhatIsNotTheirs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse()
		for _, id := range []string{"h1", "h2", "h3"} {
			h.live = append(h.live, signaling.LiveHearing{ID: id, Unit: court.UnitID("court-" + id)})
		}
		units := []court.UnitID{"vks-1", "vks-2"}
		sessions := map[string]auth.Official{}
		for range rapid.IntRange(1, 60).Draw(t, "acts") {
			who := head(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "who"), rapid.SampledFrom(units).Draw(t, "unit"))
			switch rapid.IntRange(0, 5).Draw(t, "act") {
			default:
				id := rapid.SampledFrom([]string{"h1", "h2", "h3", "nowhere"}).Draw(t, "hearing")
				scope := court.ScopeOf(h.scope[who.Unit]...)
				s, err := h.ask(who, id, rapid.SampledFrom([]string{"good", "bad", "dead line"}).Draw(t, "sdp"))
				switch {
				case id == "nowhere" || !scope.Covers(court.UnitID("court-"+id)):
					require.ErrorIs(t, err, store.ErrNotFound)
				case err == nil:
					sessions[s] = who
				}
			case 0:
				h.scope[who.Unit] = rapid.SliceOf(rapid.SampledFrom([]court.UnitID{"court-h1", "court-h2", "court-h3"})).Draw(t, "courts")
			case 1:
				h.gone[who.ID] = rapid.SampledFrom([]error{nil, auth.ErrNoSession, store.ErrUnavailable}).Draw(t, "why")
			case 2:
				for s, of := range sessions {
					if of.ID != who.ID {
						require.ErrorIs(t, h.w.End(who, s), store.ErrNotFound, "another's")
					}
				}
				for s, of := range sessions {
					if of.ID == who.ID {
						_ = h.w.End(who, s)
						require.ErrorIs(t, h.w.Show(who, s, 1, 1), store.ErrNotFound)
						delete(sessions, s)
					}
				}
			}
			h.w.recheck(context.Background())
			for f := range h.open {
				require.Contains(t, h.scope[f.p.Unit], court.UnitID("court-"+f.p.Hearing))
			}
			for _, s := range h.w.sessions() {
				require.NotErrorIs(t, h.gone[s.who.ID], auth.ErrNoSession)
			}
			require.Len(t, h.w.sessions(), len(h.open), "whoever is connected is known")
			var logged, connected []string
			for _, x := range h.log.open {
				logged = append(logged, x)
			}
			for _, s := range h.w.sessions() {
				if !s.flows {
					continue
				}
				connected = append(connected, s.hearing+" "+string(s.who.Unit)+" "+s.who.ID)
			}
			require.ElementsMatch(t, connected, logged, "and logged, as long as something flows")
			h.checkFollowed(t)
		}
		for _, s := range h.w.sessions() {
			h.w.end(s)
		}
		begun, over := 0, 0
		for _, n := range h.notes {
			switch n[:len(noteBegan)] {
			case noteBegan:
				begun++
			case noteEnded:
				over++
			}
		}
		require.Equal(t, begun, over)
		require.Empty(t, h.open)
		require.Empty(t, h.w.open)
	})
}

func TestBoundsOfFollowing(t *testing.T) {
	h := newHouse()
	h.scope["vks"] = []court.UnitID{"court"}
	for i := range maxOfAccount {
		h.live = append(h.live, signaling.LiveHearing{ID: fmt.Sprint("h", i), Unit: "court"})
	}
	for i := range maxOfAccount {
		_, err := h.ask(head("a", "vks"), h.live[i/maxSame].ID, "good")
		require.NoError(t, err)
	}
	_, err := h.ask(head("a", "vks"), h.live[maxOfAccount-1].ID, "good")
	require.ErrorIs(t, err, ErrTooMany, "of the account")
	for range maxSame {
		_, err = h.ask(head("b", "vks"), "h1", "good")
		require.NoError(t, err, "another account has its own")
	}
	_, err = h.ask(head("b", "vks"), "h1", "good")
	require.ErrorIs(t, err, ErrTooMany, "of the account in one hearing")
	h.refuse = &hearing.Refusal{Code: "not_released"}
	_, err = h.ask(head("b", "vks"), "h2", "good")
	var ref *hearing.Refusal
	require.True(t, errors.As(err, &ref))
	require.Equal(t, "denied.watch h2 b", h.notes[len(h.notes)-1])
	require.Len(t, h.w.sessions(), maxOfAccount+maxSame, "who is refused has no place")
}

// However many follow, there is room in the hearing for those who take part, and for
// those whose connection is still being made.
func TestFollowersLeaveRoom(t *testing.T) {
	for _, c := range []struct {
		most int
		sdp  string
		to   func(i int) string
	}{
		{maxOfHearing, "good", func(int) string { return "h0" }},
		{maxWaiting, "dead line", func(i int) string { return fmt.Sprint("h", i%maxOfAccount) }},
	} {
		h := newHouse()
		h.scope["vks"] = []court.UnitID{"court"}
		for i := range maxOfAccount {
			h.live = append(h.live, signaling.LiveHearing{ID: fmt.Sprint("h", i), Unit: "court"})
		}
		for i := range c.most {
			_, err := h.ask(head(fmt.Sprint("who", i), "vks"), c.to(i), c.sdp)
			require.NoError(t, err)
		}
		_, err := h.ask(head("late", "vks"), c.to(c.most), c.sdp)
		require.ErrorIs(t, err, ErrTooMany)
		for _, s := range h.w.sessions() {
			h.w.end(s)
			break
		}
		_, err = h.ask(head("late", "vks"), c.to(c.most), c.sdp)
		require.NoError(t, err)
		if c.sdp != "good" {
			require.Zero(t, h.log.begun, "nobody has followed anything")
			require.Empty(t, h.notes)
		}
	}
}

// Within a second of the sign-out nothing comes any more, and with the process's end for
// nobody.
func TestRightsAreLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		h.live = []signaling.LiveHearing{{ID: "h1", Unit: "court"}}
		h.scope["vks"] = []court.UnitID{"court"}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); h.w.Run(ctx) }()
		for _, who := range []string{"a", "b"} {
			_, err := h.ask(head(who, "vks"), "h1", "good")
			require.NoError(t, err)
		}
		open := func() int { h.mu.Lock(); defer h.mu.Unlock(); return len(h.open) }
		h.mu.Lock()
		h.gone["a"] = auth.ErrNoSession
		h.mu.Unlock()
		<-time.After(time.Second)
		require.Equal(t, 1, open())
		stop()
		<-done
		require.Zero(t, open())
		_, err := h.ask(head("b", "vks"), "h1", "good")
		require.ErrorIs(t, err, ErrTooMany, "nobody begins any more")
	})
}

// checkFollowed holds always: the court is told of each hearing the units whose people
// follow it, each of these once, and nobody else.
func (h *house) checkFollowed(t require.TestingT) {
	want := map[string]map[court.UnitID]map[string]bool{}
	for _, x := range h.log.open {
		var id, unit, who string
		_, err := fmt.Sscan(x, &id, &unit, &who)
		require.NoError(t, err)
		if want[id] == nil {
			want[id] = map[court.UnitID]map[string]bool{}
		}
		if want[id][court.UnitID(unit)] == nil {
			want[id][court.UnitID(unit)] = map[string]bool{}
		}
		want[id][court.UnitID(unit)][who] = true
	}
	for id, told := range h.followed {
		require.Len(t, told, len(want[id]), id)
		require.True(t, slices.IsSortedFunc(told, func(a, b Follower) int { return strings.Compare(string(a.Unit), string(b.Unit)) }))
		for _, f := range told {
			require.Len(t, want[id][f.Unit], f.People, id)
		}
	}
	for id := range want {
		require.Contains(t, h.followed, id)
	}
}

// What stands beside the large picture is told of what may be followed now, and of nothing
// else is told that there is anything.
func TestALookIsOfWhatMayBeFollowed(t *testing.T) {
	h := newHouse()
	class := hearing.ClassMonitors
	h.scope["vks"] = []court.UnitID{"court"}
	camera := signaling.LiveCamera{Device: "d", Point: "Phòng xét xử số 1", Who: court.PresidingJudge}
	h.live = []signaling.LiveHearing{{
		ID: "h", Unit: "court", Procurators: []string{"Lê Văn Bình"}, Points: []signaling.LivePoint{{ID: "p", Light: "ok"}},
		Monitors: func(court.UnitID) hearing.Class { return class },
		Cameras:  func(court.UnitID) []signaling.LiveCamera { return []signaling.LiveCamera{camera} },
	}}
	look := func(unit court.UnitID, id string) (Look, error) { return h.w.Look(t.Context(), head("a", unit), id) }
	got, err := look("vks", "h")
	require.NoError(t, err)
	require.Equal(t, Look{Points: h.live[0].Points, Procurators: h.live[0].Procurators, Cameras: []signaling.LiveCamera{camera}}, got)
	for _, x := range [][2]string{{"vks-2", "h"}, {"vks", "none"}} {
		_, err = look(court.UnitID(x[0]), x[1])
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	class = ""
	_, err = look("vks", "h")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// Whose camera is shown is chosen by the connection's own account.
func TestOnlyTheOwnCameraIsChosen(t *testing.T) {
	h := newHouse()
	h.scope["vks"] = []court.UnitID{"court"}
	h.live = []signaling.LiveHearing{{ID: "h", Unit: "court", Monitors: func(court.UnitID) hearing.Class { return hearing.ClassMonitors }}}
	id, err := h.ask(head("a", "vks"), "h", "good")
	require.NoError(t, err)
	require.ErrorIs(t, h.w.Camera(head("b", "vks"), id, "d"), store.ErrNotFound)
	require.NoError(t, h.w.Camera(head("a", "vks"), id, "d"))
	for f := range h.open {
		require.Equal(t, []string{"d"}, f.cameras)
	}
}

// Trouble is told of what the court lets be followed, and of nothing else.
func TestTroubleIsToldOfWhatIsReleased(t *testing.T) {
	h := newHouse()
	h.w.p.Rank = func(court.UnitID) int { return 2 }
	h.scope["vks"] = []court.UnitID{"court"}
	all := func(court.UnitID) hearing.Class { return hearing.ClassMonitors }
	lost := []signaling.LivePoint{{Light: "ok"}, {Light: "lost"}}
	h.live = []signaling.LiveHearing{
		{ID: "1", Unit: "court", DocketNo: "1", Monitors: all, Points: lost},
		{ID: "2", Unit: "court", DocketNo: "2", Monitors: all, Trouble: "disk"},
		{ID: "3", Unit: "court", DocketNo: "3", Points: lost, Trouble: "disk"},
		{ID: "4", Unit: "court", DocketNo: "4", Monitors: all, Points: lost[:1]},
	}
	list, err := h.w.List(t.Context(), head("a", "vks"))
	require.NoError(t, err)
	for i, want := range []bool{true, true, false, false} {
		require.Equal(t, want, list[i].Alarm, i)
		require.Equal(t, 2, list[i].Level)
	}
}
