package sfu

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

func one(t testing.TB, params clientParams, change func(*Params)) (r *Room, judge, party *client) {
	t.Helper()
	r = newTestRoom(t, change)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party"), toPeer(cam("judge"), "party")}}))
	judge = join(t, r, clientParams{id: "judge", mic: true, red: params.red, rids: []string{""}})
	params.id, params.audio, params.video = "party", 1, 1
	params.prepare = []SourceID{mic("judge"), cam("judge")}
	party = join(t, r, params)
	return r, judge, party
}

// The derivation is a probe against Pion's own: a client that decrypts has
// derived the same keys. It must hold for every profile that we accept.
func TestKeysAreDerivedForEveryProfile(t *testing.T) {
	for name, profile := range map[string]dtls.SRTPProtectionProfile{
		"gcm128": dtls.SRTP_AEAD_AES_128_GCM, "cm80": dtls.SRTP_AES128_CM_HMAC_SHA1_80,
	} {
		t.Run(name, func(t *testing.T) {
			_, judge, party := one(t, clientParams{profiles: []dtls.SRTPProtectionProfile{profile}}, nil)
			s, v := newSpeaker(judge), newCamera(judge, 0, "", 640, 360)
			every(t, "sound and picture", func(i int) { s.say("sound"); v.frame(i%10 == 0, "picture") }, func() bool {
				return party.has(mic("judge"), "sound") && party.has(cam("judge"), "picture")
			})
			party.peer.room.mu.Lock()
			defer party.peer.room.mu.Unlock()
			_, gcm := party.peer.tx.seal.(*gcmSealer)
			require.Equal(t, name == "gcm128", gcm)
			require.Empty(t, party.peer.keys.master, "the secret is forgotten")
		})
	}
}

// Our in-place GCM is read by pion/srtp across the roll-over.
func TestGCMSealerAgreesWithPion(t *testing.T) {
	key, salt := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 12)
	s, err := newGCMSealer(key, salt)
	require.NoError(t, err)
	ctx, err := srtp.CreateContext(key, salt, srtp.ProtectionProfileAeadAes128Gcm, srtp.SRTPReplayProtection(64))
	require.NoError(t, err)
	for index := uint64(65530); index < 65545; index++ {
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SSRC: 42, SequenceNumber: uint16(index)}, Payload: []byte("word")}
		plain, err := p.Marshal()
		require.NoError(t, err)
		b := append(make([]byte, 0, len(plain)+sealOverhead), plain...)
		sealed, err := s.seal(b, 42, index)
		require.NoError(t, err)
		got, err := ctx.DecryptRTP(nil, sealed, nil)
		if index < 65536 {
			// The receiver starts at roll-over count zero as ours does.
			require.NoError(t, err)
		}
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
}

// Both senders turn the same input into the same packets.
func TestOwnAndPionSendTheSame(t *testing.T) {
	run := func(mode SenderMode) (out []string) {
		r, judge, party := one(t, clientParams{red: true, recvRED: true}, func(p *Params) { p.Sender = mode })
		s := &speaker{c: judge, seq: 100, ts: 100000}
		v := &camera{c: judge, w: 640, h: 360, seq: 65500, ts: 5, pid: 0x7ff0, tl0: 250}
		every(t, "warm", func(int) { s.say(string(redPayload([]byte("warm"), nil, nil))); v.frame(true, "warm") }, func() bool {
			return party.has(mic("judge"), "warm") && party.has(cam("judge"), "warm")
		})
		step := func(send func()) {
			in := r.loop.count.packetsIn.Load()
			send()
			waitFor(t, "arrival", func() bool { return r.loop.count.packetsIn.Load() > in })
		}
		for n := range 60 {
			text := fmt.Sprintf("frame %02d", n)
			step(func() { v.frame(n%20 == 0, text) })
			step(func() {
				s.seq++
				s.ts += 960
				s.send(&rtp.Packet{
					Header:  rtp.Header{Version: 2, PayloadType: 63, SequenceNumber: s.seq, Timestamp: s.ts},
					Payload: redPayload([]byte(text), []uint16{960}, [][]byte{[]byte("before")}),
				})
			})
		}
		for _, id := range []SourceID{mic("judge"), cam("judge")} {
			waitFor(t, "the last", func() bool { return party.has(id, "frame 59") })
			var first *rtp.Packet
			for _, k := range party.packets(id) {
				if !bytes.Contains(k.Payload, []byte("frame ")) {
					continue
				}
				if first == nil {
					first = k
				}
				body := k.Payload
				if id.Kind == Cam {
					d, _ := parseVP8(body)
					body = body[d.size:]
				}
				out = append(out, fmt.Sprintf("%s %d %v %d %d %q", id.Kind, k.PayloadType, k.Marker,
					k.SequenceNumber-first.SequenceNumber, k.Timestamp-first.Timestamp, body))
			}
		}
		return out
	}
	own := run(SendOwn)
	require.Len(t, own, 120)
	require.Equal(t, own, run(SendPion))
}

func TestNackIsAnsweredOnRTXAndNotAfterTheMute(t *testing.T) {
	for mode, name := range map[SenderMode]string{SendOwn: "own", SendPion: "pion"} {
		t.Run(name, func(t *testing.T) {
			r, judge, party := one(t, clientParams{}, func(p *Params) { p.Sender = mode })
			v := newCamera(judge, 0, "", 640, 360)
			every(t, "pictures", func(i int) { v.frame(i%10 == 0, "picture") }, func() bool {
				return len(party.packets(cam("judge"))) > 10
			})
			k := party.packets(cam("judge"))[5]
			nack := func() {
				require.NoError(t, party.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
					MediaSSRC: k.SSRC, Nacks: []rtcp.NackPair{{PacketID: k.SequenceNumber}},
				}}))
			}
			nack()
			// Pion hands over a repaired packet with the next one that arrives.
			every(t, "the repeat", func(int) { v.frame(false, "more") }, func() bool {
				party.mu.Lock()
				defer party.mu.Unlock()
				return party.rtx == 1
			})
			var same int
			for _, o := range party.packets(cam("judge")) {
				if o.SequenceNumber == k.SequenceNumber {
					same++
					require.Equal(t, k.Payload, o.Payload)
					require.Equal(t, k.Timestamp, o.Timestamp)
				}
			}
			require.Equal(t, 2, same)

			require.NoError(t, r.Apply(Routing{}))
			sent := r.loop.count.packetsOut.Load()
			nack()
			// A report about another section is read after the NACK by the same session.
			in := r.loop.count.packetsIn.Load()
			every(t, "time passes", func(int) { nack(); v.frame(true, "muted") }, func() bool {
				return r.loop.count.packetsIn.Load() > in+20
			})
			require.Equal(t, sent, r.loop.count.packetsOut.Load())
		})
	}
}

func TestKeyframeRequestsAreMergedAndThrottled(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	plis := make(chan struct{}, 1000)
	go func() {
		for {
			pkts, _, err := judge.camTx.ReadRTCP()
			if err != nil {
				return
			}
			for _, k := range pkts {
				if _, ok := k.(*rtcp.PictureLossIndication); ok {
					plis <- struct{}{}
				}
			}
		}
	}()
	v := newCamera(judge, 0, "", 640, 360)
	every(t, "pictures", func(i int) { v.frame(i%10 == 0, "picture") }, func() bool {
		return len(party.packets(cam("judge"))) > 10
	})
	ssrc := party.packets(cam("judge"))[0].SSRC
	before := r.loop.count.keyframes.Load()
	var asked int
	every(t, "two requests get through", func(i int) {
		for range 20 {
			asked++
			_ = party.pc.WriteRTCP([]rtcp.Packet{
				&rtcp.PictureLossIndication{MediaSSRC: ssrc},
				&rtcp.FullIntraRequest{MediaSSRC: ssrc, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: uint8(i)}}},
				&rtcp.PictureLossIndication{MediaSSRC: 12345},
				&rtcp.Goodbye{Sources: []uint32{ssrc}},
			})
		}
		v.frame(true, "picture")
	}, func() bool { return r.loop.count.keyframes.Load() >= before+2 })
	require.Greater(t, asked, 200)
	waitFor(t, "requests at the publisher", func() bool { return len(plis) >= 1 })
	require.LessOrEqual(t, r.loop.count.keyframes.Load(), before+3)
}

func TestRenegotiationAndICERestartKeepTheStream(t *testing.T) {
	for mode, name := range map[SenderMode]string{SendOwn: "own", SendPion: "pion"} {
		t.Run(name, func(t *testing.T) {
			r := newTestRoom(t, func(p *Params) { p.Sender = mode })
			require.NoError(t, r.Apply(Routing{Grants: []Grant{
				toPeer(mic("judge"), "party"), toPeer(cam("judge"), "party"), toPeer(mic("clerk"), "party"),
			}}))
			judge := join(t, r, clientParams{id: "judge", mic: true, rids: []string{""}})
			clerk := join(t, r, clientParams{id: "clerk", mic: true})
			party := join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}})
			s, s2, v := newSpeaker(judge), newSpeaker(clerk), newCamera(judge, 0, "", 640, 360)
			say := func(text string) {
				every(t, text, func(i int) { s.say(text); s2.say(text); v.frame(i%10 == 0, text) },
					func() bool { return party.has(mic("judge"), text) })
			}
			say("first")

			party.peer.Prepare([]SourceID{mic("judge"), mic("clerk"), cam("judge")})
			waitFor(t, "sections are asked for", func() bool {
				party.obs.mu.Lock()
				defer party.obs.mu.Unlock()
				return len(party.obs.needs) > 0 && party.obs.needs[len(party.obs.needs)-1] == [2]int{1, 1}
			})
			party.addSections(2, 1)
			a := party.negotiate()
			require.Equal(t, []Section{{MID: "0", Source: mic("judge")}, {MID: "1", Source: mic("clerk")}, {MID: "2"}, {MID: "3", Source: cam("judge")}}, a.Sections)
			require.Zero(t, a.NeedAudio+a.NeedVideo)
			say("second")
			waitFor(t, "the new sections", func() bool {
				s2.say("second")
				v.frame(true, "second")
				return party.has(mic("clerk"), "second") && party.has(cam("judge"), "second")
			})

			party.negotiateWith(&webrtc.OfferOptions{ICERestart: true})
			say("third")

			got := party.packets(mic("judge"))
			for i := 1; i < len(got); i++ {
				require.Equal(t, got[0].SSRC, got[i].SSRC)
				require.Less(t, got[i].SequenceNumber-got[i-1].SequenceNumber, uint16(1000), "numbers go on, nothing starts anew")
				require.NotEqual(t, got[i].SequenceNumber, got[i-1].SequenceNumber)
			}
		})
	}
}
