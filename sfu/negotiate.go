package sfu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"
)

// Prepare names the sources that will need a section, in the order in which
// sections are to be bound; it replaces the earlier list, bound sections stay.
// Malformed ids are left out.
func (p *Peer) Prepare(sources []SourceID) {
	p.lock(func() {
		p.prepared = p.prepared[:0]
		for _, id := range sources {
			if !p.follows && validID(id.Peer) == nil && (id.Kind == Mic || id.Kind == Cam) && id.Peer != p.id {
				p.prepared = append(p.prepared, id)
			}
		}
		p.needSaid = [2]int{-1, -1}
		p.kick()
	})
}

// unbound returns the prepared sources of the kind that have no section; under
// the room's lock.
func (p *Peer) unbound(kind SourceKind) []SourceID {
	var out []SourceID
	for _, id := range p.prepared {
		if id.Kind != kind || p.sectionOf(id) != nil {
			continue
		}
		out = append(out, id)
	}
	return out
}

func (p *Peer) sectionOf(id SourceID) *section {
	for _, s := range p.sections {
		if s.src.id == id && !s.dead {
			return s
		}
	}
	return nil
}

// Negotiate answers an offer: it opens what the peer publishes and binds free
// receiving sections to prepared sources. A refused offer (ErrBadOffer, ErrLimit,
// ErrCodec before Pion saw it) changes nothing; when Pion itself refuses, or panics over it,
// the peer closes.
func (p *Peer) Negotiate(ctx context.Context, o Offer) (a Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.fell(v)
			a, err = Answer{}, fmt.Errorf("%w: it could not be read", ErrBadOffer)
		}
	}()
	plan, err := parseOffer(o, p.room.engine.p.Limits)
	if err != nil {
		return Answer{}, err
	}
	for _, pub := range plan.publish {
		if !p.mayPublish[pub.kind] {
			return Answer{}, fmt.Errorf("%w: this peer may not publish %s", ErrBadOffer, pub.kind)
		}
	}
	if err := p.allDecode(plan); err != nil {
		return Answer{}, err
	}
	p.negoMu.Lock()
	defer p.negoMu.Unlock()
	if p.hasEnded() {
		return Answer{}, fmt.Errorf("peer: %w", ErrClosed)
	}
	answer, err := p.negotiate(ctx, plan)
	if err != nil {
		if p.hasEnded() {
			return Answer{}, fmt.Errorf("peer: %w", ErrClosed)
		}
		p.closeLater()
		return Answer{}, err
	}
	return answer, nil
}

// allDecode refuses a camera of H.264 that a peer could not decode which is granted it
// and is no onlooker: better no picture, and a word why, than one that stays
// black before somebody who must see it. Who joins or is granted it later is told so itself
// (PausedByCodec), and so is who cannot decode VP8: what a receiver leaves out must not
// keep the bench from being seen.
func (p *Peer) allDecode(plan *offerPlan) error {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	for _, pub := range plan.publish {
		src := p.room.sources[SourceID{Peer: p.id, Kind: pub.kind}]
		if src == nil || pub.kind != Cam || pub.codec != H264 {
			continue
		}
		for _, s := range src.sections {
			if s.gate.open && !s.peer.onlooker && !s.takes(pub.codec) {
				return &CodecError{Peer: s.peer.id}
			}
		}
	}
	return nil
}

func (p *Peer) hasEnded() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.ended
}

func (p *Peer) negotiate(ctx context.Context, plan *offerPlan) (Answer, error) {
	if p.receivesByPion() {
		p.awaitReceivers(ctx)
	}
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: plan.sdp}
	if err := p.pc.SetRemoteDescription(offer); err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	p.applyPublishing(plan)
	started, err := p.bindSections(plan)
	if err != nil {
		return Answer{}, err
	}
	desc, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(desc); err != nil {
		return Answer{}, fmt.Errorf("sfu: own answer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("sfu: negotiate: %w", ctx.Err())
	case <-p.done:
		return Answer{}, fmt.Errorf("peer: %w", ErrClosed)
	}
	if p.receivesByPion() {
		for _, sender := range started {
			p.guarded(func() { p.readFeedback(sender) })
		}
	}
	text := p.room.loop.answerText(p.pc.LocalDescription().SDP)
	lines, exts, err := intakeLines(text, plan.publish)
	if err != nil {
		return Answer{}, err
	}
	p.lock(func() {
		if !p.in.negotiated(lines, exts, plan.publish) {
			p.tooManyStreams()
		}
		p.in.roam.ice = wordsOf(text, plan.sdp)
	})
	return p.answer(text, plan), nil
}

// answer fills the table and counts what is missing.
func (p *Peer) answer(text string, plan *offerPlan) Answer {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	a := Answer{SDP: text}
	for _, r := range plan.receive {
		sec := Section{MID: r.mid}
		if s := p.byMID[r.mid]; s != nil {
			sec.Source = s.src.id
		}
		a.Sections = append(a.Sections, sec)
	}
	a.NeedAudio, a.NeedVideo = len(p.unbound(Mic)), len(p.unbound(Cam))
	p.needSaid = [2]int{a.NeedAudio, a.NeedVideo}
	p.isDirty = true
	p.kick()
	return a
}

// applyPublishing opens, keeps and ends the peer's sources as the offer says.
func (p *Peer) applyPublishing(plan *offerPlan) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended {
		return
	}
	now := p.room.engine.p.Now()
	offered := map[string]bool{}
	for _, pub := range plan.publish {
		offered[pub.mid] = true
	}
	for mid, src := range p.publish {
		if !offered[mid] {
			delete(p.publish, mid)
			if src.publisher == p {
				src.retire(now)
				p.room.prune(src, now)
			}
		}
	}
	for _, pub := range plan.publish {
		src := p.room.source(SourceID{Peer: p.id, Kind: pub.kind}, now)
		if src.publisher == p && src.mid == pub.mid && pub.kind == Cam && src.codec != pub.codec {
			src.retire(now) // what was sent in the other codec has nothing to do with it
		}
		if src.publisher != p || src.mid != pub.mid {
			if pub.kind == Cam {
				src.codec = pub.codec
			}
			src.arrive(p, pub.mid, pub.rids, now)
		}
		p.publish[pub.mid] = src
	}
	for mid := range plan.stopped {
		if s := p.byMID[mid]; s != nil {
			p.unbind(s, now)
			delete(p.byMID, mid)
		}
	}
	p.room.refollow(now)
}

// bindSections gives every free receiving m-line a prepared source.
func (p *Peer) bindSections(plan *offerPlan) (map[*section]*webrtc.RTPSender, error) {
	started := map[*section]*webrtc.RTPSender{}
	for _, r := range plan.receive {
		track := p.newSectionFor(r)
		if track == nil {
			continue
		}
		sender, err := p.pc.AddTrack(track)
		if err != nil {
			return nil, fmt.Errorf("%w: section %q: %w", ErrBadOffer, r.mid, err)
		}
		// AddTrack takes the first free m-line of the kind, which is this one.
		if got := p.midOf(sender); got != r.mid {
			return nil, fmt.Errorf("%w: section %q became %q", ErrBadOffer, r.mid, got)
		}
		started[track.s] = sender
	}
	return started, nil
}

func (p *Peer) midOf(sender *webrtc.RTPSender) string {
	for _, t := range p.pc.GetTransceivers() {
		if t.Sender() == sender {
			return t.Mid()
		}
	}
	return ""
}

func (p *Peer) newSectionFor(r receivePlan) *sectionTrack {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended || p.byMID[r.mid] != nil {
		return nil
	}
	free := p.unbound(r.kind)
	if p.follows {
		free = []SourceID{p.nothing(r.kind)}
	}
	if len(free) == 0 {
		return nil
	}
	now := p.room.engine.p.Now()
	src := p.room.source(free[0], now)
	s := newSection(p, r.mid, src, now)
	p.sections = append(p.sections, s)
	p.byMID[r.mid] = s
	src.sections = append(src.sections, s)
	p.room.regrantSection(s, now, true)
	p.room.refollow(now)
	return newSectionTrack(s, r)
}

// sectionTrack is a section as Pion sees it: it lends SSRC and payload types and
// never writes through Pion unless SendPion is chosen. Pion asks for the names at any
// time and without the room's lock, so they are those of the section's beginning.
type sectionTrack struct {
	s          *section
	kind       SourceKind
	id, stream string
	red        bool
	formats    []string // payload types that the m-line offers; Pion lists those of all m-lines
}

func newSectionTrack(s *section, r receivePlan) *sectionTrack {
	t := &sectionTrack{s: s, kind: s.src.kind, id: string(s.src.kind), stream: s.cname(), red: r.red, formats: r.formats}
	if s.peer.follows {
		t.id += "-" + s.mid
	}
	return t
}

// ID names the track within the stream.
func (t *sectionTrack) ID() string { return t.id }

// RID is empty: we send one layer.
func (t *sectionTrack) RID() string { return "" }

// StreamID joins microphone and camera of a device; Pion uses it as CNAME too.
func (t *sectionTrack) StreamID() string { return t.stream }

// Kind of the media.
func (t *sectionTrack) Kind() webrtc.RTPCodecType {
	if t.kind == Mic {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

var errBind = errors.New("sfu: section cannot be bound")

// Bind takes over what was negotiated; it happens once in a section's life, and
// changes no sequence number if Pion calls it again, from a goroutine of its own.
func (t *sectionTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	defer t.s.peer.rescue()
	s := t.s
	first, second := t.offered(ctx, webrtc.MimeTypeOpus), webrtc.RTPCodecParameters{}
	if t.kind == Cam {
		first, second = t.offered(ctx, webrtc.MimeTypeVP8), t.offered(ctx, webrtc.MimeTypeH264)
	}
	media := first
	if media.PayloadType == 0 {
		media = second
	}
	if media.PayloadType == 0 {
		return media, fmt.Errorf("%w: no codec of ours was negotiated", errBind)
	}
	p := s.peer
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	ssrc := uint32(ctx.SSRC())
	for _, o := range p.sections {
		if o != s && o.bound && (o.ssrc == ssrc || o.rtxSSRC == ssrc) {
			return media, fmt.Errorf("%w: SSRC taken", errBind)
		}
	}
	s.ssrc, s.stream = ssrc, ctx.WriteStream()
	s.pt, s.h264PT = uint8(first.PayloadType), uint8(second.PayloadType)
	s.rtxSSRC = uint32(ctx.SSRCRetransmission())
	if t.red {
		s.redPT = uint8(t.offered(ctx, mimeRED).PayloadType)
	}
	s.rtxPT, s.h264RTX = t.repeats(ctx, s.pt), t.repeats(ctx, s.h264PT)
	s.numberWide(ctx.HeaderExtensions())
	s.bound = true
	now := p.room.engine.p.Now()
	if p.follows { // what it cannot decode is known only now
		p.refollow(t.kind, now)
	}
	s.retarget(now)
	return media, nil
}

// offered is the codec of the m-line with this name; without one its payload type is 0.
func (t *sectionTrack) offered(ctx webrtc.TrackLocalContext, mime string) webrtc.RTPCodecParameters {
	for _, c := range ctx.CodecParameters() {
		if strings.EqualFold(c.MimeType, mime) && slices.Contains(t.formats, strconv.Itoa(int(c.PayloadType))) {
			return c
		}
	}
	return webrtc.RTPCodecParameters{}
}

// repeats is the payload type of retransmissions of packets of type pt, 0: there are none.
func (t *sectionTrack) repeats(ctx webrtc.TrackLocalContext, pt uint8) uint8 {
	for _, c := range ctx.CodecParameters() {
		if pt != 0 && ctx.SSRCRetransmission() != 0 && strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) &&
			c.SDPFmtpLine == fmt.Sprintf("apt=%d", pt) {
			return uint8(c.PayloadType)
		}
	}
	return 0
}

// Unbind stops the section when Pion stops its sender.
func (t *sectionTrack) Unbind(webrtc.TrackLocalContext) error {
	defer t.s.peer.rescue()
	t.s.peer.lock(func() { t.s.bound = false })
	return nil
}
