package sfu

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/stretchr/testify/require"
)

// disguise is one way to get sound or picture past a closed grant.
type disguise struct {
	name string
	make func(h *hostile, n uint16) *rtp.Packet
	// ruins: the peer destroys its own open source with it, by taking its place.
	ruins bool
}

// hostile is what a raw peer knows of its session.
type hostile struct {
	micSSRC, camSSRC       uint32
	micMID, camMID, idle   string
	midID, ridID, repairID uint8
	congestionID           uint8
}

const (
	secret     = "secret"
	ssrcChange = "SSRC change within a layer"
	camLine    = "another SSRC on the camera's m-line"
)

func (h *hostile) packet(ssrc uint32, pt uint8, n uint16, mid, rid string, payload []byte) *rtp.Packet {
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: pt, SSRC: ssrc, SequenceNumber: n, Timestamp: uint32(n) * 960, Marker: true},
		Payload: payload,
	}
	if mid != "" {
		_ = p.SetExtension(h.midID, []byte(mid))
	}
	if rid != "" {
		_ = p.SetExtension(h.ridID, []byte(rid))
	}
	return p
}

// disguises of Opus: while the microphone is closed, none of them may be heard,
// even though the camera of the same peer is granted.
func disguisesOfSound() []disguise {
	opus := []byte(secret)
	return []disguise{
		{"declared", func(h *hostile, n uint16) *rtp.Packet { return h.packet(h.micSSRC, 111, n, "", "", opus) }, false},
		{"new SSRC with MID", func(h *hostile, n uint16) *rtp.Packet { return h.packet(0x70000001, 111, n, h.micMID, "", opus) }, false},
		{"a new SSRC each time", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x71000000+uint32(n), 111, n, h.micMID, "", opus)
		}, false},
		{"undeclared SSRC", func(h *hostile, n uint16) *rtp.Packet { return h.packet(0x70000002, 111, n, "", "", opus) }, false},
		{"redundancy", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(h.micSSRC, 63, n, "", "", redPayload(opus, []uint16{960}, [][]byte{opus}))
		}, false},
		{"redundancy on a new SSRC", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x70000003, 63, n, h.micMID, "", redPayload(opus, []uint16{960}, [][]byte{opus}))
		}, false},
		{"redundancy on an m-line that nobody bound", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x70000004, 63, n, h.idle, "", redPayload(opus, []uint16{960}, [][]byte{opus}))
		}, false},
		{"on an m-line that receives", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x70000005, 111, n, h.idle, "q", opus)
		}, false},
		{"on the camera's SSRC", func(h *hostile, n uint16) *rtp.Packet { return h.packet(h.camSSRC, 111, n, "", "", opus) }, true},
		{camLine, func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x70000006, 111, n, h.camMID, "q", opus)
		}, true},
		{"unknown payload type", func(h *hostile, n uint16) *rtp.Packet { return h.packet(h.micSSRC, 120, n, "", "", opus) }, false},
		{"RTX around sound", func(h *hostile, n uint16) *rtp.Packet {
			return h.repair(0x70000007, n, h.micMID, "", append(binary.BigEndian.AppendUint16(nil, n), opus...))
		}, false},
	}
}

// disguises of a picture while the camera is closed and the microphone granted.
func disguisesOfPicture() []disguise {
	picture := func(n uint16) []byte { return vp8Frame(true, n, uint8(n), 640, 360, secret) }
	return []disguise{
		{"declared layer", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(h.camSSRC, 96, n, h.camMID, "q", picture(n))
		}, false},
		{"other layer", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x72000001, 96, n, h.camMID, "h", picture(n))
		}, false},
		{"layer that was not offered", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x72000002, 96, n, h.camMID, "z", picture(n))
		}, false},
		{ssrcChange, func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x73000000+uint32(n), 96, n, h.camMID, "q", picture(n))
		}, true},
		{"undeclared SSRC", func(h *hostile, n uint16) *rtp.Packet { return h.packet(0x72000003, 96, n, "", "", picture(n)) }, false},
		{"retransmission", func(h *hostile, n uint16) *rtp.Packet {
			return h.repair(0x72000004, n, h.camMID, "q", append(binary.BigEndian.AppendUint16(nil, n), picture(n)...))
		}, false},
		{"retransmission of a layer that was not offered", func(h *hostile, n uint16) *rtp.Packet {
			return h.repair(0x72000005, n, h.camMID, "z", append(binary.BigEndian.AppendUint16(nil, n), picture(n)...))
		}, false},
		{"on the microphone's SSRC", func(h *hostile, n uint16) *rtp.Packet { return h.packet(h.micSSRC, 96, n, "", "", picture(n)) }, true},
		{"on the microphone's m-line", func(h *hostile, n uint16) *rtp.Packet {
			return h.packet(0x72000006, 96, n, h.micMID, "", picture(n))
		}, false},
	}
}

// repair is a packet of an RTX stream that names its layer (RFC 8852).
func (h *hostile) repair(ssrc uint32, n uint16, mid, rid string, payload []byte) *rtp.Packet {
	p := h.packet(ssrc, 97, n, mid, "", payload)
	if rid != "" {
		_ = p.SetExtension(h.repairID, []byte(rid))
	}
	return p
}

// Of each stream we keep for life what of it was received, so their number is
// bounded.
func TestAPeerThatBeginsStreamAfterStreamIsClosed(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(cam("judge"), "party")}}))
	judge := join(t, r, clientParams{id: "judge", rids: []string{"q", "h"}})
	h := sessionOf(judge)
	n := uint16(0)
	every(t, "the peer is closed", func(int) {
		n++
		judge.raw.write(h.packet(0x74000000+uint32(n), 96, n, h.camMID, "q", vp8Frame(true, n, 0, 640, 360, "x")))
	}, func() bool { return judge.obs.saw(PeerClosed) })
}

// lockedTap lets a test look while packets come.
type lockedTap struct {
	mu sync.Mutex
	*tapLog
}

func (l *lockedTap) Opened(i SourceInfo, at time.Time) { l.locked(func() { l.tapLog.Opened(i, at) }) }

func (l *lockedTap) Closed(s SourceID, at time.Time) { l.locked(func() { l.tapLog.Closed(s, at) }) }
func (l *lockedTap) Packet(p *Packet)                { l.locked(func() { l.tapLog.Packet(p) }) }
func (l *lockedTap) SenderReport(r SenderReport)     { l.locked(func() { l.tapLog.SenderReport(r) }) }

func (l *lockedTap) locked(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *lockedTap) heard(text string) (yes bool) {
	l.locked(func() {
		for _, p := range l.packets {
			yes = yes || strings.Contains(string(p.Payload), text)
		}
	})
	return yes
}

// A raw peer that ignores every mute: whatever it sends for a source whose grant
// is closed reaches neither a receiver nor a tap, while its other source flows.
func TestNoDisguiseGetsPastAClosedGrant(t *testing.T) {
	for _, c := range []struct {
		closed    SourceID
		open      SourceID
		disguises []disguise
	}{
		{mic("judge"), cam("judge"), disguisesOfSound()},
		{cam("judge"), mic("judge"), disguisesOfPicture()},
	} {
		for _, d := range c.disguises {
			t.Run(fmt.Sprintf("%s %s", c.closed.Kind, d.name), func(t *testing.T) {
				t.Parallel()
				triesDisguise(t, c.closed, c.open, d)
			})
		}
	}
}

func triesDisguise(t *testing.T, closed, open SourceID, d disguise) {
	r := newTestRoom(t, nil)
	toRecorder := Grant{Source: open, Audience: Audience{Class: "recorder"}, MaxLayer: 255}
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(open, "party"), toRecorder}}))
	tap := &lockedTap{tapLog: newTapLog()}
	remove, err := r.Tap(TapParams{Class: "recorder", Tap: tap})
	require.NoError(t, err)
	defer remove()
	judge := join(t, r, clientParams{id: "judge", mic: true, recvRED: true, rids: []string{"q", "h"}, audio: 1})
	party := join(t, r, clientParams{
		id: "party", audio: 1, video: 1, recvRED: true, prepare: []SourceID{mic("judge"), cam("judge")},
	})
	h := sessionOf(judge)
	s, v := newSpeaker(judge), newCamera(judge, 0, "q", 640, 360)
	legit := func(i int) {
		if open.Kind == Mic {
			s.say("legit")
		} else {
			v.frame(i%10 == 0, "legit")
		}
	}
	every(t, "the open source flows", legit, func() bool { return party.has(open, "legit") && tap.heard("legit") })

	n := uint16(1000)
	every(t, "the disguise is tried", func(i int) {
		for range 3 {
			n++
			judge.raw.write(d.make(h, n))
		}
		legit(i)
	}, func() bool { return n > 1000+150 })
	if !d.ruins {
		flows := len(party.packets(open))
		every(t, "the open source goes on", legit, func() bool { return len(party.packets(open)) > flows })
	}

	require.Empty(t, party.packets(closed), "forwarded")
	require.False(t, party.has(open, secret), "forwarded as the other source")
	require.False(t, tap.heard(secret), "tapped")
	tap.locked(func() { require.False(t, tap.open[closed]) })
}

// sessionOf reads what a hostile peer needs from its own session.
func sessionOf(c *client) *hostile {
	h := &hostile{}
	for _, tr := range c.pc.GetTransceivers() {
		sends := tr.Sender() != nil && tr.Sender().Track() != nil
		kind := tr.Kind().String()
		if !sends {
			h.idle = tr.Mid()
			continue
		}
		params := tr.Sender().GetParameters()
		if kind == "audio" {
			h.micMID, h.micSSRC = tr.Mid(), uint32(params.Encodings[0].SSRC)
			continue
		}
		h.camMID, h.camSSRC = tr.Mid(), uint32(params.Encodings[0].SSRC)
		for _, e := range params.HeaderExtensions {
			switch e.URI {
			case sdp.SDESMidURI:
				h.midID = uint8(e.ID)
			case sdp.SDESRTPStreamIDURI:
				h.ridID = uint8(e.ID)
			case sdp.SDESRepairRTPStreamIDURI:
				h.repairID = uint8(e.ID)
			case sdp.TransportCCURI:
				h.congestionID = uint8(e.ID)
			}
		}
	}
	return h
}
