package sfu

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	pionnet "github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

type netIP = net.IP

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// every calls f each 5 ms until ok holds; it stands for a sender's own clock.
func every(t testing.TB, what string, f func(i int), ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := 0; !ok(); i++ {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		f(i)
		<-tick.C
	}
}

func TestAudioIsForwardedMutedAndOpenedAgain(t *testing.T) {
	for mode, name := range map[SenderMode]string{SendOwn: "own", SendPion: "pion"} {
		t.Run(name, func(t *testing.T) {
			r := newTestRoom(t, func(p *Params) { p.Sender = mode })
			require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("judge"), "party")}}))
			judge := join(t, r, clientParams{id: "judge", mic: true})
			party := join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}})
			require.Equal(t, mic("judge"), party.table["0"])
			s := newSpeaker(judge)

			every(t, "first words", func(i int) { s.say(fmt.Sprintf("one %d", i)) },
				func() bool { return party.has(mic("judge"), "one") })

			require.NoError(t, r.Apply(Routing{Epoch: 1}))
			before := r.loop.count.packetsOut.Load()
			s.seq++ // lost on the way, comes after the opening
			lost := s.seq
			dropped := r.loop.count.dropped[dropMuted].Load()
			every(t, "muted packets dropped", func(i int) { s.say(fmt.Sprintf("secret %d", i)) },
				func() bool { return r.loop.count.dropped[dropMuted].Load() > dropped+20 })
			require.Equal(t, before, r.loop.count.packetsOut.Load(), "nothing is sent while muted")

			require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("judge"), "party")}}))
			late := *s.say("three first")
			late.SequenceNumber = lost
			late.Payload = []byte("secret late")
			s.send(&late)
			every(t, "words after opening", func(i int) { s.say(fmt.Sprintf("three %d", i)) },
				func() bool { return party.has(mic("judge"), "three") })
			require.False(t, party.has(mic("judge"), "secret"))
			require.False(t, party.has(mic("judge"), "three first"), "the first packet carries FEC of the frame before")

			got := party.packets(mic("judge"))
			for i := 1; i < len(got); i++ {
				require.Equal(t, got[i-1].SequenceNumber+1, got[i].SequenceNumber, "no gap across the mute")
			}
			require.Equal(t, got[0].SSRC, got[len(got)-1].SSRC)
		})
	}
}

// countedNet counts who asks for the interfaces.
type countedNet struct {
	pionnet.Net
	asked atomic.Int32
}

func (n *countedNet) Interfaces() ([]*pionnet.Interface, error) {
	n.asked.Add(1)
	return n.Net.Interfaces()
}

func TestPeersShareOneNet(t *testing.T) {
	r := newTestRoom(t, nil)
	n := &countedNet{Net: r.engine.net}
	r.engine.net = n
	join(t, r, clientParams{id: "judge", mic: true})
	require.Positive(t, n.asked.Load(), "the agent made a net of its own, with a scan of the interfaces")
}

func TestClosedPeerGetsNothing(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party")}}))
	judge := join(t, r, clientParams{id: "judge", mic: true})
	party := join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}})
	s := newSpeaker(judge)
	every(t, "words", func(int) { s.say("word") }, func() bool { return party.has(mic("judge"), "word") })

	party.peer.Close()
	sent := r.loop.count.packetsOut.Load()
	in := r.loop.count.packetsIn.Load()
	every(t, "more words arrive", func(int) { s.say("later") }, func() bool { return r.loop.count.packetsIn.Load() > in+20 })
	require.Equal(t, sent, r.loop.count.packetsOut.Load())
	party.waitState(PeerClosed)
	require.Empty(t, party.peer.room.sources[mic("judge")].sections)
}

func TestSimulcastFollowsTheHintAtKeyframes(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{
		Grants:  []Grant{{Source: cam("judge"), Audience: Audience{Class: "parties"}, MaxLayer: 255}},
		Members: []Membership{{Peer: "party", Class: "parties"}},
	}))
	judge := join(t, r, clientParams{id: "judge", rids: []string{"q", "h", "f"}})
	party := join(t, r, clientParams{id: "party", video: 1, prepare: []SourceID{cam("judge")}})
	cams := []*camera{newCamera(judge, 0, "q", 320, 180), newCamera(judge, 1, "h", 640, 360), newCamera(judge, 2, "f", 1280, 720)}
	send := func(i int) {
		for l, c := range cams {
			c.frame(i%20 == 0, fmt.Sprintf("layer%d ", l))
		}
	}
	every(t, "the best layer", send, func() bool { return party.has(cam("judge"), "layer2") })
	party.peer.Hint([]Hint{{MID: "0", Width: 300, Height: 170}})
	every(t, "the lowest layer", send, func() bool { return party.has(cam("judge"), "layer0") && party.peer.States()[0].CurrentLayer == 0 })
	party.peer.Hint([]Hint{{MID: "0", Width: 600, Height: 340}})
	every(t, "the middle layer", send, func() bool { return party.has(cam("judge"), "layer1") })

	got := party.packets(cam("judge"))
	layer := ""
	for i, k := range got {
		d, ok := parseVP8(k.Payload)
		require.True(t, ok)
		n := len(k.Payload)
		if l := string(k.Payload[n-7 : n]); l != layer {
			require.True(t, d.key, "a layer begins at a keyframe")
			layer = l
		}
		if i == 0 {
			continue
		}
		prev, _ := parseVP8(got[i-1].Payload)
		require.Equal(t, got[i-1].SequenceNumber+1, k.SequenceNumber)
		require.Equal(t, (prev.pid+1)&0x7fff, d.pid&0x7fff)
		require.Equal(t, prev.tl0+1, d.tl0)
		require.True(t, after(k.Timestamp, got[i-1].Timestamp))
	}
}

func TestSenderReportsKeepSoundAndPictureInStep(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	tap := newTapLog()
	remove, err := r.Tap(TapParams{Class: "recorder", Tap: tap})
	require.NoError(t, err)
	defer remove()
	s, v := newSpeaker(judge), newCamera(judge, 0, "", 640, 360)
	var soundSSRC, pictureSSRC uint32
	// The sender pairs one wall clock with both RTP clocks.
	const ntp = uint64(3_900_000_000) << 32
	report := func() {
		for _, tr := range judge.pc.GetTransceivers() {
			ssrc := uint32(tr.Sender().GetParameters().Encodings[0].SSRC)
			ts := s.ts
			if tr.Kind() == webrtc.RTPCodecTypeVideo {
				ts = v.ts
			}
			_ = judge.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{SSRC: ssrc, NTPTime: ntp, RTPTime: ts}})
		}
	}
	every(t, "reports of both", func(i int) {
		s.say("x")
		v.frame(i%10 == 0, "x")
		report()
	}, func() bool {
		sound, picture := party.packets(mic("judge")), party.packets(cam("judge"))
		if len(sound) == 0 || len(picture) == 0 {
			return false
		}
		soundSSRC, pictureSSRC = sound[0].SSRC, picture[0].SSRC
		party.mu.Lock()
		defer party.mu.Unlock()
		// A report made before the publisher's first one came carries our clock.
		carries := func(ssrc uint32) bool {
			sr := party.sr[ssrc]
			return sr != nil && sr.NTPTime-ntp < uint64(5)<<32
		}
		return carries(soundSSRC) && carries(pictureSSRC)
	})
	party.mu.Lock()
	defer party.mu.Unlock()
	for _, ssrc := range []uint32{soundSSRC, pictureSSRC} {
		require.NotZero(t, party.sr[ssrc].PacketCount, "no report before the first packet")
	}
}

// Every layer's reports reach the record: without them its picture has no place in
// time. Whether a second offer came before the connection stood must not matter.
func TestReportsOfASimulcastCameraReachTheTap(t *testing.T) {
	for _, twice := range []bool{false, true} {
		t.Run(fmt.Sprint("second offer early: ", twice), func(t *testing.T) {
			r := newTestRoom(t, nil)
			tap := &lockedTap{tapLog: newTapLog()}
			remove, err := r.Tap(TapParams{Class: "recorder", Tap: tap})
			require.NoError(t, err)
			defer remove()
			require.NoError(t, r.Apply(Routing{Grants: []Grant{{Source: cam("judge"), Audience: Audience{Class: "recorder"}}}}))
			rids := []string{"q", "h", "f"}
			judge := join(t, r, clientParams{id: "judge", mic: true, rids: rids, twice: twice})
			var layers []*camera
			for i, rid := range rids {
				layers = append(layers, newCamera(judge, i, rid, 320<<i, 180<<i))
			}
			every(t, "reports of three layers", func(i int) {
				for n, v := range layers {
					v.frame(i%10 == 0, "x")
					ssrc := uint32(judge.camTx.GetParameters().Encodings[n].SSRC)
					_ = judge.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{SSRC: ssrc, NTPTime: 3_900_000_000 << 32, RTPTime: v.ts}})
				}
			}, func() bool {
				tap.mu.Lock()
				defer tap.mu.Unlock()
				seen := map[uint32]bool{}
				for _, rep := range tap.reports {
					seen[rep.SSRC] = true
				}
				return len(seen) == 3
			})
		})
	}
}

func TestADeviceThatComesBackIsHeardInItsSection(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	s := newSpeaker(judge)
	every(t, "words", func(int) { s.say("before") }, func() bool { return party.has(mic("judge"), "before") })
	again := join(t, r, clientParams{id: "judge", mic: true, rids: []string{""}})
	judge.waitState(PeerClosed)
	s2 := newSpeaker(again)
	every(t, "words of the second", func(int) { s2.say("after") }, func() bool { return party.has(mic("judge"), "after") })
	got := party.packets(mic("judge"))
	for i := 1; i < len(got); i++ {
		require.Equal(t, got[i-1].SequenceNumber+1, got[i].SequenceNumber)
		require.True(t, after(got[i].Timestamp, got[i-1].Timestamp))
	}
}

func TestAPanicEndsOnePeerOnly(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	s := newSpeaker(judge)
	every(t, "words", func(int) { s.say("x") }, func() bool { return party.has(mic("judge"), "x") })
	remove, err := r.Tap(TapParams{Class: "recorder", Tap: panicTap{}})
	require.NoError(t, err)
	defer remove()
	clerk := join(t, r, clientParams{id: "clerk", mic: true})
	require.NoError(t, r.Apply(Routing{Grants: []Grant{
		toPeer(mic("judge"), "party"), {Source: mic("clerk"), Audience: Audience{Class: "recorder"}},
	}}))
	c := newSpeaker(clerk)
	every(t, "the clerk falls", func(int) { c.say("x") }, func() bool { return clerk.obs.saw(PeerClosed) })
	every(t, "the judge goes on", func(int) { s.say("still") }, func() bool { return party.has(mic("judge"), "still") })
	require.EqualValues(t, 1, r.loop.count.panics.Load())
}

// panicTap fails at the first packet.
type panicTap struct{}

func (panicTap) Opened(SourceInfo, time.Time) {}
func (panicTap) Closed(SourceID, time.Time)   {}
func (panicTap) Packet(*Packet)               { panic("tap") }
func (panicTap) SenderReport(SenderReport)    {}

func TestLimitsOfARoom(t *testing.T) {
	r := newTestRoom(t, func(p *Params) { p.Limits.PeersPerRoom = 1; p.Registerer = prometheus.NewRegistry() })
	_, err := r.Join(PeerParams{ID: "a"})
	require.NoError(t, err)
	_, err = r.Join(PeerParams{ID: "b"})
	require.ErrorIs(t, err, ErrLimit)
	_, err = r.Join(PeerParams{ID: "a b"})
	require.ErrorIs(t, err, ErrBadID)
	p, err := r.Join(PeerParams{ID: "a"}) // replaces the first
	require.NoError(t, err)
	_, err = p.Negotiate(t.Context(), Offer{SDP: sampleOffer, Publish: []Publish{{MID: "0", Kind: Mic}}})
	require.ErrorIs(t, err, ErrBadOffer, "it may publish nothing")
	families, err := r.engine.p.Registerer.(*prometheus.Registry).Gather()
	require.NoError(t, err)
	require.Len(t, families, 21)
	r.Close()
	_, err = r.Join(PeerParams{ID: "a"})
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, r.Apply(Routing{}), ErrClosed)
}
