package sfu

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// spoken is the payload of a test packet: its number in the order of speaking.
func spoken(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte("say:"), n) }

func numberOf(t require.TestingT, b []byte) uint64 {
	require.Equal(t, "say:", string(b[:4]))
	return binary.BigEndian.Uint64(b[4:])
}

// numbersIn lists everything audible in a packet, redundancy included.
func numbersIn(t require.TestingT, p *rtp.Packet) (primary uint64, all []uint64) {
	if p.PayloadType == 111 {
		n := numberOf(t, p.Payload)
		return n, []uint64{n}
	}
	var blocks [maxRedBlocks]redBlock
	n, ok := parseRED(p.Payload, 111, &blocks)
	require.True(t, ok)
	for _, b := range blocks[:n] {
		all = append(all, numberOf(t, b.payload))
	}
	return all[len(all)-1], all
}

// listener models one audience: what was spoken up to (and with) the first packet
// after an opening must never be heard.
type listener struct {
	open    bool
	barrier uint64
	skipped bool
}

func (l *listener) set(open bool, highest uint64) {
	if open && !l.open {
		l.barrier, l.skipped = highest, false
	}
	l.open = open
}

// Whatever grants come and go, whatever order packets arrive in, repeats and
// redundancy included: nothing reaches an audience without an open grant, nothing
// older than the opening does, numbers sent have no gap of our making, and no
// index is sealed twice.
func TestNothingIsHeardOutsideItsGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		speakerPeer, _ := f.peer("speaker")
		src := f.publishes(speakerPeer, Mic)
		l := src.layers[0]
		names := []string{"a", "b", "c"}
		wires := map[string]*fakeWire{}
		model := map[string]*listener{"tap": {}}
		for _, n := range names {
			p, w := f.peer(n)
			f.binds(p, src.id, "0")
			wires[n], model[n] = w, &listener{}
		}
		tap := newTapLog()
		remove, err := f.Tap(TapParams{Class: "recorder", Tap: tap})
		require.NoError(t, err)
		defer remove()

		seq0 := rapid.Uint16().Draw(t, "first sequence number")
		ts0 := rapid.Uint32().Draw(t, "first timestamp")
		var next, highest uint64 = 1, 0
		var held []uint64 // lost on the way, may come late

		deliver := func(n uint64, red int) {
			payload, pt := spoken(n), uint8(111)
			if red > 0 {
				var offsets []uint16
				var blocks [][]byte
				for d := min(uint64(red), n-1); d > 0; d-- {
					offsets = append(offsets, uint16(d*960))
					blocks = append(blocks, spoken(n-d))
				}
				payload, pt = redPayload(payload, offsets, blocks), 63
			}
			before := map[string]int{}
			for name, w := range wires {
				before[name] = len(w.packets)
			}
			tapBefore := len(tap.packets)
			inOrder := n > highest
			f.receives(l, pt, seq0+uint16(n), ts0+uint32(n)*960, payload)
			check := func(name string, heard []uint64, got int) {
				m := model[name]
				for _, h := range heard {
					require.True(t, m.open, "%s heard %d with its grant closed", name, h)
					require.Greater(t, h, m.barrier, "%s heard what is older than its opening", name)
				}
				if inOrder && m.open && m.skipped {
					require.NotZero(t, got, "%s misses %d", name, n)
				}
				if inOrder && m.open && !m.skipped {
					require.Empty(t, heard, "%s heard the first packet after the opening", name)
					m.skipped, m.barrier = true, n
				}
			}
			for _, name := range names {
				var heard []uint64
				sent := wires[name].packets[before[name]:]
				for _, p := range sent {
					_, all := numbersIn(t, p)
					heard = append(heard, all...)
				}
				check(name, heard, len(sent))
			}
			var heard []uint64
			for _, p := range tap.packets[tapBefore:] {
				heard = append(heard, numberOf(t, p.Payload))
			}
			check("tap", heard, len(heard))
			highest = max(highest, n)
		}
		t.Repeat(map[string]func(*rapid.T){
			"speak": func(t *rapid.T) {
				deliver(next, rapid.IntRange(0, 3).Draw(t, "redundancy"))
				next++
			},
			"lose": func(*rapid.T) {
				held = append(held, next)
				next++
			},
			"late": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is late")
				}
				i := rapid.IntRange(0, len(held)-1).Draw(t, "which")
				if held[i] < highest {
					deliver(held[i], rapid.IntRange(0, 3).Draw(t, "redundancy"))
					held = append(held[:i], held[i+1:]...)
				}
			},
			"repeat": func(t *rapid.T) {
				if highest == 0 {
					t.Skip("nothing yet")
				}
				n := highest
				counts := len(tap.packets)
				f.receives(l, 111, seq0+uint16(n), ts0+uint32(n)*960, spoken(n))
				require.Len(t, tap.packets, counts, "a repeat is dropped")
			},
			"route": func(t *rapid.T) {
				var rt Routing
				for _, name := range names {
					open := rapid.Bool().Draw(t, name)
					model[name].set(open, highest)
					if open {
						rt.Grants = append(rt.Grants, toPeer(src.id, name))
					}
				}
				open := rapid.Bool().Draw(t, "tap")
				model["tap"].set(open, highest)
				if open {
					rt.Grants = append(rt.Grants, Grant{Source: src.id, Audience: Audience{Class: "recorder"}, MaxLayer: 255})
				}
				require.NoError(t, f.Apply(rt))
			},
			"": func(t *rapid.T) {
				require.False(t, tap.outside)
				for name, w := range wires {
					require.False(t, w.reused, "%s: an index was sealed twice", name)
				}
			},
		})
		for name, w := range wires {
			noInventedGap(t, name, w.packets)
		}
	})
}

// noInventedGap: sequence numbers differ from each other only as the spoken
// numbers do within one opening, so every hole is a loss before us.
func noInventedGap(t *rapid.T, name string, packets []*rtp.Packet) {
	seen := map[uint16]bool{}
	for _, p := range packets {
		require.False(t, seen[p.SequenceNumber], "%s: number sent twice", name)
		seen[p.SequenceNumber] = true
	}
}

func TestPaddingAndMuteLeaveNoGap(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("speaker")
	src := f.publishes(p, Mic)
	q, w := f.peer("a")
	f.binds(q, src.id, "0")
	open := Routing{Grants: []Grant{toPeer(src.id, "a")}}
	n := uint16(65000)
	for round := range 200 {
		require.NoError(t, f.Apply(open))
		for i := range 10 {
			var payload []byte
			if i%4 != 3 {
				payload = spoken(uint64(n))
			}
			f.now = f.now.Add(20 * time.Millisecond)
			f.receives(src.layers[0], 111, n, uint32(n)*960, payload)
			n++
		}
		if round%3 == 0 {
			require.NoError(t, f.Apply(Routing{}))
			n += 7
		}
	}
	require.Greater(t, len(w.packets), 1000)
	for i := 1; i < len(w.packets); i++ {
		require.Equal(t, w.packets[i-1].SequenceNumber+1, w.packets[i].SequenceNumber)
	}
	require.False(t, w.reused)
}
