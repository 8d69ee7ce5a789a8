package sfu

import (
	"fmt"
	"slices"
	"time"
)

// grantTable is a Routing made fit for looking up.
type grantTable struct {
	grants  map[SourceID][]Grant
	classes map[string]map[string]int // peer -> class -> how often listed
	fixed   map[string][]string       // peer -> PeerParams.Classes
}

func newGrantTable(rt Routing) grantTable {
	t := grantTable{grants: map[SourceID][]Grant{}, classes: map[string]map[string]int{}, fixed: map[string][]string{}}
	for _, g := range rt.Grants {
		t.addGrant(g)
	}
	for _, m := range rt.Members {
		t.addMember(m)
	}
	return t
}

func (t *grantTable) addGrant(g Grant) { t.grants[g.Source] = append(t.grants[g.Source], g) }

func (t *grantTable) removeGrant(g Grant) {
	list := t.grants[g.Source]
	i := slices.Index(list, g)
	if i < 0 {
		return
	}
	if len(list) == 1 {
		delete(t.grants, g.Source)
		return
	}
	t.grants[g.Source] = slices.Delete(list, i, i+1)
}

func (t *grantTable) addMember(m Membership) {
	if t.classes[m.Peer] == nil {
		t.classes[m.Peer] = map[string]int{}
	}
	t.classes[m.Peer][m.Class]++
}

func (t *grantTable) removeMember(m Membership) {
	c := t.classes[m.Peer]
	if c[m.Class]--; c[m.Class] <= 0 {
		delete(c, m.Class)
	}
	if len(c) == 0 {
		delete(t.classes, m.Peer)
	}
}

// peer joins all grants of the source that reach the peer, the widest bounds
// winning. A peer never gets its own source back.
func (t *grantTable) peer(id SourceID, peer string) (g Grant, ok bool) {
	if id.Peer == peer {
		return g, false
	}
	for _, o := range t.grants[id] {
		if o.Audience.Peer != "" && o.Audience.Peer != peer {
			continue
		}
		if o.Audience.Peer == "" && !t.contains(peer, o.Audience.Class) {
			continue
		}
		g, ok = widen(g, o, ok), true
	}
	return g, ok
}

func (t *grantTable) contains(peer, class string) bool {
	return t.classes[peer][class] > 0 || slices.Contains(t.fixed[peer], class)
}

func (t *grantTable) class(id SourceID, class string) (g Grant, ok bool) {
	for _, o := range t.grants[id] {
		if o.Audience.Peer == "" && o.Audience.Class == class {
			g, ok = widen(g, o, ok), true
		}
	}
	return g, ok
}

func widen(g, o Grant, both bool) Grant {
	if !both {
		return o
	}
	o.Priority = max(g.Priority, o.Priority)
	o.MinLayer, o.MaxLayer = max(g.MinLayer, o.MinLayer), max(g.MaxLayer, o.MaxLayer)
	o.MayPause = g.MayPause && o.MayPause
	o.Yield = min(g.Yield, o.Yield)
	return o
}

// maxIncrement is the number of changed entries above which the table is built
// anew: taking entries out of long lists one by one would then cost more.
const maxIncrement = 64

// routingChange is the difference between two routings, and whom it concerns.
type routingChange struct {
	addGrants, removeGrants   []Grant
	addMembers, removeMembers []Membership
}

// difference of two lists: what lies between their common beginning and end. One
// entry more or less, appended or at its place in the order, is a difference of
// one; anything else may be overstated, which costs time and changes nothing.
func difference[T comparable](old, now []T) (removed, added []T) {
	n := 0
	for n < len(old) && n < len(now) && old[n] == now[n] {
		n++
	}
	old, now = old[n:], now[n:]
	n = 0
	for n < len(old) && n < len(now) && old[len(old)-1-n] == now[len(now)-1-n] {
		n++
	}
	return old[:len(old)-n], now[:len(now)-n]
}

func (c *routingChange) size() int {
	return len(c.addGrants) + len(c.removeGrants) + len(c.addMembers) + len(c.removeMembers)
}

// apply brings the table from the old routing to the new one.
func (c *routingChange) apply(t *grantTable) {
	for _, g := range c.removeGrants {
		t.removeGrant(g)
	}
	for _, g := range c.addGrants {
		t.addGrant(g)
	}
	for _, m := range c.removeMembers {
		t.removeMember(m)
	}
	for _, m := range c.addMembers {
		t.addMember(m)
	}
}

// concerned are the sources and peers whose grants may have changed.
func (c *routingChange) concerned() (sources map[SourceID]bool, peers map[string]bool) {
	sources, peers = map[SourceID]bool{}, map[string]bool{}
	for _, list := range [...][]Grant{c.removeGrants, c.addGrants} {
		for _, g := range list {
			sources[g.Source] = true
		}
	}
	for _, list := range [...][]Membership{c.removeMembers, c.addMembers} {
		for _, m := range list {
			peers[m.Peer] = true
		}
	}
	return sources, peers
}

// Apply replaces the routing. When it returns, nothing of a closed grant is sent,
// repeated or tapped any more; closings come before openings. Its cost under the
// room's lock follows what changed, not the size of the room.
func (r *Room) Apply(rt Routing) error {
	r.applying.Lock()
	defer r.applying.Unlock()
	var c routingChange
	c.removeGrants, c.addGrants = difference(r.applied.Grants, rt.Grants)
	c.removeMembers, c.addMembers = difference(r.applied.Members, rt.Members)
	var rebuilt *grantTable
	if c.size() > maxIncrement {
		t := newGrantTable(rt)
		rebuilt = &t
	}
	sources, peers := c.concerned()
	if err := r.reroute(rt.Epoch, &c, rebuilt, sources, peers); err != nil {
		return err
	}
	for _, f := range r.feeds() { // without the room's lock: no room waits for another's
		f.quit()
	}
	// Copies: the caller's slices are its own.
	r.applied.Grants = append(r.applied.Grants[:0], rt.Grants...)
	r.applied.Members = append(r.applied.Members[:0], rt.Members...)
	if r.gallery != nil {
		return r.gallery.apply(rt)
	}
	return nil
}

func (r *Room) reroute(epoch uint64, c *routingChange, rebuilt *grantTable, sources map[SourceID]bool, peers map[string]bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("room: %w", ErrClosed)
	}
	if epoch < r.epoch {
		return fmt.Errorf("%w: %d after %d", ErrStaleEpoch, epoch, r.epoch)
	}
	r.epoch = epoch
	if rebuilt != nil {
		rebuilt.fixed = r.table.fixed
		r.table = *rebuilt
	} else {
		c.apply(&r.table)
	}
	now := r.engine.p.Now()
	r.noteMembers(c, now)
	for id := range sources {
		r.noteShown(id, now)
	}
	for _, open := range [...]bool{false, true} {
		for id := range peers {
			r.regrantPeer(id, now, open)
		}
		for id := range sources {
			r.regrantSource(id, now, open)
		}
	}
	r.refollow(now)
	return nil
}

// regrantPeer closes (or, in the second pass, opens) the sections of one peer by
// the present routing.
func (r *Room) regrantPeer(id string, now time.Time, open bool) {
	p := r.peers[id]
	if p == nil {
		return
	}
	for _, s := range p.sections {
		r.regrantSection(s, now, open)
		if !open && s.src.open == 0 {
			s.src.drain()
		}
	}
}

// regrantSource does the same with the sections and taps of one source.
func (r *Room) regrantSource(id SourceID, now time.Time, open bool) {
	src := r.sources[id]
	if src == nil {
		return
	}
	for _, s := range src.sections {
		r.regrantSection(s, now, open)
	}
	for _, t := range src.taps {
		if granted := t.tap.granted(&r.table, id); granted == open {
			t.regrant(granted, now)
		}
	}
	if !open && src.open == 0 {
		src.drain()
	}
}

func (r *Room) regrantSection(s *section, now time.Time, open bool) {
	g, granted := r.table.peer(s.src.id, s.peer.id)
	if granted = granted && !s.dead; granted == open {
		s.regrant(g, granted, now)
	}
}
