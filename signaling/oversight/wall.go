package oversight

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
)

// Bounds of walls.
const (
	// MaxTiles is how many hearings one wall shows at once.
	MaxTiles       = 25
	wallsOfAccount = 4 // a page that is loaded again has left one behind, for half a minute
	wallsOfNode    = 200
	maxFeeds       = 500              // hearings that are tapped for walls at once
	feedLingers    = 15 * time.Second // for who turns the page back
	fillsPerSec    = 2                // changes of one wall
	fillsBurst     = 20
)

// Screen is one wall's connection; *signaling.Wall.
type Screen interface {
	Offer(ctx context.Context, sdp string) (answer string, places []string, ref *hearing.Refusal)
	Show([]signaling.WallTile) []signaling.WallTile
	Stills(only bool)
	Close()
}

// Feed is a hearing's picture on its way to the walls; *sfu.Feed.
type Feed interface {
	// Close ends it: nothing of it is sent when it returns.
	Close()
	// Over tells whether it has ended, also with the hearing.
	Over() bool
}

// WallMedia is where pictures of hearings come together; *signaling.Walls with its
// connections as Screens.
type WallMedia interface {
	Feed(hearing string, class hearing.Class, as string) (Feed, *hearing.Refusal)
	Apply([]signaling.WallGrant) error
	Open(signaling.WallParams) (Screen, *hearing.Refusal)
}

// walls are those of the node. Lock order: walls.mu, then whatever the sfu holds; the
// sfu's goroutines that call back hold nothing.
type walls struct {
	mu     sync.Mutex
	closed bool
	open   map[string]*wall
	feeds  map[string]*fed // by the name in the room of the walls
	given  []signaling.WallGrant
}

// fed is a hearing's picture in the room of the walls.
type fed struct {
	hearing string
	feed    Feed
	live    bool      // somebody looks
	left    time.Time // since when nobody does
}

// wall is many hearings that somebody follows side by side.
type wall struct {
	id, signIn string
	who        auth.Official
	now        auth.Official // who, as last known to Run alone
	again      func(context.Context) (auth.Official, error)
	screen     Screen
	places     []string
	tiles      []tile // one for each place
	flows      bool
	changes    *rate.Limiter // of tiles
}

// tile is what stands in a place; the zero tile is nothing.
type tile struct {
	hearing, as string
	class       hearing.Class
	court       court.UnitID
	logged      string // in Params.Log, while it flows
}

// WallAsk is what somebody who opens a wall sends; SignIn and Again are those of Ask.
type WallAsk struct {
	SDP    string
	SignIn string
	Again  func(context.Context) (auth.Official, error)
}

// OpenWall begins a wall with nothing on it and answers the offer. Errors: ErrTooMany,
// also where there are no walls at all, and a *hearing.Refusal for the offer.
func (w *Watchers) OpenWall(ctx context.Context, who auth.Official, a WallAsk) (id, answer string, places int, err error) {
	if w.p.Walls == nil {
		return "", "", 0, ErrTooMany
	}
	v := &wall{id: rand.Text(), who: who, now: who, signIn: a.SignIn, again: a.Again, changes: rate.NewLimiter(fillsPerSec, fillsBurst)}
	if err := w.walls.enter(v); err != nil {
		return "", "", 0, err
	}
	screen, ref := w.p.Walls.Open(signaling.WallParams{
		Viewer: "wall-" + v.id, Unit: who.Unit,
		Flows: func(yes bool) { w.wallFlows(v, yes) }, Ended: func() { w.leaveWall(v.id) },
	})
	if ref != nil {
		w.leaveWall(v.id)
		return "", "", 0, ref
	}
	if !w.walls.opened(v, screen) {
		screen.Close()
		return "", "", 0, store.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, offerTime)
	defer cancel()
	answer, mids, ref := screen.Offer(ctx, a.SDP)
	if ref != nil {
		w.endWall(v)
		return "", "", 0, ref
	}
	w.walls.mu.Lock()
	defer w.walls.mu.Unlock()
	v.places, v.tiles = mids, make([]tile, len(mids))
	return v.id, answer, len(mids), nil
}

// enter takes a place among the walls.
func (l *walls) enter(v *wall) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := 0
	for _, o := range l.open {
		own += count(o.who.ID == v.who.ID)
	}
	if l.closed || own >= wallsOfAccount || len(l.open) >= wallsOfNode {
		return ErrTooMany
	}
	l.open[v.id] = v
	return nil
}

func (l *walls) opened(v *wall, s Screen) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.open[v.id] == nil {
		return false
	}
	v.screen = s
	return true
}

// wallFlows notes that the wall's connection is up or lost: so long all that stands on
// it is followed.
func (w *Watchers) wallFlows(v *wall, yes bool) {
	w.walls.mu.Lock()
	defer w.walls.mu.Unlock()
	if w.walls.open[v.id] == nil || v.flows == yes {
		return
	}
	v.flows = yes
	for i := range v.tiles {
		w.logTile(v, &v.tiles[i], yes)
	}
}

// logTile begins or ends the entry of what stands in a place.
func (w *Watchers) logTile(v *wall, t *tile, yes bool) {
	if t.hearing == "" {
		return
	}
	what := noteEnded
	if yes {
		what = noteBegan
	}
	w.p.Note(t.court, t.hearing, v.who.ID, what)
	t.logged = w.entry(t.hearing, v.who, yes, t.logged)
}

// leaveWall gives the wall up; true when it was there, with a connection.
func (w *Watchers) leaveWall(id string) bool {
	l := &w.walls
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.open[id]
	delete(l.open, id)
	if v == nil {
		return false
	}
	for i := range v.tiles {
		if v.flows {
			w.logTile(v, &v.tiles[i], false)
		}
	}
	v.flows, v.tiles = false, nil
	w.regrant()
	return v.screen != nil
}

// endWall ends a wall: nothing flows when it returns.
func (w *Watchers) endWall(v *wall) {
	if w.leaveWall(v.id) {
		v.screen.Close()
	}
}

// EndWall ends the account's own wall; store.ErrNotFound: it has none of that id.
func (w *Watchers) EndWall(who auth.Official, id string) error {
	w.walls.mu.Lock()
	v := w.walls.open[id]
	own := v != nil && v.who.ID == who.ID && v.screen != nil
	w.walls.mu.Unlock()
	if !own {
		return store.ErrNotFound
	}
	w.endWall(v)
	return nil
}

// Tile is a place of a wall, in their order, and what came of it: "" is nothing, for
// what may not be followed, or not now.
type Tile struct {
	Place   string // MID
	Hearing string
	Sent    bool
	After   uint32 // RTP timestamp: later pictures are of the hearing
	// Still: what comes is a picture from time to time, since the line carries no more or
	// nothing is to move. Stands: one of the hearing as it is now has been sent.
	Still, Stands bool
}

// Page is what somebody wants to see on a wall.
type Page struct {
	Hearings []string
	Stills   bool // nothing is to move
}

// Fill puts hearings into the places of the account's wall, the first into the first.
// What lies outside of the scope is left out like what does not exist. Errors:
// store.ErrNotFound without such a wall, ErrTooMany when it changes too often.
func (w *Watchers) Fill(ctx context.Context, who auth.Official, id string, page Page) ([]Tile, error) {
	scope, err := w.p.Courts(ctx, who, w.p.Now())
	if err != nil {
		return nil, err
	}
	may := w.followable(scope, who.Unit)
	others := map[string]court.UnitID{}
	for _, l := range w.p.Live() {
		others[l.ID] = l.Unit
	}
	w.walls.mu.Lock()
	defer w.walls.mu.Unlock()
	v := w.walls.open[id]
	if v == nil || v.who.ID != who.ID || v.places == nil {
		return nil, store.ErrNotFound
	}
	if !v.changes.AllowN(w.p.Now(), 1) {
		return nil, ErrTooMany
	}
	v.screen.Stills(page.Stills)
	want := make([]tile, len(v.places))
	for i, h := range page.Hearings[:min(len(page.Hearings), len(want))] {
		t, ok := may[h]
		switch {
		case !ok && others[h] != "":
			w.p.Note(others[h], h, who.ID, noteDenied)
		case !ok:
		case !slices.ContainsFunc(want, func(o tile) bool { return o.hearing == h }) && w.feed(t):
			want[i] = t
		}
	}
	return w.put(v, want), nil
}

// followable are the hearings of the scope that the court lets the unit follow now, as
// tiles.
func (w *Watchers) followable(scope court.Scope, unit court.UnitID) map[string]tile {
	may := map[string]tile{}
	for _, l := range w.p.Live() {
		if class := l.MonitoredAs(unit); class != "" && scope.Covers(l.Unit) {
			may[l.ID] = tile{hearing: l.ID, as: feedName(l.ID, class), class: class, court: l.Unit}
		}
	}
	return may
}

// feedName is what a hearing's picture is called among the walls: what a court released
// to one unit alone is another picture than what all may see.
func feedName(hearingID string, class hearing.Class) string {
	if class == hearing.ClassMonitors {
		return hearingID
	}
	sum := sha256.Sum256([]byte(class))
	return hearingID + "-" + hex.EncodeToString(sum[:8])
}

// feed sees to it that the hearing's picture comes; under the lock.
func (w *Watchers) feed(t tile) bool {
	l := &w.walls
	was := l.feeds[t.as]
	switch {
	case was != nil && !was.feed.Over():
		return true
	case was == nil && len(l.feeds) >= maxFeeds:
		return false
	}
	f, ref := w.p.Walls.Feed(t.hearing, t.class, t.as)
	if ref != nil {
		return false
	}
	l.feeds[t.as] = &fed{hearing: t.hearing, feed: f, live: was != nil && was.live, left: w.p.Now()}
	if was != nil {
		w.count.again(t.hearing)
	}
	return true
}

// put fills the places of a wall: rights first, then what is shown; under the lock.
func (w *Watchers) put(v *wall, want []tile) []Tile {
	w.relog(v, want)
	v.tiles = want
	w.regrant()
	list := make([]signaling.WallTile, 0, len(want))
	for i, t := range want {
		list = append(list, signaling.WallTile{Place: v.places[i], As: t.as})
	}
	out := make([]Tile, 0, len(want))
	for _, t := range v.screen.Show(list) {
		if i := slices.Index(v.places, t.Place); i >= 0 {
			out = append(out, Tile{Place: t.Place, Hearing: want[i].hearing, Sent: t.Sent, After: t.After, Still: t.Still, Stands: t.Stands})
		}
	}
	return out
}

// relog ends the entries of what leaves the wall and begins those of what comes; what
// merely moves goes on.
func (w *Watchers) relog(v *wall, want []tile) {
	stays := map[string]bool{}
	for i := range want {
		was := slices.IndexFunc(v.tiles, func(t tile) bool { return t.hearing == want[i].hearing && t.as == want[i].as })
		if want[i].hearing != "" && was >= 0 {
			want[i].logged = v.tiles[was].logged
			stays[want[i].as] = true
		}
	}
	if !v.flows {
		return
	}
	for i := range v.tiles {
		if !stays[v.tiles[i].as] {
			w.logTile(v, &v.tiles[i], false)
		}
	}
	for i := range want {
		if !stays[want[i].as] {
			w.logTile(v, &want[i], true)
		}
	}
}

// regrant lets each unit see what stands on its walls, and nothing else; under the lock.
func (w *Watchers) regrant() {
	l := &w.walls
	set := map[signaling.WallGrant]bool{}
	seen := map[string]bool{}
	for _, v := range l.open {
		for _, t := range v.tiles {
			if t.hearing != "" {
				set[signaling.WallGrant{As: t.as, Unit: v.who.Unit}] = true
				seen[t.as] = true
			}
		}
	}
	for as, f := range l.feeds {
		if f.live && !seen[as] {
			f.left = w.p.Now()
		}
		f.live = seen[as]
	}
	grants := slices.SortedFunc(maps.Keys(set), func(a, b signaling.WallGrant) int {
		return cmp.Or(cmp.Compare(a.As, b.As), cmp.Compare(a.Unit, b.Unit))
	})
	if slices.Equal(grants, l.given) {
		return
	}
	if err := w.p.Walls.Apply(grants); err != nil {
		w.p.Logger.Warn("rights of walls not applied", "err", err)
		return
	}
	l.given = grants
}

// recheckWalls ends walls whose sign-in has ended, takes off what may not be followed any
// more, and ends pictures at which nobody looks.
func (w *Watchers) recheckWalls(ctx context.Context, asked *look) {
	l := &w.walls
	l.mu.Lock()
	list := slices.Collect(maps.Values(l.open))
	l.mu.Unlock()
	may := map[follower]map[string]tile{}
	for _, v := range list {
		var ok bool
		if v.now, ok = asked.hold(ctx, cmp.Or(v.signIn, v.id), v.now, v.again); !ok {
			w.endWall(v)
			continue
		}
		key := follower{v.who.Unit, v.who.ID}
		if _, ok := may[key]; !ok {
			scope, err := asked.scope(ctx, v.now)
			if err != nil {
				continue // nobody's right can be taken while the database is away
			}
			may[key] = w.followable(scope, v.who.Unit)
		}
		w.takeOff(v, may[key])
	}
	w.endFeeds()
}

// takeOff clears the places of what may not be followed any more, or cannot: a hearing
// that began anew on this node is fed anew.
func (w *Watchers) takeOff(v *wall, may map[string]tile) {
	w.walls.mu.Lock()
	defer w.walls.mu.Unlock()
	if w.walls.open[v.id] == nil || v.places == nil {
		return
	}
	want := slices.Clone(v.tiles)
	changed := false
	for i, t := range want {
		if t.hearing != "" && (may[t.hearing].as != t.as || !w.feed(t)) {
			want[i], changed = tile{}, true
		}
	}
	if changed {
		w.put(v, want)
		return
	}
	w.regrant() // somebody looks at what is fed anew
}

// endFeeds ends the pictures that nobody has looked at for a while, and those of hearings
// that are not open here any more.
func (w *Watchers) endFeeds() {
	here := map[string]bool{}
	for _, h := range w.p.Live() {
		here[h.ID] = true
	}
	l := &w.walls
	l.mu.Lock()
	defer l.mu.Unlock()
	now := w.p.Now()
	for as, f := range l.feeds {
		if l.closed || !here[f.hearing] || f.feed.Over() || !f.live && now.Sub(f.left) >= feedLingers {
			delete(l.feeds, as)
			f.feed.Close()
		}
	}
}

// endWalls ends all of them, for good.
func (w *Watchers) endWalls() {
	l := &w.walls
	l.mu.Lock()
	l.closed = true
	list := slices.Collect(maps.Values(l.open))
	l.mu.Unlock()
	for _, v := range list {
		if v.screen != nil {
			w.endWall(v)
		}
	}
	w.endFeeds()
}
