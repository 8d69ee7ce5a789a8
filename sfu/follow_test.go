package sfu

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The law of following: whatever grants, priorities and publishers come and go, each
// section of a following peer carries one of the best granted sources and no two the
// same; nothing is sent of a source that is not granted, or from before it was; and what
// is sent stays one stream: numbers without a gap, times that rise, no index twice.
func TestAFollowingPeerCarriesTheBestThatIsGranted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		names := []string{"a", "b", "c", "d"}
		peers := map[string]*Peer{}
		for _, n := range names {
			peers[n], _ = f.peer(n)
			f.publishes(peers[n], Mic)
			f.publishes(peers[n], Cam)
		}
		wall, wire := f.peer("wall")
		wall.follows, f.followers = true, append(f.followers, wall)
		const sound = 2
		var sections []*section
		for i := range sound {
			sections = append(sections, f.binds(wall, wall.nothing(Mic), string(rune('0'+i))))
		}
		sections = append(sections, f.binds(wall, wall.nothing(Cam), "v"))

		grants := map[SourceID]uint8{}
		opened := map[SourceID]uint32{} // number of the first packet after the section took it
		carried := map[SourceID]bool{}
		sent := map[SourceID]uint32{}
		apply := func() {
			var rt Routing
			for _, n := range names {
				for _, k := range [...]SourceKind{Cam, Mic} {
					if p, ok := grants[SourceID{n, k}]; ok {
						g := toPeer(SourceID{n, k}, "wall")
						g.Priority = p
						rt.Grants = append(rt.Grants, g)
					}
				}
			}
			require.NoError(t, f.Apply(rt))
		}
		check := func() {
			for kind, n := range map[SourceKind]int{Mic: sound, Cam: 1} {
				var want, got []SourceID
				for _, lost := range [...]bool{false, true} {
					for _, p := range [...]int{256, 255, 200, 150, 100} { // 256: what it prefers
						for _, name := range names {
							id := SourceID{name, kind}
							q, ok := grants[id]
							priority := int(q)
							if id == wall.prefers {
								priority = 256
							}
							if ok && priority == p && f.sources[id].lost() == lost && len(want) < n {
								want = append(want, id)
							}
						}
					}
				}
				for _, s := range sections {
					if s.src.kind == kind && s.src.id.Peer != "wall" {
						require.True(t, s.gate.open)
						got = append(got, s.src.id)
					}
				}
				require.ElementsMatch(t, want, got)
			}
			now := map[SourceID]bool{}
			for _, s := range sections {
				now[s.src.id] = true
				if !carried[s.src.id] {
					opened[s.src.id] = sent[s.src.id] + 1
				}
			}
			carried = now
			for id, src := range f.sources {
				takes := 0
				for _, s := range sections {
					if s.src == src && s.gate.open {
						takes++
					}
				}
				require.Equal(t, takes, src.open, "receivers of %v", id)
			}
		}
		lawful := func(p *rtp.Packet, kind SourceKind) {
			id := SourceID{whose(p), kind}
			require.Contains(t, grants, id, "sent without a grant")
			require.True(t, carried[id], "sent of what no section carries")
			n := binary.BigEndian.Uint32(p.Payload[len(p.Payload)-4:])
			require.GreaterOrEqual(t, n, opened[id], "from before the section took it")
		}
		speak := func(id SourceID) {
			src := f.sources[id]
			before := len(wire.packets)
			sent[id]++
			n := sent[id]
			text := binary.BigEndian.AppendUint32([]byte(id.Peer), n)
			if id.Kind == Mic {
				f.receives(src.layers[0], 111, uint16(n), n*960, text)
			} else {
				f.receives(src.layers[0], 96, uint16(n), n*3000, vp8Frame(n%3 == 0, uint16(n), uint8(n), 640, 360, string(text)))
			}
			for _, p := range wire.packets[before:] {
				require.Equal(t, id.Peer, whose(p))
				lawful(p, id.Kind)
			}
			// The first of a microphone is left out, a picture begins at its keyframe.
			if carried[id] && (id.Kind == Mic && n > opened[id] || id.Kind == Cam && n >= opened[id]+2) {
				require.Len(t, wire.packets, before+1, "%v is carried and its packet %d is not sent", id, n)
			}
		}
		// Whatever is asked for again, nothing comes of what the section carried before.
		again := func() {
			for _, s := range sections {
				before := len(wire.packets)
				for back := range uint64(30) {
					s.resend(uint16(s.seq.next-1-back), f.now)
				}
				for _, p := range wire.packets[before:] {
					p.Payload = p.Payload[2:]
					require.Equal(t, s.src.id.Peer, whose(p), "repeated of what it carried before")
					lawful(p, Cam)
				}
				wire.packets = wire.packets[:before]
			}
		}
		anySource := func() SourceID {
			return SourceID{rapid.SampledFrom(names).Draw(t, "whose"), rapid.SampledFrom([]SourceKind{Mic, Cam}).Draw(t, "kind")}
		}
		t.Repeat(map[string]func(*rapid.T){
			"grant": func(t *rapid.T) {
				grants[anySource()] = rapid.SampledFrom([]uint8{100, 150, 200, 255}).Draw(t, "priority")
				apply()
			},
			"prefer": func(t *rapid.T) {
				wall.Prefer(rapid.SampledFrom([]SourceID{{}, cam("a"), cam("c"), mic("d"), cam("nobody")}).Draw(t, "source"))
			},
			"close": func(*rapid.T) { delete(grants, anySource()); apply() },
			"come and go": func(t *rapid.T) {
				p := peers[rapid.SampledFrom(names).Draw(t, "who")]
				p.setState(rapid.SampledFrom([]PeerState{PeerConnected, PeerLost}).Draw(t, "state"))
			},
			"speak": func(t *rapid.T) {
				id := anySource()
				for range rapid.IntRange(1, 5).Draw(t, "packets") {
					f.now = f.now.Add(20 * time.Millisecond)
					speak(id)
				}
			},
			"ask again": func(*rapid.T) { again() },
			"":          func(*rapid.T) { check() },
		})
		oneStream(t, wire)
	})
}

// whose names the peer that a packet of the law tells of in its last five bytes.
func whose(p *rtp.Packet) string { return string(p.Payload[len(p.Payload)-5]) }

// oneStream: of every SSRC the numbers go up by one and the times never back.
func oneStream(t *rapid.T, wire *fakeWire) {
	require.False(t, wire.reused, "an index was sealed twice")
	last := map[uint32]*rtp.Packet{}
	for _, p := range wire.packets {
		if q := last[p.SSRC]; q != nil {
			require.Equal(t, q.SequenceNumber+1, p.SequenceNumber)
			require.False(t, after(q.Timestamp, p.Timestamp), "%d after %d", p.Timestamp, q.Timestamp)
		}
		last[p.SSRC] = p
	}
}

// A peer that follows publishes nothing, asks for no sections, and names one stream for
// all that it receives; when it leaves nothing follows any more.
func TestAFollowingPeerOnTheWire(t *testing.T) {
	r := newTestRoom(t, nil)
	speaker := join(t, r, clientParams{id: "a", mic: true})
	wall := join(t, r, clientParams{id: "wall", follows: true, audio: 2, video: 1, prepare: []SourceID{mic("a"), cam("a"), mic("b")}})
	answer := wall.pc.RemoteDescription().SDP
	require.Contains(t, answer, "msid:wall mic-")
	require.NotContains(t, answer, "msid:a ")
	wall.obs.mu.Lock()
	require.Empty(t, wall.obs.needs)
	wall.obs.mu.Unlock()
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("a"), "wall")}}))
	said := newSpeaker(speaker)
	every(t, "the wall hears", func(int) { said.say("hello") }, func() bool { return wall.has(mic("wall"), "hello") })
	wall.peer.Close()
	wall.peer.lock(func() { require.Empty(t, r.followers) })
}
