package sfu

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// untold is the level of a packet that says none.
const untold = 255

// says gives the room one packet of a microphone with its level.
func (f *fakeRoom) says(l *layer, n uint64, level uint8) {
	h := rtp.Header{PayloadType: 111, SequenceNumber: uint16(n), Timestamp: uint32(n) * 960}
	if level != untold {
		if err := h.SetExtension(fakeTypes.level, []byte{level}); err != nil {
			panic(err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ingest(l, &rtp.Packet{Header: h, Payload: spoken(n)}, fakeTypes, f.now)
}

// tellsVoices does what the peer's worker does about voices; ok: the observer is told.
func (f *fakeRoom) tellsVoices(p *Peer) (mids []string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var e errands
	p.collectVoices(&e, f.now)
	return e.voices, e.voicesNew
}

// Whatever grants come and go and whoever speaks: who speaks is told only to who may
// hear it then, at most 4 times a second, rightly, and soon. What is said while nobody
// may hear is not listened to.
func TestAVoiceReachesOnlyWhoMayHearIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		var mics []*source
		talks := map[*source]bool{}
		var speakers, hearers []*Peer
		for i := range 3 {
			p, _ := f.peer(fmt.Sprint("speaker", i))
			mics, speakers = append(mics, f.publishes(p, Mic)), append(speakers, p)
		}
		last := map[*Peer]time.Time{}
		shown := map[*Peer][]string{}
		for i := range 3 {
			p, _ := f.peer(fmt.Sprint("hearer", i))
			for m, src := range mics {
				f.binds(p, src.id, fmt.Sprint(m))
			}
			hearers = append(hearers, p)
		}
		var grants []Grant
		granted := func(p *Peer, src *source) bool { return slices.Contains(grants, toPeer(src.id, p.id)) }
		work := func() {
			for _, p := range speakers {
				_, ok := f.tellsVoices(p)
				require.False(t, ok, "nobody is told of the own voice")
			}
			for _, p := range hearers {
				mids, ok := f.tellsVoices(p)
				if !ok {
					continue
				}
				require.GreaterOrEqual(t, f.now.Sub(last[p]), voicePace)
				last[p], shown[p] = f.now, mids
				for m, src := range mics {
					require.False(t, slices.Contains(mids, fmt.Sprint(m)) && !granted(p, src), "told of what it may not hear")
				}
			}
		}
		var n uint64
		run := func(d time.Duration) {
			for end := f.now.Add(d); f.now.Before(end); {
				n++
				for _, src := range mics {
					level := uint8(rapid.IntRange(70, 127).Draw(t, "quiet"))
					if talks[src] {
						level = uint8(rapid.IntRange(10, 40).Draw(t, "loud"))
					}
					f.says(src.layers[0], n, level)
					if src.open == 0 {
						require.Zero(t, src.voice, "what nobody may hear is not listened to")
					}
				}
				f.now = f.now.Add(20 * time.Millisecond)
				work()
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"route": func(t *rapid.T) {
				grants = nil
				for _, p := range hearers {
					for _, src := range mics {
						if rapid.Bool().Draw(t, "granted") {
							grants = append(grants, toPeer(src.id, p.id))
						}
					}
				}
				require.NoError(t, f.Apply(Routing{Epoch: 1, Grants: grants}))
			},
			"talk": func(t *rapid.T) {
				src := rapid.SampledFrom(mics).Draw(t, "who")
				talks[src] = !talks[src]
			},
			"a moment": func(*rapid.T) { run(60 * time.Millisecond) },
			"a while": func(t *rapid.T) {
				run(voiceHold + 2*voicePace + 400*time.Millisecond)
				for _, p := range hearers {
					var want []string
					for m, src := range mics {
						if talks[src] && granted(p, src) {
							want = append(want, fmt.Sprint(m))
						}
					}
					require.Equal(t, want, shown[p], "%s", p.id)
				}
			},
		})
	})
}

// However a level jumps, one microphone's speech begins and ends at most 4 times a
// second, and it ends when nothing comes any more.
func TestAVoiceDoesNotFlicker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		var v voice
		var changes []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "ms")) * time.Millisecond)
			if ends, _ := v.falls(now); ends {
				changes = append(changes, now)
			}
			if v.hear(float64(rapid.IntRange(0, 127).Draw(t, "level")), now) {
				changes = append(changes, now)
			}
			require.True(t, v.level >= 0 && v.level <= silence)
		}
		for i := 4; i < len(changes); i++ {
			require.GreaterOrEqual(t, changes[i].Sub(changes[i-4]), time.Second)
		}
		if _, wait := v.falls(now); wait > 0 {
			ends, _ := v.falls(now.Add(wait))
			require.True(t, ends)
		}
		require.InDelta(t, silence, v.loudness(now.Add(voiceHold)), 0)
	})
}

// A door that slams is no speech; words are, within a tenth of a second.
func TestOneLoudPacketIsNoSpeech(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var v voice
	require.False(t, v.hear(20, now))
	for range 5 {
		now = now.Add(20 * time.Millisecond)
		require.False(t, v.hear(80, now))
	}
	begun := false
	for range 5 {
		now = now.Add(20 * time.Millisecond)
		begun = v.hear(30, now) || begun
	}
	require.True(t, begun)
}

// voiced is an observer that wants to know who speaks.
type voiced struct {
	observed
	mu   sync.Mutex
	mids []string
}

func (o *voiced) Voices(_ string, mids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mids = mids
}

func (o *voiced) speak() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mids
}

// The level is negotiated with whoever offers it and read by both receivers.
func TestALevelGoesFromTheWireToTheObserver(t *testing.T) {
	for mode, name := range map[ReceiverMode]string{ReceiveOwn: "own", ReceivePion: "pion"} {
		t.Run(name, func(t *testing.T) {
			r := newTestRoom(t, func(p *Params) { p.Receiver = mode })
			require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("judge"), "party")}}))
			judge := join(t, r, clientParams{id: "judge", mic: true})
			o := &voiced{}
			join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}, hears: o})
			id := uint8(0)
			for _, e := range judge.pc.GetSenders()[0].GetParameters().HeaderExtensions {
				if e.URI == sdp.AudioLevelURI {
					id = uint8(e.ID)
				}
			}
			require.NotZero(t, id, "negotiated")
			s := newSpeaker(judge)
			say := func(int) {
				s.seq++
				s.ts += 960
				p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: s.seq, Timestamp: s.ts}, Payload: []byte("word")}
				require.NoError(t, p.SetExtension(id, []byte{0x80 | 20}))
				s.send(p)
			}
			every(t, "the voice", say, func() bool { return slices.Equal(o.speak(), []string{"0"}) })
			waitFor(t, "silence", func() bool { return len(o.speak()) == 0 })
			every(t, "the voice again", say, func() bool { return len(o.speak()) == 1 })
			require.NoError(t, r.Apply(Routing{Epoch: 1}))
			every(t, "nothing after the mute", say, func() bool { return len(o.speak()) == 0 })
		})
	}
}

// A microphone whose sender says no levels is never said to speak, and is not the first
// that a viewer loses: those that say silence are.
func TestNoLevelIsNoSilence(t *testing.T) {
	h := newHall(5)
	var grants []Grant
	for i, src := range h.mics {
		g := toPeer(src.id, "hearer")
		g.Yield, g.Priority = YieldPublic, 254
		grants = append(grants, g)
		h.level[i] = silence
	}
	h.level[4] = untold
	h.route(t, grants...)
	require.NotContains(t, h.round(), 4, "who came last of equals is the one withheld")
	var given []int
	for range 200 { // four seconds
		given = h.round()
	}
	require.Contains(t, given, 4)
	h.level[0], h.level[1], h.level[2] = 20, 20, 20
	for range 500 {
		given = h.round()
	}
	require.NotContains(t, given, 4, "who is heard to speak comes before it")
	require.False(t, h.mics[4].voice.speaking)
}
