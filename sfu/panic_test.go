package sfu

import (
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// brokenPeer is one whose every piece of work panics: what it publishes is nil.
func brokenPeer(f *fakeRoom) *Peer {
	p, _ := f.peer("broken")
	p.in = newIntake(f.now)
	p.publish["x"] = nil
	p.state = PeerConnected
	return p
}

// Every entry from a goroutine that is not the caller's of the exported methods: a
// panic there ends the one peer, is counted, and leaves the room unlocked. The worker
// and the sockets' readers have tests of their own with real peers.
func TestAPanicAtAnyEntryEndsThatPeer(t *testing.T) {
	control := func(t *testing.T, p *Peer) []byte {
		keys := sessionKeys{profile: srtp.ProtectionProfileAeadAes128Gcm, clientKey: testKey, clientSalt: testSalt}
		var err error
		p.in.control, err = newControlOpener(keys)
		require.NoError(t, err)
		seal, err := srtp.CreateContext(testKey, testSalt, keys.profile)
		require.NoError(t, err)
		plain, err := (&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2}).Marshal()
		require.NoError(t, err)
		b, err := seal.EncryptRTCP(nil, plain, nil)
		require.NoError(t, err)
		p.sections = []*section{nil}
		return b
	}
	for name, enter := range map[string]func(t *testing.T, p *Peer){
		"mending": func(_ *testing.T, p *Peer) { p.collectNacks(&mendRound{}) },
		"a packet of sound": func(_ *testing.T, p *Peer) {
			p.in.open = plainOpener{}
			p.in.lines = []sending{{mid: "x", types: codecTypes{opus: 111}}}
			p.in.streams = []*stream{{ssrc: 7, mid: "x", line: &p.in.lines[0], layer: &layer{ssrc: 7}}}
			p.datagrams([][]byte{{0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}})
		},
		"a report": func(t *testing.T, p *Peer) { p.datagrams([][]byte{control(t, p)}) },
		"ICE's state": func(_ *testing.T, p *Peer) {
			p.state = PeerLost
			p.connectionState(webrtc.PeerConnectionStateConnected)
		},
		"another pair": func(_ *testing.T, p *Peer) {
			p.room.writers = map[*socket]*writer{nil: nil}
			at := &webrtc.ICECandidate{Address: "127.0.0.1", Port: 1}
			p.pairChange(&webrtc.ICECandidatePair{Local: at, Remote: at})
		},
		"a binding":      func(_ *testing.T, p *Peer) { _, _ = (&sectionTrack{s: &section{peer: p}}).Bind(nil) },
		"work of others": func(_ *testing.T, p *Peer) { p.guarded(func() { panic("x") }); p.readers.Wait() },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeRoom()
			p := brokenPeer(f)
			require.NotPanics(t, func() { enter(t, p) })
			require.True(t, p.doomed.Load(), "it ends")
			require.EqualValues(t, 1, f.loop.count.panics.Load())
			require.True(t, f.mu.TryLock(), "the room is not left locked")
		})
	}
}

// panicObserver panics at its first news.
type panicObserver struct{}

func (panicObserver) PeerState(string, PeerState)            { panic("observer") }
func (panicObserver) SectionsNeeded(string, int, int)        { panic("observer") }
func (panicObserver) ReceiverStates(string, []ReceiverState) { panic("observer") }

// The worker of a peer, with all that it calls.
func TestAPanicOfAnObserverEndsItsPeer(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	s := newSpeaker(judge)
	p, err := r.Join(PeerParams{ID: "clerk", Observer: panicObserver{}})
	require.NoError(t, err)
	p.Prepare([]SourceID{mic("judge")})
	<-p.closed
	every(t, "the others go on", func(int) { s.say("still") }, func() bool { return party.has(mic("judge"), "still") })
	require.Positive(t, r.loop.count.panics.Load())
	require.Zero(t, r.engine.halfOpen.Load())
}

// However often a peer names new streams in offers, the newest authentic sound is
// heard, or the peer is closed and knows it: it is never silent without notice.
func TestTheNewestSoundIsNeverSilencedByItsNumber(t *testing.T) {
	for name, speaks := range map[string]bool{"named and never used": false, "each used": true} {
		t.Run(name, func(t *testing.T) {
			f := newFakeRoom()
			p, _ := f.peer("speaker")
			f.taking(p)
			p.in.open = plainOpener{}
			q, w := f.peer("listener")
			f.binds(q, p.publish["mic"].id, "0")
			require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(mic("speaker"), "listener")}}))
			lines, exts := p.in.lines, p.in.exts
			say := func(ssrc uint32, n uint16) {
				b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SSRC: ssrc, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte("sound and a tag of 16")}).Marshal()
				require.NoError(t, err)
				p.datagrams([][]byte{b})
			}
			for i := range uint32(200) {
				ssrc := 1000 + i
				if !p.in.negotiated(lines, exts, []publishPlan{{mid: "mic", kind: Mic, ssrc: ssrc}}) {
					p.tooManyStreams()
				}
				if p.doomed.Load() {
					break
				}
				require.LessOrEqual(t, len(p.in.streams), maxStreams)
				if !speaks && i%50 != 49 {
					continue
				}
				heard := len(w.packets)
				for n := range uint16(5) { // the first after a beginning may be held back
					say(ssrc, 100+n)
				}
				require.Greater(t, len(w.packets), heard, "offer %d", i)
			}
			require.Equal(t, speaks, p.doomed.Load())
		})
	}
}
