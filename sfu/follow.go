package sfu

import (
	"cmp"
	"slices"
	"time"
)

// A following peer (PeerParams.Follows) has few sections for many sources: a wall with
// one picture. Its sections carry what is granted now, the highest priority first; the
// stream that the peer receives goes on, only what stands behind it changes.

// refollow gives the sections of following peers what they should carry now. Whoever
// changes grants, members, who publishes or who is connected calls it; under the room's
// lock.
func (r *Room) refollow(now time.Time) {
	for _, e := range r.taps {
		if e.feed != nil && e.feed.tap == e {
			e.feed.choose()
		}
	}
	for _, p := range r.followers {
		for _, kind := range [...]SourceKind{Mic, Cam} {
			p.refollow(kind, now)
		}
	}
}

func (p *Peer) refollow(kind SourceKind, now time.Time) {
	if p.chooses {
		return
	}
	var free []*section
	for _, s := range p.sections {
		if s.src.kind == kind && !s.dead {
			free = append(free, s)
		}
	}
	best := p.best(kind, free)
	// Who carries one of the best goes on with it.
	free = slices.DeleteFunc(free, func(s *section) bool {
		i := slices.Index(best, s.src.id)
		if i >= 0 {
			best = slices.Delete(best, i, i+1)
		}
		return i >= 0
	})
	for i, s := range free {
		id := p.nothing(kind)
		if i < len(best) {
			id = best[i]
		}
		if id != s.src.id {
			s.carry(p.room.source(id, now), now)
		}
	}
}

// Prefer puts a source before all others that a following peer's sections may carry, the
// zero source none. While it is not granted, or nobody connected publishes it, the others
// are carried as before.
func (p *Peer) Prefer(id SourceID) {
	p.lock(func() {
		if p.ended || !p.follows || p.prefers == id {
			return
		}
		p.prefers = id
		now := p.room.engine.p.Now()
		for _, kind := range [...]SourceKind{Mic, Cam} {
			p.refollow(kind, now)
		}
	})
}

// Choose puts sources behind sections of a peer that chooses (PeerParams.Chooses); sections
// that are not named keep theirs, unknown ones are left out. Grants still decide what
// flows. It returns what the named sections carry now.
func (p *Peer) Choose(list []Choice) []Chosen {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended || !p.chooses {
		return nil
	}
	now := p.room.engine.p.Now()
	out := make([]Chosen, 0, len(list))
	for _, c := range list {
		s := p.byMID[c.MID]
		if s == nil || s.dead {
			continue
		}
		id := c.Source
		if id == (SourceID{}) {
			id = p.nothing(s.src.kind)
		}
		if id.Kind != s.src.kind || validID(id.Peer) != nil {
			continue
		}
		if id != s.src.id {
			s.carry(p.room.source(id, now), now)
			s.changed, s.changedSent = s.lastTS, s.sent
		}
		out = append(out, Chosen{MID: c.MID, Sent: s.changedSent, After: s.changed, Still: s.still.on, Stands: s.still.on && !s.still.at.IsZero()})
	}
	return out
}

// best are at most one source of the kind for each of these sections of a peer to which
// they are granted: those that somebody connected publishes before the others, then what
// the peer prefers, then by priority, then by id. A picture that none of the sections can decode is left out, so
// that the next best is seen in its stead.
func (p *Peer) best(kind SourceKind, free []*section) []SourceID {
	r := p.room
	type candidate struct {
		id       SourceID
		lost     int
		priority int
	}
	var list []candidate
	for id := range r.table.grants {
		if id.Kind != kind {
			continue
		}
		g, ok := r.table.peer(id, p.id)
		if !ok {
			continue
		}
		c := candidate{id: id, priority: int(g.Priority)}
		if id == p.prefers {
			c.priority = 1 << 8
		}
		src := r.sources[id]
		if src == nil || src.lost() {
			c.lost = 1
		}
		if src != nil && kind == Cam && !slices.ContainsFunc(free, func(s *section) bool { return s.takes(src.codec) }) {
			continue
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(a.lost-b.lost, b.priority-a.priority, cmp.Compare(a.id.Peer, b.id.Peer))
	})
	out := make([]SourceID, 0, len(free))
	for _, c := range list[:min(len(free), len(list))] {
		out = append(out, c.id)
	}
	return out
}

// nothing is the source behind a section of a following peer that carries none: its
// own, which it does not publish and which is granted to it never.
func (p *Peer) nothing(kind SourceKind) SourceID { return SourceID{Peer: p.id, Kind: kind} }

// carry puts another source behind the section. What was sent of the earlier one is
// not repeated any more, and of the new one nothing from before now is sent.
func (s *section) carry(src *source, now time.Time) {
	old, r := s.src, s.peer.room
	s.regrant(Grant{}, false, now)
	old.sections = slices.DeleteFunc(old.sections, func(o *section) bool { return o == s })
	if old.open == 0 {
		old.drain()
	}
	s.src, s.gate = src, gate{}
	if s.replayed != 0 && s.age(now)-s.replayed >= replayOther {
		s.replayed = 0 // who turns pages begins each with what is kept
	}
	src.sections = append(src.sections, s)
	r.prune(old, now)
	r.regrantSection(s, now, true)
	s.peer.dirty()
}

// cname is the name under which the peer receives the section's stream (msid, CNAME):
// sections of one name are kept in step by it.
func (s *section) cname() string {
	if s.peer.follows {
		return s.peer.id
	}
	return s.src.id.Peer
}

// rtcpTime is t as an NTP timestamp (RFC 3550 section 4).
func rtcpTime(t time.Time) uint64 {
	since1900 := t.Unix() + 2_208_988_800
	return uint64(since1900)<<32 | uint64(t.Nanosecond())<<32/1_000_000_000 //nolint:gosec // seconds since 1900 are not negative
}
