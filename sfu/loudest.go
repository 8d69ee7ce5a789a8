package sfu

import (
	"cmp"
	"slices"
	"time"
)

const (
	maxSounds   = 3                      // that a viewer is given at once
	soundHold   = 2 * time.Second        // from one change of them to the next by loudness
	soundMargin = 6                      // dB by which another microphone must be louder for that
	soundPace   = 250 * time.Millisecond // between two looks at who is loudest
)

// soundChoice is what a viewer's choice of sounds keeps.
type soundChoice struct {
	crowded bool // more microphones are open to the peer than it is given
	changed time.Time
	looked  time.Time
}

// chooseSounds gives a viewer at most maxSounds open microphones: those of the highest
// priority, among equals those that it has, until another is clearly louder. Who takes
// part gets every one. What changes the grants of a microphone calls it, under the
// room's lock.
func (p *Peer) chooseSounds(now time.Time) {
	var room [16]*section
	list := room[:0]
	for _, s := range p.sections {
		if s.src.kind == Mic && s.gate.open && s.views() {
			list = append(list, s)
		} else {
			s.withhold(false)
		}
	}
	c := &p.sounds
	c.looked, c.crowded = now, len(list) > maxSounds
	if c.crowded {
		slices.SortStableFunc(list, func(a, b *section) int {
			return cmp.Or(cmp.Compare(b.grant.Priority, a.grant.Priority), compareBool(a.withheld, b.withheld),
				cmp.Compare(a.src.voice.loudness(now), b.src.voice.loudness(now)))
		})
		has, wants := list[maxSounds-1], list[maxSounds]
		if has.grant.Priority == wants.grant.Priority && now.Sub(c.changed) >= soundHold &&
			has.src.voice.loudness(now)-wants.src.voice.loudness(now) >= soundMargin {
			list[maxSounds-1], list[maxSounds] = wants, has
		}
	}
	for i, s := range list {
		if s.withhold(i >= maxSounds) {
			c.changed = now
		}
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// withhold stops the sound of a section whose grant stays open, or lets it go on; true
// when that changed.
func (s *section) withhold(yes bool) bool {
	if s.withheld == yes {
		return false
	}
	if s.withheld = yes; yes {
		s.halt()
	}
	s.peer.dirty()
	return true
}

// reviewSounds looks from time to time who is loudest, for a viewer who cannot have all.
func (p *Peer) reviewSounds(e *errands, now time.Time) {
	if !p.sounds.crowded {
		return
	}
	if now.Sub(p.sounds.looked) >= soundPace {
		p.chooseSounds(now)
	}
	e.next = min(e.next, soundPace)
}
