package sfu

import (
	"fmt"
	"net"
	"testing"
	"time"

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
			var muted []byte
			dropped := r.loop.count.dropped[dropMuted].Load()
			every(t, "muted packets dropped", func(i int) { s.say(fmt.Sprintf("secret %d", i)) },
				func() bool { return r.loop.count.dropped[dropMuted].Load() > dropped+20 })
			require.Equal(t, before, r.loop.count.packetsOut.Load(), "nothing is sent while muted %s", muted)

			require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("judge"), "party")}}))
			late := *s.say("three first")
			late.SequenceNumber -= 3
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
			require.Equal(t, uint32(got[0].SSRC), got[len(got)-1].SSRC)
		})
	}
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
