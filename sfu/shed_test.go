package sfu

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// In any room and at any stage: what is given up gives up after everything of a
// higher yield, what yields never flows on, sound flows on, and everything comes back.
func TestPicturesAreGivenUpInTheCourtsOrder(t *testing.T) {
	yields := []Yield{YieldNever, YieldThumbnail, YieldPublic, YieldMonitor}
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		f.engine.rooms["fake"] = f.Room
		speaker, _ := f.peer("speaker")
		mic, cam := f.publishes(speaker, Mic), f.publishes(speaker, Cam)
		type receiver struct {
			yield     Yield
			heard     *section
			seen      *section
			wire      *fakeWire
			said, saw int
		}
		var all []*receiver
		var rt Routing
		for i := range rapid.IntRange(1, 8).Draw(t, "receivers") {
			p, w := f.peer(fmt.Sprint("p", i))
			r := &receiver{yield: rapid.SampledFrom(yields).Draw(t, "yield"), wire: w, heard: f.binds(p, mic.id, "0"), seen: f.binds(p, cam.id, "1")}
			all = append(all, r)
			g := toPeer(cam.id, p.id)
			g.Yield, g.MayPause = r.yield, rapid.Bool().Draw(t, "may pause")
			rt.Grants = append(rt.Grants, g, toPeer(mic.id, p.id))
			if r.yield != YieldNever && rapid.IntRange(0, 5).Draw(t, "twice granted") == 0 {
				rt.Grants = append(rt.Grants, toPeer(cam.id, p.id)) // the lowest holds
				r.yield = YieldNever
			}
		}
		require.NoError(t, f.Apply(rt))
		c := &film{f: f, l: cam.layers[0]}
		word := uint16(0)
		play := func(key bool) {
			for _, r := range all {
				r.wire.packets = nil
			}
			for range 2 {
				word++
				f.receives(mic.layers[0], 111, word, uint32(word)*960, spoken(uint64(word)))
			}
			c.picture(key, 1)
			for _, r := range all {
				r.said, r.saw = 0, 0
				for _, p := range r.wire.packets {
					if p.PayloadType == 96 {
						r.saw++
					} else {
						r.said++
					}
				}
			}
		}
		play(true)
		play(true)
		for _, stages := range append(rapid.SliceOfN(rapid.Uint32Range(0, shedStages), 1, 8).Draw(t, "stages"), 0) {
			f.engine.setStages(stages)
			play(false)
			for _, r := range all {
				if paused := r.seen.state(f.now).PausedBy == PausedByOverload; paused {
					require.NotEqual(t, YieldNever, r.yield)
					require.Zero(t, r.saw, "nothing flows in what is given up")
					for _, o := range all {
						require.False(t, o.yield > r.yield && o.saw > 0, "a higher yield gives up first")
					}
				}
				require.Equal(t, r.yield != YieldNever && 4-uint32(r.yield) <= stages, r.seen.state(f.now).PausedBy == PausedByOverload)
				require.Equal(t, 2, r.said, "sound is never given up")
			}
			play(true)
			for _, r := range all {
				require.Equal(t, r.seen.shed(), r.saw == 0, "the others flow")
				require.Equal(t, NotPaused, r.heard.state(f.now).PausedBy)
			}
		}
		for _, r := range all {
			require.Equal(t, 1, r.saw, "everything has come back")
			require.False(t, r.wire.reused)
		}
	})
}

// Load that stays high takes one stage after the other; when it sinks they come back
// slowly, and more slowly each time that did not last.
func TestGivingUpHasHysteresis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Pointer[load]
		e := &Engine{log: slog.New(slog.DiscardHandler), rooms: map[string]*Room{}, p: Params{Now: time.Now}}
		stop := make(chan struct{})
		go e.watch(stop, func() load { return *now.Load() })
		defer close(stop)
		stay := func(l load, d time.Duration) uint32 {
			now.Store(&l)
			time.Sleep(d) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			return e.stages.Load()
		}
		light, heavy, between := load{cpu: 0.2}, load{cpu: 0.95}, load{cpu: 0.8}
		require.EqualValues(t, 0, stay(light, time.Minute))
		require.EqualValues(t, 0, stay(heavy, shedAfter), "a moment of load is nothing")
		require.EqualValues(t, 0, stay(light, loadPace))
		require.EqualValues(t, 1, stay(heavy, shedAfter+2*loadPace))
		require.EqualValues(t, 3, stay(heavy, 3*shedAfter))
		require.EqualValues(t, 3, stay(between, time.Hour), "load between both changes nothing")
		require.EqualValues(t, 3, stay(light, shedHold-loadPace))
		require.EqualValues(t, 2, stay(light, 2*loadPace))
		require.EqualValues(t, 0, stay(light, 2*shedHold+2*loadPace))
		require.EqualValues(t, 1, stay(heavy, shedAfter+2*loadPace))
		require.EqualValues(t, 1, stay(light, 2*shedHold-loadPace), "it did not last: twice as long")
		require.EqualValues(t, 0, stay(light, 3*loadPace))
		require.EqualValues(t, 0, stay(light, 2*shedMost), "long enough: the next time counts anew")
		require.EqualValues(t, 1, stay(load{lag: time.Second}, shedAfter+2*loadPace))
		require.EqualValues(t, 0, stay(light, shedHold+2*loadPace))
		require.EqualValues(t, 1, stay(load{full: 0.5}, shedAfter+2*loadPace))
	})
}

// Flapping load gives no stage up and takes none back sooner than the bounds say,
// and whatever the load was, light load brings everything back in bounded time.
func TestStagesFollowTheLoadInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s shedding
		now := time.Unix(1_700_000_000, 0)
		var up, down time.Time
		heavyFor, lightFor := time.Duration(0), time.Duration(0)
		for range rapid.IntRange(0, 400).Draw(t, "looks") {
			l := load{cpu: rapid.SampledFrom([]float64{0.2, 0.8, 0.95, 0.95}).Draw(t, "cpu")}
			was := s.stages
			if l.heavy() {
				heavyFor += loadPace
			} else {
				heavyFor = 0
			}
			if l.light() {
				lightFor += loadPace
			} else {
				lightFor = 0
			}
			s.look(l, now)
			require.LessOrEqual(t, s.stages, shedStages)
			switch {
			case s.stages > was:
				require.Equal(t, was+1, s.stages)
				require.Greater(t, heavyFor, shedAfter)
				require.True(t, up.IsZero() || now.Sub(up) >= shedAfter)
				up = now
			case s.stages < was:
				require.Equal(t, was-1, s.stages)
				require.Greater(t, lightFor, shedHold)
				require.True(t, down.IsZero() || now.Sub(down) >= shedHold)
				down = now
			}
			now = now.Add(loadPace)
		}
		for range int(shedStages) * int(shedMost/loadPace+1) {
			s.look(load{}, now)
			now = now.Add(loadPace)
		}
		require.Zero(t, s.stages)
	})
}

// Past capacity no further viewer is let in; who takes part is, and who is granted
// nothing to see.
func TestViewersAreRefusedUnderLoad(t *testing.T) {
	f := newFakeRoom()
	grants := []Grant{toPublic(cam("judge")), {Source: cam("judge"), Audience: Audience{Class: "court"}, Yield: YieldThumbnail}}
	require.NoError(t, f.Apply(Routing{Grants: grants, Members: []Membership{
		{Peer: "viewer", Class: "public"}, {Peer: "party", Class: "court"}, {Peer: "both", Class: "public"}, {Peer: "both", Class: "court"},
	}}))
	welcome := func(id string) error { return f.welcome(&Peer{room: f.Room, id: id}) }
	for stages := range shedStages + 1 {
		f.engine.stages.Store(stages)
		for _, id := range []string{"party", "both", "stranger"} {
			require.NoError(t, welcome(id))
		}
		if err := welcome("viewer"); stages >= 2 {
			require.ErrorIs(t, err, ErrOverload)
		} else {
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, 2, f.loop.count.unwelcome.Load())
}

func TestTheMeterSeesWorkAndFullBuffers(t *testing.T) {
	e := &Engine{loops: []*loop{{}, {}}}
	measure := e.meter()
	require.Zero(t, measure(), "the first look knows nothing")
	e.loops[0].count.packetsOut.Add(90)
	e.loops[1].count.dropped[dropFull].Add(10)
	before := cpuTime()
	for cpuTime()-before < 20*time.Millisecond { // work
		_ = fmt.Sprint(before)
	}
	l := measure()
	require.InDelta(t, 0.1, l.full, 1e-9)
	require.Positive(t, l.cpu)
}
