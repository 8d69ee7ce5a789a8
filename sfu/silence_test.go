package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// Whatever comes from a peer under its keys is a sign of life, also what is muted,
// policed or repeated; what comes from others is none.
func TestSilenceEndsWithAnyPacketOfThePeer(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	p.heard = f.now
	src := f.publishes(p, Mic)
	l := src.layers[0]
	q, _ := f.peer("clerk")
	q.heard = f.now
	f.binds(q, src.id, "0")
	packet := func(ssrc uint32) bool {
		return p.take(l, ssrc, &rtp.Packet{Header: rtp.Header{PayloadType: 111, SequenceNumber: 7}, Payload: []byte{1}}, fakeTypes, f.now)
	}
	for name, sign := range map[string]func(){
		"a muted packet, then its repeat": func() { require.True(t, packet(l.ssrc)) },
		"a sender's report":               func() { p.takeReport(l, &rtcp.SenderReport{SSRC: l.ssrc}) },
	} {
		f.now = f.now.Add(3 * time.Second)
		require.GreaterOrEqual(t, p.Silence(), 3*time.Second, name)
		sign()
		require.Zero(t, p.Silence(), name)
	}
	f.now = f.now.Add(time.Second)
	require.False(t, packet(l.ssrc+1), "another stream's")
	p.takeReport(l, &rtcp.SenderReport{SSRC: l.ssrc + 1})
	require.Equal(t, time.Second, p.Silence())

	require.GreaterOrEqual(t, q.Silence(), 7*time.Second)
	q.feedback(controlOf(&rtcp.ReceiverReport{}))
	require.Zero(t, q.Silence(), "a report of somebody who only receives")
}

// A device that is connected and has no camera is none that lost its picture.
func TestAnUnusedSourceIsNotLost(t *testing.T) {
	f := newFakeRoom()
	q, _ := f.peer("judge")
	cam := SourceID{Peer: "clerk", Kind: Cam}
	src := f.source(cam, f.now)
	s := f.binds(q, cam, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(cam, q.id)}}))
	state := func(want PausedBy) {
		t.Helper()
		require.True(t, q.isDirty, "the receiver is told")
		q.isDirty = false
		require.Equal(t, want, s.state(f.now).PausedBy)
	}
	state(PausedByLost)
	p, _ := f.peer("clerk")
	p.state = PeerConnecting
	p.setState(PeerConnected)
	state(PausedByUnused)
	p.setState(PeerLost)
	state(PausedByLost)
	p.setState(PeerConnected)
	src.arrive(p, "1", nil, f.now)
	state(PausedBySender)
	src.retire(f.now)
	state(PausedByUnused)
	p.leave()
	state(PausedByLost)
}
