package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtp"
)

// Levels are in dB below the loudest that can be said (RFC 6464 section 3): 0 is
// overload, 127 silence. The sender's own word on voice activity, the highest bit, is
// not used: it is optional, and each browser means another thing by it.
const (
	silence     = 127
	voiceLevel  = 50                     // of the smoothed level: as loud as this is speech
	voiceAttack = 40 * time.Millisecond  // in which the smoothed level follows what is louder
	voiceDecay  = 400 * time.Millisecond // and what is quieter
	voiceHold   = 600 * time.Millisecond // from the last loud packet to the end of speech
	// voicePace is the least time between two lists of who speaks that a peer is told.
	voicePace = 250 * time.Millisecond
)

// voice is how loud a microphone is, as its sender says in each packet's header. What
// comes while nobody may hear the microphone is not listened to. Under the room's lock.
type voice struct {
	level    float64 // smoothed; without meaning before at
	at       time.Time
	loud     time.Time // the last packet that was as loud as speech
	speaking bool
}

// loudness of the microphone now; one that sends nothing is silent.
func (v *voice) loudness(now time.Time) float64 {
	if v.at.IsZero() || now.Sub(v.at) >= voiceHold {
		return silence
	}
	return v.level
}

// hear takes the level of one packet; true when speech begins with it.
func (v *voice) hear(level float64, now time.Time) (begins bool) {
	was := v.loudness(now)
	span, over := max(0, now.Sub(v.at)), voiceDecay
	if level < was { // after a pause too, one packet is a click
		span, over = min(span, voiceAttack/2), voiceAttack
	}
	v.level = was + (level-was)*min(1, float64(span)/float64(over))
	v.at = now
	if v.level > voiceLevel {
		return false
	}
	v.loud = now
	begins, v.speaking = !v.speaking, true
	return begins
}

// falls ends speech of which nothing has come for voiceHold; wait is the time to its
// end, 0 when there is none.
func (v *voice) falls(now time.Time) (ends bool, wait time.Duration) {
	if !v.speaking {
		return false, 0
	}
	if wait = voiceHold - now.Sub(v.loud); wait > 0 {
		return false, wait
	}
	v.speaking = false
	return true, 0
}

// levelOf reads the level of a packet (RFC 6464 section 3) from the header extension
// with the number id.
func levelOf(h *rtp.Header, id uint8) (level float64, ok bool) {
	if id == 0 {
		return 0, false
	}
	b := h.GetExtension(id)
	if len(b) == 0 {
		return 0, false
	}
	return float64(b[0] & 0x7f), true
}

// listen follows the level of a packet that somebody may hear; under the room's lock.
// Whose sender says no levels, such as an encoder's, is as loud as speech just is and never
// said to speak: no word is not silence, or it would be the first that a viewer loses.
func (s *source) listen(h *rtp.Header, id uint8, now time.Time) {
	level, ok := levelOf(h, id)
	if !ok {
		if !s.voice.speaking {
			s.voice.level, s.voice.at = voiceLevel, now
		}
		return
	}
	if s.voice.hear(level, now) {
		s.spoke()
		if s.publisher != nil {
			s.publisher.kick() // its worker ends it
		}
	}
}

// leaves says that one receiver or tap less has an open grant.
func (s *source) leaves() {
	if s.open--; s.open == 0 {
		s.hush()
	}
}

// hush forgets what was heard: the microphone is closed to everybody, or gone.
func (s *source) hush() {
	was := s.voice.speaking
	if s.voice = (voice{}); was {
		s.spoke()
	}
}

// spoke tells those who may hear the source that speech began or ended.
func (s *source) spoke() {
	for _, sec := range s.sections {
		if sec.gate.open {
			sec.peer.voices.stale = true
			sec.peer.kick()
		}
	}
}

// VoiceObserver is a PeerObserver that also wants to know who speaks.
type VoiceObserver interface {
	// Voices names the sections in which somebody speaks now, after a change, at most
	// 4 times a second; what is not named is silent. It names only sections of
	// microphones that are granted and given at this moment. Calls come as those of PeerObserver.
	Voices(peer string, mids []string)
}

// voiceNews is what a peer's observer was told of who speaks.
type voiceNews struct {
	stale bool // it may have changed
	said  []string
	at    time.Time
}

// collectVoices ends the speech of the peer's own microphones when its time has come,
// and gathers who speaks to the peer if that changed.
func (p *Peer) collectVoices(e *errands, now time.Time) {
	for _, src := range p.publish {
		if src.kind != Mic || src.publisher != p {
			continue
		}
		ends, wait := src.voice.falls(now)
		if ends {
			src.spoke()
		}
		if wait > 0 {
			e.next = min(e.next, wait)
		}
	}
	v := &p.voices
	if !v.stale && !p.isDirty {
		return
	}
	if wait := voicePace - now.Sub(v.at); wait > 0 {
		v.stale = true
		e.next = min(e.next, wait)
		return
	}
	v.stale = false
	var speak []string
	for _, s := range p.sections {
		if s.src.kind == Mic && s.gate.open && !s.withheld && s.src.voice.speaking {
			speak = append(speak, s.mid)
		}
	}
	if !slices.Equal(speak, v.said) {
		v.said, v.at = speak, now
		e.voices, e.voicesNew = speak, true
	}
}
