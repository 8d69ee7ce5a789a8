package sfu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// asked unpacks the requests of one look.
func asked(m *mendRound) (out []uint16) {
	for _, k := range m.nacks[:len(m.rtcp)] {
		for _, pair := range k.Nacks {
			out = append(out, pair.PacketList()...)
		}
	}
	return out
}

// Whatever is lost, comes late, is muted and opened again: a packet is asked for
// only while it is missing, younger than the opening and taken by somebody; every
// packet that stays missing is asked for until it is given up, at most maxTries
// times; the list is bounded; and nothing is looked at when nothing is missing.
func TestMissingPacketsAreAskedForUntilTheyComeOrAreGivenUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("speaker")
		p.answers = newAnswerTime()
		src := f.publishes(p, Mic)
		l := src.layers[0]
		l.nack = true
		q, _ := f.peer("a")
		f.binds(q, src.id, "0")
		open := Routing{Grants: []Grant{toPeer(src.id, "a")}}
		require.NoError(t, f.Apply(open))

		seq0 := rapid.Uint16().Draw(t, "first")
		var next uint64 = 1
		// The first packet after the opening is skipped, the second begins what is sent;
		// what was lost before it has no place.
		granted, heard := true, 0
		missing := map[uint64]time.Time{} // worth asking for, since when
		tries := map[uint64]int{}
		given := f.loop.count.givenUp.Load

		arrive := func(n uint64) { f.receives(l, 111, seq0+uint16(n), uint32(n)*960, spoken(n)) }
		look := func() time.Duration {
			var m mendRound
			before := given()
			wait := p.collectNacks(&m)
			seen := map[uint16]bool{}
			for _, seq := range asked(&m) {
				n := next - 1 - uint64(seq0+uint16(next-1)-seq)
				require.False(t, seen[seq], "twice in one look")
				seen[seq] = true
				require.Contains(t, missing, n, "asked for what is there, muted or given up")
				tries[n]++
				require.LessOrEqual(t, tries[n], maxTries)
			}
			for n, since := range missing {
				old := f.now.Sub(since)
				if old >= maxGapAge {
					require.Positive(t, tries[n], "given up without a request")
				}
			}
			gone := 0
			for n := range missing {
				if !slices.ContainsFunc(l.missing.list, func(g gap) bool { return g.ext&0xffff == uint64(seq0+uint16(n)) }) {
					delete(missing, n)
					gone++
				}
			}
			require.EqualValues(t, gone, given()-before, "what leaves the list without coming is counted")
			return wait
		}
		t.Repeat(map[string]func(*rapid.T){
			"speak": func(t *rapid.T) {
				lost := uint64(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5, maxMissing, 200}).Draw(t, "lost"))
				from := next
				next += lost
				arrive(next)
				if granted && heard >= 2 {
					if len(missing)+int(lost) > maxMissing && lost > 0 {
						clear(missing)
					} else {
						for n := from; n < next; n++ {
							missing[n] = f.now
						}
					}
				}
				if granted {
					if heard++; heard == 2 {
						look() // forgets what was lost before the beginning
					}
				}
				next++
			},
			"mend": func(t *rapid.T) {
				if len(missing) == 0 {
					t.Skip()
				}
				var all []uint64
				for n := range missing {
					all = append(all, n)
				}
				slices.Sort(all)
				n := rapid.SampledFrom(all).Draw(t, "which")
				arrive(n)
				delete(missing, n)
			},
			"wait": func(t *rapid.T) {
				end := f.now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "ms")) * time.Millisecond)
				for f.now.Before(end) {
					d := look()
					if d == 0 {
						require.Empty(t, missing, "nobody would look again")
						f.now = end
						return
					}
					if f.now.Add(d).After(end) {
						f.now = end
						return
					}
					f.now = f.now.Add(d)
				}
			},
			"mute": func(t *rapid.T) {
				if !granted {
					t.Skip()
				}
				require.NoError(t, f.Apply(Routing{}))
				granted, heard = false, 0
				clear(missing)
				look()
			},
			"open": func(t *rapid.T) {
				if granted {
					t.Skip()
				}
				require.NoError(t, f.Apply(open))
				granted = true
			},
			"": func(t *rapid.T) { require.LessOrEqual(t, len(l.missing.list), maxMissing) },
		})
	})
}

// What is never answered is asked for more than once, within a second, then given up.
func TestAnUnansweredGapIsGivenUp(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	p.answers = newAnswerTime()
	src := f.publishes(p, Cam)
	src.layers[0].nack = true
	q, _ := f.peer("a")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	frame := func(n uint16) {
		f.receives(src.layers[0], 96, n, uint32(n)*3000, vp8Frame(n == 1, n, uint8(n), 640, 360, "x"))
	}
	frame(1)
	frame(2)
	frame(4)
	var m mendRound
	require.Equal(t, reorderTime, p.collectNacks(&m), "it may be reordering")
	require.Empty(t, m.rtcp)
	frame(5)
	start, times, last := f.now, 0, time.Time{}
	for {
		wait := p.collectNacks(&m)
		if wait == 0 {
			break
		}
		if len(m.rtcp) > 0 {
			require.Equal(t, []uint16{3}, asked(&m))
			require.GreaterOrEqual(t, f.now.Sub(last), minAsk)
			times++
			last = f.now
		}
		f.now = f.now.Add(wait)
	}
	require.Equal(t, maxTries, times)
	require.LessOrEqual(t, f.now.Sub(start), maxGapAge)
	require.EqualValues(t, 1, f.loop.count.givenUp.Load())
	require.True(t, src.layers[0].needKey, "receivers cannot decode without it")
}

// A layer that nobody takes is not mended.
func TestOnlyLayersThatSomebodyTakesAreMended(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam, "q", "h")
	q, w := f.peer("a")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	for n := range uint16(20) {
		for i, l := range src.layers[:2] {
			l.nack = true
			if n == 10 {
				continue
			}
			f.receives(l, 96, n, uint32(n)*3000, vp8Frame(n%5 == 0, n, uint8(n), 320<<i, 180<<i, fmt.Sprint(i)))
		}
	}
	var m mendRound
	p.collectNacks(&m)
	require.Len(t, m.rtcp, 1)
	require.Equal(t, src.layers[1].ssrc, m.nacks[0].MediaSSRC)
	require.Equal(t, []uint16{10}, asked(&m))

	// The mended packet goes out at once in its place.
	before := len(w.packets)
	f.receives(src.layers[1], 96, 10, 30000, vp8Frame(true, 10, 10, 640, 360, "late"))
	require.Len(t, w.packets, before+10, "what waited for it follows")
	for i, k := range w.packets[before:] {
		require.Equal(t, w.packets[before-1].SequenceNumber+1+uint16(i), k.SequenceNumber)
	}
	require.Zero(t, p.collectNacks(&m))
	require.Empty(t, m.rtcp)
}

// When the packet that begins a keyframe is mended late, everything after it is
// forwarded and tapped with it, each once.
func TestAKeyframeWhoseBeginningIsLateIsForwardedWhole(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	l := src.layers[0]
	l.nack = true
	q, w := f.peer("a")
	f.binds(q, src.id, "0")
	tap := newTapLog()
	_, err := f.Tap(TapParams{Class: "recorder", Tap: tap})
	require.NoError(t, err)
	require.NoError(t, f.Apply(Routing{Grants: []Grant{
		toPeer(src.id, "a"), {Source: src.id, Audience: Audience{Class: "recorder"}},
	}}))
	piece := func(n uint16, key bool, ts uint32) {
		f.receives(l, 96, n, ts, vp8Frame(key, n, 0, 640, 360, fmt.Sprint("piece ", n)))
	}
	piece(1, false, 0) // waits for a keyframe
	piece(3, false, 3000)
	piece(4, false, 3000)
	piece(5, false, 6000)
	require.Empty(t, w.packets)
	var m mendRound
	f.now = f.now.Add(reorderTime)
	p.collectNacks(&m)
	require.Equal(t, []uint16{2}, asked(&m))
	piece(2, true, 3000)
	piece(6, false, 9000)
	require.Len(t, w.packets, 5)
	for i, k := range w.packets {
		require.Contains(t, string(k.Payload), fmt.Sprint("piece ", i+2))
		require.Equal(t, w.packets[0].SequenceNumber+uint16(i), k.SequenceNumber)
	}
	require.Len(t, tap.packets, 5)
	for i, k := range tap.packets {
		require.Contains(t, string(k.Payload), fmt.Sprint("piece ", i+2))
	}
	require.False(t, w.reused)
}

// The estimate finds the publisher's answer time from far too low and too high, though up
// to half of the requests bring nothing: it asks neither twice in a round trip nor, for
// what is lost alone, ever more slowly.
func TestAnswerTimeIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trip := time.Duration(rapid.IntRange(10, 250).Draw(t, "trip")) * time.Millisecond
		share := rapid.IntRange(0, 50).Draw(t, "per cent lost")
		dice := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a := newAnswerTime()
		now := time.Unix(0, 0)
		for range 600 {
			m := gap{since: now}
			end := now.Add(trip)
			for dice.IntN(100) < share { // an answer that does not come
				end = end.Add(a.wait())
			}
			for at := now; at.Before(end); at = at.Add(a.wait()) {
				m.asked = at
				m.tries++
			}
			now = end
			a.answered(m, now)
		}
		require.GreaterOrEqual(t, a.wait(), min(trip, maxAsk), "no packet is asked for twice in one round trip")
		require.LessOrEqual(t, a.wait(), min(trip*3/2+2*reorderTime, maxAsk), "what is lost does not make the asking slow")
	})
}

// Noticing losses and asking for them allocates nothing.
func TestMendingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget at random")
	}
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	src.police.rate, src.police.burst, src.police.level = 1e12, 1e12, 1e12
	l := src.layers[0]
	l.nack = true
	q, _ := f.peer("a")
	seal, err := newGCMSealer(make([]byte, 16), make([]byte, 12))
	require.NoError(t, err)
	q.tx.seal, q.tx.out = seal, &nullWire{}
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	pkt := rtp.Packet{Header: rtp.Header{PayloadType: 96}, Payload: vp8Frame(true, 1, 1, 640, 360, string(make([]byte, 1000)))}
	var m mendRound
	nacks := 0
	step := func() {
		f.mu.Lock()
		pkt.SequenceNumber += 3
		for range 3 {
			pkt.SequenceNumber++
			pkt.Timestamp += 3000
			f.ingest(l, &pkt, fakeTypes, f.now)
		}
		f.mu.Unlock()
		p.collectNacks(&m)
		nacks += len(m.rtcp)
		f.mu.Lock()
		defer f.mu.Unlock()
		pkt.SequenceNumber -= 5
		for range 3 {
			f.ingest(l, &pkt, fakeTypes, f.now)
			pkt.SequenceNumber++
		}
		pkt.SequenceNumber += 2
	}
	for range 1000 {
		step()
	}
	require.Zero(t, int(testing.AllocsPerRun(200, step)))
	require.Greater(t, nacks, 1000)
}

// Sound that was lost is asked for as soon as the next packet tells of it, and what
// comes again does not hide the loss from the publisher: it protects its sound by the
// loss that we report.
func TestLostSoundIsAskedForAtOnceAndReportedAsLost(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	p.losses, p.answers = make(chan struct{}, 1), newAnswerTime()
	src := f.publishes(p, Mic)
	l := src.layers[0]
	l.nack = true
	q, _ := f.peer("party")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	s := &stream{ssrc: l.ssrc, layer: l, line: &sending{types: fakeTypes}}
	take := func(n uint16) {
		f.mu.Lock()
		defer f.mu.Unlock()
		p.in.pkt.Header = rtp.Header{PayloadType: 111, SequenceNumber: n, Timestamp: uint32(n) * 960, SSRC: l.ssrc}
		s.stats.note(uint64(n), 0)
		s.window.highest = max(s.window.highest, uint64(n))
		p.passOn(s, spoken(uint64(n)), f.now)
		f.deliver()
	}
	for n := uint16(1); n <= 10; n++ {
		take(n)
	}
	_, ok := s.stats.block(l.ssrc, s.window.highest, f.now)
	require.True(t, ok)
	take(12)
	select {
	case <-p.losses:
	default:
		require.Fail(t, "one later packet tells of the loss")
	}
	var m mendRound
	require.Positive(t, p.collectNacks(&m))
	require.Equal(t, []uint16{11}, asked(&m))
	take(11)
	take(13)
	take(14)
	b, ok := s.stats.block(l.ssrc, s.window.highest, f.now)
	require.True(t, ok)
	require.EqualValues(t, 64, b.FractionLost, "one of four")
	require.EqualValues(t, 1, b.TotalLost)
}
