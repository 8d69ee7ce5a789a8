package sfu

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// BenchmarkWallPage turns the page of a wall of 25 hearings, 50 being live, over one
// connection: from the choice to the first picture of each hearing at the viewer, with
// publishers of 15 pictures a second that answer a request with their next picture. No
// browser encodes or decodes here. Pages are turned every 6 s, so that a request is due.
func BenchmarkWallPage(b *testing.B) {
	const hearings, places = 50, 25
	e := newTestEngine(b, func(p *Params) { p.Loops = 2 })
	wall, err := e.Room("wall")
	require.NoError(b, err)
	var requests atomic.Int32
	var grants []Grant
	stop := make(chan struct{})
	var filming sync.WaitGroup
	for i := range hearings {
		h := fmt.Sprintf("h%02d", i)
		r, err := e.Room(h)
		require.NoError(b, err)
		require.NoError(b, r.Apply(Routing{Epoch: 1, Grants: []Grant{{
			Source: cam("judge"), Audience: Audience{Class: "monitors"}, MaxLayer: 255, MayPause: true, Yield: YieldMonitor,
		}}}))
		judge := join(b, r, clientParams{id: "judge", rids: []string{""}})
		var asked atomic.Int32
		go countPLIs(judge.camTx, &asked)
		filming.Go(func() { shoot(newCamera(judge, 0, "", 320, 180), h, &asked, &requests, stop) })
		grants = append(grants, Grant{Source: cam(h), Audience: Audience{Class: "unit"}, MaxLayer: 255, MayPause: true, Yield: YieldMonitor})
	}
	require.NoError(b, wall.Apply(Routing{Epoch: 1, Grants: grants}))
	v := join(b, wall, clientParams{id: "viewer", chooses: true, onlooker: true, video: places, classes: []string{"unit"}})
	feeds := map[int]*Feed{}
	page := func(from int) (times []time.Duration) {
		began := time.Now()
		var list []Choice
		for i := range places {
			n := from + i
			r, err := e.Room(fmt.Sprintf("h%02d", n))
			require.NoError(b, err)
			if feeds[n] == nil {
				feeds[n], err = r.Feed(FeedParams{Class: "monitors", Into: wall, As: fmt.Sprintf("h%02d", n)})
				require.NoError(b, err)
			}
			list = append(list, Choice{MID: fmt.Sprint(i), Source: cam(fmt.Sprintf("h%02d", n))})
		}
		require.Len(b, v.peer.Choose(list), places)
		seen := map[int]bool{}
		every(b, "the page", func(int) {
			for i := range places {
				if !seen[i] && slices.ContainsFunc(v.packets(v.table[fmt.Sprint(i)]), ofHearing(from+i)) {
					seen[i] = true
					times = append(times, time.Since(began))
				}
			}
		}, func() bool { return len(seen) == places })
		for n, f := range feeds { // as when nobody has looked for a while
			if n < from || n >= from+places {
				f.Close()
				delete(feeds, n)
			}
		}
		return times
	}
	var all []time.Duration
	var asked []int
	for i := 0; b.Loop(); i++ {
		v.mu.Lock()
		clear(v.got)
		v.mu.Unlock()
		before := requests.Load()
		all = append(all, page(i%2*places)...)
		asked = append(asked, int(requests.Load()-before))
		<-time.After(viewerKeyframes + time.Second)
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "ms-median")
	b.ReportMetric(float64(all[len(all)*95/100].Milliseconds()), "ms-p95")
	b.ReportMetric(float64(all[len(all)-1].Milliseconds()), "ms-worst")
	b.ReportMetric(float64(slices.Max(asked)), "requests-a-page")
	close(stop)
	filming.Wait()
}

// shoot publishes 15 pictures a second until stop, a keyframe when one was asked for.
func shoot(c *camera, h string, asked, all *atomic.Int32, stop chan struct{}) {
	t := time.NewTicker(time.Second / 15)
	defer t.Stop()
	var answered int32
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			n := asked.Load()
			all.Add(n - answered)
			c.frame(n > answered, h)
			answered = n
		}
	}
}

func ofHearing(n int) func(*rtp.Packet) bool {
	name := fmt.Sprintf("h%02d", n)
	return func(p *rtp.Packet) bool { return len(p.Payload) > 3 && string(p.Payload[len(p.Payload)-3:]) == name }
}
