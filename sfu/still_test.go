package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// On a wall whose line carries no moving picture: each tile gets whole keyframes and
// nothing else, none sooner than stillEvery after the last, all together within their share
// of the line, under numbers without a gap, and each in its turn; what is closed gets
// none; and with a better line the pictures move again, from a keyframe on.
func TestAThinLineGetsStills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		tiles := rapid.IntRange(1, 9).Draw(t, "tiles")
		rate := rapid.IntRange(60_000, 200_000).Draw(t, "rate")
		parts := rapid.IntRange(1, 60/tiles).Draw(t, "packets of a keyframe")
		only := rapid.Bool().Draw(t, "chosen by hand")
		q, w := f.peer("wall")
		q.follows, q.chooses, q.onlooker = true, true, true
		var cams []*source
		var grants []Grant
		var secs []*section
		for i := range tiles {
			p, _ := f.peer(fmt.Sprint("h", i))
			cams = append(cams, f.publishes(p, Cam))
			g := toViewer(cams[i].id, "wall")
			g.MayPause = true
			grants = append(grants, g)
			secs = append(secs, f.binds(q, cams[i].id, fmt.Sprint(i)))
			secs[i].ssrc = uint32(i + 1)
		}
		require.NoError(t, f.Apply(Routing{Grants: grants}))
		var choices []Choice
		for i := range tiles {
			choices = append(choices, Choice{MID: fmt.Sprint(i), Source: cams[i].id})
		}
		f.reports(q, rate)
		if only {
			f.reports(q, 20_000_000)
			q.Stills(true)
		}
		q.Choose(choices)
		began := f.now
		frame, seq := uint32(0), make([]uint16, tiles)
		type piece struct {
			at   time.Time
			tile uint32
			n    uint32
			part int
			size int
		}
		var got []piece
		taken := 0
		film := func(seconds int) {
			for range seconds * 10 {
				f.now = f.now.Add(100 * time.Millisecond)
				frame++
				for i, c := range cams {
					key := frame == 1 || c.layers[0].needKey || c.layers[0].wishKey && f.now.Sub(c.wished) >= viewerKeyframes
					if key {
						c.wished = f.now
					}
					for part := range parts {
						if !key && part > 0 {
							break
						}
						b := filmed(frame, part, key, false)
						tail := b[len(b)-5:]
						b = append(append(append([]byte(nil), b[:len(b)-5]...), make([]byte, 900)...), tail...)
						seq[i]++
						f.receives(c.layers[0], 96, seq[i], frame*9000, b)
					}
				}
				for range 4 {
					f.works(q)
					e := errands{next: time.Hour}
					q.lock(func() { q.renewStills(&e, f.now) })
				}
				for _, k := range w.packets[taken:] {
					n, part := frameOf(k)
					got = append(got, piece{f.now, k.SSRC, n, part, k.MarshalSize() + udpOverhead})
				}
				taken = len(w.packets)
			}
		}
		closed := tiles > 1 && rapid.Bool().Draw(t, "one is closed")
		film(120)
		for _, s := range secs {
			require.True(t, s.still.on)
		}
		last, bytes := map[uint32]piece{}, 0
		begun := map[uint32]time.Time{}
		for _, x := range got {
			bytes += x.size
			was, ok := last[x.tile]
			switch x.part {
			case 0:
				if ok {
					require.Equal(t, parts-1, was.part, "a still is whole")
					require.GreaterOrEqual(t, x.at.Sub(begun[x.tile]), stillEvery-time.Second)
				}
				begun[x.tile] = x.at
			default:
				require.Equal(t, was.n, x.n)
				require.Equal(t, was.part+1, x.part)
			}
			last[x.tile] = x
		}
		require.Len(t, last, tiles, "each has had its turn")
		line := float64(rate)
		if only {
			line = 20_000_000
		}
		share := max(line*stillShare, stillLeast) / 8
		require.LessOrEqual(t, float64(bytes), share*f.now.Sub(began).Seconds()+float64(2*parts*1100))
		if !only && bytes < int(share*60) { // the share was not the bound: all are fresh
			for _, x := range last {
				require.Less(t, f.now.Sub(x.at), 2*stillEvery+viewerKeyframes)
			}
		}
		for i := range secs {
			numbers := []uint16{}
			for _, k := range w.packets {
				if k.SSRC == uint32(i+1) {
					numbers = append(numbers, k.SequenceNumber)
				}
			}
			for j := 1; j < len(numbers); j++ {
				require.Equal(t, numbers[j-1]+1, numbers[j])
			}
		}
		if closed {
			require.NoError(t, f.Apply(Routing{Grants: grants[1:]}))
			had := last[1]
			film(30)
			for _, x := range got {
				require.False(t, x.tile == 1 && x.at.After(had.at) && x.n > had.n, "closed")
			}
			require.NoError(t, f.Apply(Routing{Grants: grants}))
			q.Choose(choices)
		}
		q.Stills(false)
		f.reports(q, 20_000_000)
		q.lock(func() { q.tx.line.share = shareState{}; q.allocate(f.now) })
		from := len(got)
		film(40)
		moved := map[uint32]int{}
		for _, x := range got[from:] {
			moved[x.tile]++
		}
		for i, s := range secs {
			require.False(t, s.still.on)
			require.Greater(t, moved[uint32(i+1)], 50, "tile %d moves again", i)
		}
		require.False(t, w.reused)
		q.lock(q.unpace)
	})
}
