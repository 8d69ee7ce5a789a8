package oversight

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
)

// fakeWalls stand for the sfu: what is fed, who may see it, and what the screens show.
type fakeWalls struct {
	fed     map[string]string // by name: hearing and class
	feeds   []*fakeFeed
	grants  []signaling.WallGrant
	screens map[*fakeScreen]bool
}

type fakeScreen struct {
	w      *fakeWalls
	p      signaling.WallParams
	shows  map[string]string // by place
	stills bool
}

// fakeFeed is over once what it carries is not fed any more.
type fakeFeed struct {
	w    *fakeWalls
	as   string
	over bool
}

func (f *fakeFeed) Close() {
	if !f.over {
		f.over = true
		delete(f.w.fed, f.as)
	}
}
func (f *fakeFeed) Over() bool { return f.over }

func (w *fakeWalls) Feed(id string, class hearing.Class, as string) (Feed, *hearing.Refusal) {
	if _, fed := w.fed[as]; fed {
		panic("fed twice: " + as)
	}
	w.fed[as] = id + " " + string(class)
	f := &fakeFeed{w: w, as: as}
	w.feeds = append(w.feeds, f)
	return f, nil
}

func (w *fakeWalls) Apply(g []signaling.WallGrant) error {
	w.grants = slices.Clone(g)
	return nil
}

func (w *fakeWalls) Open(p signaling.WallParams) (Screen, *hearing.Refusal) {
	s := &fakeScreen{w: w, p: p, shows: map[string]string{}}
	w.screens[s] = true
	return s, nil
}

func (s *fakeScreen) Offer(_ context.Context, sdp string) (string, []string, *hearing.Refusal) {
	if sdp == "bad" {
		return "", nil, &hearing.Refusal{Code: "media_offer"}
	}
	s.p.Flows(sdp != "dead line")
	return "answer", []string{"0", "1", "2"}, nil
}

func (s *fakeScreen) Show(list []signaling.WallTile) []signaling.WallTile {
	for _, t := range list {
		s.shows[t.Place] = t.As
	}
	return list
}

// Stills is shown by every tile.
func (s *fakeScreen) Stills(only bool) { s.stills = only }

func (s *fakeScreen) Close() {
	delete(s.w.screens, s)
	s.p.Ended()
}

// Whatever walls show, whatever the court and the units decide: after a look each unit
// may see what stands on its walls and nothing else, all of it in its scope and released
// to it; a hearing outside is answered like one that does not exist; what flows is logged
// as long as it does; and nothing is fed that nobody looked at lately.
func TestWallsShowWhatMayBeFollowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHouse()
		now := time.Unix(1_700_000_000, 0)
		h.w.p.Now = func() time.Time { return now }
		media := &fakeWalls{fed: map[string]string{}, screens: map[*fakeScreen]bool{}}
		h.w.p.Walls = media
		ids, units := []string{"h1", "h2", "h3", "h4"}, []court.UnitID{"vks-1", "vks-2"}
		classes := map[string]map[court.UnitID]hearing.Class{}
		for _, id := range ids {
			classes[id] = map[court.UnitID]hearing.Class{}
			h.live = append(h.live, signaling.LiveHearing{
				ID: id, Unit: court.UnitID("court-" + id), Monitors: func(u court.UnitID) hearing.Class { return classes[id][u] },
			})
		}
		all := h.live
		walls := map[string]auth.Official{}
		may := func(u court.UnitID, id string) bool {
			return slices.Contains(h.scope[u], court.UnitID("court-"+id)) && classes[id][u] != "" &&
				slices.ContainsFunc(h.live, func(l signaling.LiveHearing) bool { return l.ID == id })
		}
		check := func() {
			h.w.recheck(context.Background())
			want := map[signaling.WallGrant]bool{}
			var flowing, logged []string
			for _, v := range h.w.walls.open {
				require.NotErrorIs(t, h.gone[v.who.ID], auth.ErrNoSession)
				s := v.screen.(*fakeScreen)
				for i, place := range v.places {
					x := v.tiles[i]
					require.Equal(t, x.as, s.shows[place], "what is shown is known")
					if x.hearing == "" {
						continue
					}
					require.True(t, may(v.who.Unit, x.hearing))
					require.Equal(t, x.hearing+" "+string(classes[x.hearing][v.who.Unit]), media.fed[x.as])
					want[signaling.WallGrant{As: x.as, Unit: v.who.Unit}] = true
					if v.flows {
						flowing = append(flowing, x.hearing+" "+string(v.who.Unit)+" "+v.who.ID)
					}
				}
			}
			for _, g := range media.grants {
				require.True(t, want[g], "granted for no wall: %v", g)
			}
			require.Len(t, media.grants, len(want))
			for _, x := range h.log.open {
				logged = append(logged, x)
			}
			require.ElementsMatch(t, flowing, logged)
			h.checkFollowed(t)
			require.Len(t, media.screens, len(h.w.walls.open))
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				who := head(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "who"), rapid.SampledFrom(units).Draw(t, "unit"))
				id, _, places, err := h.w.OpenWall(context.Background(), who, WallAsk{
					SDP: rapid.SampledFrom([]string{"good", "dead line", "bad"}).Draw(t, "sdp"), SignIn: who.ID + string(who.Unit),
					Again: func(context.Context) (auth.Official, error) { return who, h.gone[who.ID] },
				})
				var ref *hearing.Refusal
				if err != nil {
					require.True(t, errors.Is(err, ErrTooMany) || errors.As(err, &ref))
					return
				}
				require.Equal(t, 3, places)
				walls[id] = who
			},
			"fill": func(t *rapid.T) {
				list := rapid.SliceOfN(rapid.SampledFrom(append([]string{"nowhere"}, ids...)), 0, 4).Draw(t, "hearings")
				for id, who := range walls {
					now = now.Add(time.Second / fillsPerSec)
					got, err := h.w.Fill(context.Background(), who, id, Page{Hearings: list})
					if h.w.walls.open[id] == nil {
						require.ErrorIs(t, err, store.ErrNotFound)
						continue
					}
					require.NoError(t, err)
					require.Len(t, got, 3)
					for i, x := range got {
						switch {
						case i >= len(list) || !may(who.Unit, list[i]):
							require.Equal(t, Tile{Place: x.Place}, x, "nothing tells why")
						case !slices.Contains(list[:i], list[i]):
							require.Equal(t, list[i], x.Hearing)
						}
					}
					_, err = h.w.Fill(context.Background(), head("other", who.Unit), id, Page{Hearings: list})
					require.ErrorIs(t, err, store.ErrNotFound, "another's wall")
				}
			},
			"end": func(t *rapid.T) {
				for id, who := range walls {
					require.ErrorIs(t, h.w.EndWall(head("other", who.Unit), id), store.ErrNotFound)
					_ = h.w.EndWall(who, id)
					delete(walls, id)
					break
				}
			},
			"scope": func(t *rapid.T) {
				h.scope[rapid.SampledFrom(units).Draw(t, "unit")] = rapid.SliceOf(rapid.SampledFrom([]court.UnitID{"court-h1", "court-h2", "court-h3", "court-h4"})).Draw(t, "courts")
			},
			"decide": func(t *rapid.T) {
				id, u := rapid.SampledFrom(ids).Draw(t, "hearing"), rapid.SampledFrom(units).Draw(t, "unit")
				classes[id][u] = rapid.SampledFrom([]hearing.Class{"", hearing.ClassMonitors, hearing.MonitorsOf(u)}).Draw(t, "class")
			},
			"hearings": func(t *rapid.T) {
				n := rapid.IntRange(0, len(all)).Draw(t, "live")
				h.live = all[:n]
			},
			"a hearing begins anew here": func(t *rapid.T) {
				for _, f := range media.feeds {
					f.Close()
				}
				clear(h.followed) // whoever opens it again knows of nobody
			},
			"sign out": func(t *rapid.T) {
				h.gone[rapid.SampledFrom([]string{"a", "b"}).Draw(t, "who")] = rapid.SampledFrom([]error{nil, auth.ErrNoSession, store.ErrUnavailable}).Draw(t, "why")
			},
			"time": func(t *rapid.T) {
				now = now.Add(feedLingers)
				h.w.recheck(context.Background())
				seen := map[string]bool{}
				for _, g := range media.grants {
					seen[g.As] = true
				}
				for as := range media.fed {
					require.True(t, seen[as] || h.w.walls.feeds[as].left.Equal(now), "fed for nobody")
				}
			},
			"": func(*rapid.T) { check() },
		})
		h.w.endWalls()
		require.Empty(t, media.screens)
		require.Empty(t, media.fed)
		require.Empty(t, h.log.open)
	})
}

// A wall changes so often and no more; what stands on it stays.
func TestAWallChangesInItsBounds(t *testing.T) {
	h := newHouse()
	now := time.Unix(1_700_000_000, 0)
	h.w.p.Now = func() time.Time { return now }
	h.w.p.Walls = &fakeWalls{fed: map[string]string{}, screens: map[*fakeScreen]bool{}}
	who := head("a", "vks-1")
	id, _, _, err := h.w.OpenWall(t.Context(), who, WallAsk{SDP: "good", Again: func(context.Context) (auth.Official, error) { return who, nil }})
	require.NoError(t, err)
	for range fillsBurst {
		_, err := h.w.Fill(t.Context(), who, id, Page{Hearings: nil})
		require.NoError(t, err)
	}
	_, err = h.w.Fill(t.Context(), who, id, Page{Hearings: nil})
	require.ErrorIs(t, err, ErrTooMany)
	now = now.Add(time.Second)
	_, err = h.w.Fill(t.Context(), who, id, Page{Hearings: nil})
	require.NoError(t, err)
}

// What merely moves on a wall goes on being followed: it is not ended, and begun again.
func TestWhatMovesOnAWallGoesOn(t *testing.T) {
	h := newHouse()
	h.w.p.Walls = &fakeWalls{fed: map[string]string{}, screens: map[*fakeScreen]bool{}}
	who := head("a", "vks-1")
	h.scope["vks-1"] = []court.UnitID{"court"}
	for _, id := range []string{"h1", "h2"} {
		h.live = append(h.live, signaling.LiveHearing{ID: id, Unit: "court", Monitors: func(court.UnitID) hearing.Class { return hearing.ClassMonitors }})
	}
	id, _, _, err := h.w.OpenWall(t.Context(), who, WallAsk{SDP: "good", Again: func(context.Context) (auth.Official, error) { return who, nil }})
	require.NoError(t, err)
	for _, list := range [][]string{{"h1", "h2"}, {"h2", "h1"}, {"", "h2"}, {"h1", "h2"}} {
		_, err := h.w.Fill(t.Context(), who, id, Page{Hearings: list})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"watch.began h1 a", "watch.began h2 a", "watch.ended h1 a", "watch.began h1 a"}, h.notes)
	require.Len(t, h.log.open, 2)
	require.Equal(t, 3, h.log.begun)
}

// With the process's end nobody's wall is left.
func TestWallsEndWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		media := &fakeWalls{fed: map[string]string{}, screens: map[*fakeScreen]bool{}}
		h.w.p.Walls = media
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); h.w.Run(ctx) }()
		who := head("a", "vks")
		ask := WallAsk{SDP: "good", Again: func(context.Context) (auth.Official, error) { return who, nil }}
		for range wallsOfAccount {
			_, _, _, err := h.w.OpenWall(ctx, who, ask)
			require.NoError(t, err)
		}
		_, _, _, err := h.w.OpenWall(ctx, who, ask)
		require.ErrorIs(t, err, ErrTooMany)
		stop()
		<-done
		require.Empty(t, media.screens)
		_, _, _, err = h.w.OpenWall(context.Background(), who, ask)
		require.ErrorIs(t, err, ErrTooMany)
	})
}

// A hearing that begins anew on this node knows of nobody: it is told who follows it, and
// goes on being fed for them.
func TestWhoFollowsIsToldToAHearingThatBeginsAnew(t *testing.T) {
	h := newHouse()
	now := time.Unix(1_700_000_000, 0)
	h.w.p.Now = func() time.Time { return now }
	media := &fakeWalls{fed: map[string]string{}, screens: map[*fakeScreen]bool{}}
	h.w.p.Walls = media
	who := head("a", "vks-1")
	h.scope["vks-1"] = []court.UnitID{"court"}
	h.live = []signaling.LiveHearing{{ID: "h1", Unit: "court", Monitors: func(court.UnitID) hearing.Class { return hearing.ClassMonitors }}}
	id, _, _, err := h.w.OpenWall(t.Context(), who, WallAsk{SDP: "good", Again: func(context.Context) (auth.Official, error) { return who, nil }})
	require.NoError(t, err)
	_, err = h.w.Fill(t.Context(), who, id, Page{Hearings: []string{"h1"}})
	require.NoError(t, err)
	want := []Follower{{"vks-1", 1}}
	require.Equal(t, want, h.followed["h1"])
	for _, f := range media.feeds {
		f.Close()
	}
	clear(h.followed)
	h.w.recheck(t.Context())
	require.Equal(t, want, h.followed["h1"])
	feeds := len(media.feeds)
	for range 3 {
		now = now.Add(feedLingers)
		h.w.recheck(t.Context())
	}
	require.Len(t, media.feeds, feeds, "somebody looks at it")
}
