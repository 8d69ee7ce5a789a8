// Package oversight keeps those who follow hearings from outside: the procuracy's heads,
// each within the scope of their unit, and deputies within what these lend, each hearing by the court's decision. It finds who
// may, hands them to the hearing, and ends them when they may no more; what they receive
// in every moment is decided by the hearing's own routes, in the sfu.
package oversight

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
)

// Bounds.
const (
	maxOfAccount = 32                     // hearings that one account follows at once
	maxOfHearing = 200                    // who follow one hearing, so that those who take part find room
	maxSame      = 2                      // connections of an account to one hearing: one goes as the next comes
	maxAll       = 1000                   // of the node
	maxWaiting   = 200                    // of the node that have no connection yet
	recheckEvery = 500 * time.Millisecond // whether who follows still may
	recheckTime  = 5 * time.Second        // for one look at all of them
	offerTime    = 10 * time.Second
)

// What the access log keeps.
const (
	noteBegan  = "watch.began"
	noteEnded  = "watch.ended"
	noteDenied = "denied.watch"
)

// ErrTooMany: the account, or the node, follows as many hearings as it may.
var ErrTooMany = errors.New("oversight: too many hearings at once")

// Watching is one connection of somebody who follows; *signaling.Watching.
type Watching interface {
	Offer(ctx context.Context, sdp string) (string, *hearing.Refusal)
	Show(width, height int)
	Camera(device string)
	Close()
}

// Params of New. All but Rank, Walls, Log, Followed and Logger are needed.
type Params struct {
	// Courts is whose hearings an official may follow at a time, by the unit and the roles
	// in who (Scopes.Of).
	Courts func(ctx context.Context, who auth.Official, at time.Time) (court.Scope, error)
	// Live are the hearings of this node, without waiting.
	Live func() []signaling.LiveHearing
	// Join begins to follow one.
	Join func(signaling.WatchParams) (Watching, *hearing.Refusal)
	// Rank is the height of a court's level from the top (units.Level.Rank); nil: all are 0.
	Rank func(court.UnitID) int
	// Walls is where many are followed side by side; nil: nowhere.
	Walls WallMedia
	Note  func(unit court.UnitID, hearing, account, what string) // for the access log
	// Log keeps who followed what from when to when; nil: nobody asks for it.
	Log Log
	// Followed hears who follows a hearing whenever that changes, and waits for nothing;
	// nil: nobody asks.
	Followed func(hearing string, list []Follower)
	Now      func() time.Time
	Logger   *slog.Logger
}

// Log takes beginnings and ends without waiting; *watchlog.Log.
type Log interface {
	Began(hearing string, unit court.UnitID, official string) (id string)
	Ended(id string)
}

// Watchers is safe for concurrent use.
type Watchers struct {
	p Params

	mu     sync.Mutex
	closed bool
	open   map[string]*session // by id

	walls walls
	count followers
}

// session is a hearing that somebody follows.
type session struct {
	id, hearing string
	court       court.UnitID
	who         auth.Official
	now         auth.Official // who, as last known to Run alone
	signIn      string
	again       func(context.Context) (auth.Official, error)
	watching    Watching
	flows       bool
	began       bool   // it has flowed
	logged      string // in Params.Log, while it flows
}

// New makes Watchers without anybody; Run looks after them.
func New(p Params) *Watchers {
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	return &Watchers{
		p: p, open: map[string]*session{}, walls: walls{open: map[string]*wall{}, feeds: map[string]*fed{}},
		count: followers{told: p.Followed, of: map[string]map[follower]int{}},
	}
}

// Item is a hearing of somebody's scope.
type Item struct {
	Hearing, DocketNo string
	Unit              court.UnitID
	Status            hearing.Status
	Phase             court.Phase
	Since             int64 // of Status, UTC unix microseconds
	// Released: the court lets it be followed; what there is to see depends on Status.
	Released   bool
	Visibility hearing.Visibility // also "deliberation"
	Level      int                // of the court, 0 is the top
	// Alarm, told of what is released: a point is lost, or the recording is in trouble.
	Alarm bool
}

// List is what lies in the scope of the official and is open on this node, in the
// order of courts and docket numbers.
func (w *Watchers) List(ctx context.Context, who auth.Official) ([]Item, error) {
	scope, err := w.p.Courts(ctx, who, w.p.Now())
	if err != nil {
		return nil, err
	}
	list := []Item{}
	for _, l := range w.p.Live() {
		if scope.Covers(l.Unit) {
			list = append(list, Item{
				Hearing: l.ID, DocketNo: l.DocketNo, Unit: l.Unit, Status: l.Status, Phase: l.Phase, Since: l.Since,
				Released: l.Monitored(who.Unit), Visibility: l.Visibility,
				Level: w.rank(l.Unit), Alarm: l.Monitored(who.Unit) && inTrouble(&l),
			})
		}
	}
	slices.SortFunc(list, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.DocketNo, b.DocketNo), cmp.Compare(a.Hearing, b.Hearing))
	})
	return list, nil
}

func (w *Watchers) rank(c court.UnitID) int {
	if w.p.Rank == nil {
		return 0
	}
	return w.p.Rank(c)
}

func inTrouble(l *signaling.LiveHearing) bool {
	return l.Trouble != "" || slices.ContainsFunc(l.Points, func(p signaling.LivePoint) bool { return p.Light == "lost" })
}

// Look is what somebody who follows a hearing reads beside its picture.
type Look struct {
	Points      []signaling.LivePoint
	Procurators []string
	Cameras     []signaling.LiveCamera // that can be chosen now
}

// Look tells of a hearing that the official may follow now. Any other is
// store.ErrNotFound, like one that does not exist.
func (w *Watchers) Look(ctx context.Context, who auth.Official, id string) (Look, error) {
	scope, err := w.p.Courts(ctx, who, w.p.Now())
	if err != nil {
		return Look{}, err
	}
	for _, l := range w.p.Live() {
		if l.ID != id || !scope.Covers(l.Unit) || !l.Monitored(who.Unit) {
			continue
		}
		look := Look{Points: l.Points, Procurators: l.Procurators}
		if l.Cameras != nil {
			look.Cameras = l.Cameras(who.Unit)
		}
		return look, nil
	}
	return Look{}, store.ErrNotFound
}

// Camera chooses whose camera the account's own session shows, "" for who has the floor.
func (w *Watchers) Camera(who auth.Official, id, device string) error {
	s, err := w.of(who, id)
	if err == nil {
		s.watching.Camera(device)
	}
	return err
}

// Ask is what somebody who wants to follow a hearing sends.
type Ask struct {
	Hearing       string
	SDP           string // the browser's offer, which receives only
	Width, Height int    // pixels at which the picture is shown
	// SignIn is one for all that is asked under the same sign-in, and no secret. Again
	// tells, as long as the connection lasts, whose it is: it may end.
	SignIn string
	Again  func(context.Context) (auth.Official, error)
}

// Watch begins to follow a hearing and answers the offer. A hearing outside of the scope
// is store.ErrNotFound like one that does not exist. Other errors: ErrTooMany, and a
// *hearing.Refusal by the court's decision or for the offer.
func (w *Watchers) Watch(ctx context.Context, who auth.Official, a Ask) (id, answer string, err error) {
	list, err := w.List(ctx, who)
	if err != nil {
		return "", "", err
	}
	at := slices.IndexFunc(list, func(i Item) bool { return i.Hearing == a.Hearing })
	if at < 0 {
		return "", "", store.ErrNotFound
	}
	s := &session{id: rand.Text(), hearing: a.Hearing, court: list[at].Unit, who: who, now: who, signIn: a.SignIn, again: a.Again}
	if err := w.enter(s); err != nil {
		return "", "", err
	}
	watching, ref := w.p.Join(signaling.WatchParams{
		Hearing: a.Hearing, Viewer: "watch-" + s.id, Unit: who.Unit,
		Flows: func(yes bool) { w.flows(s, yes) }, Ended: func() { w.leave(s.id) },
	})
	if ref != nil {
		w.leave(s.id)
		w.p.Note(s.court, s.hearing, who.ID, noteDenied)
		return "", "", ref
	}
	if !w.joined(s, watching) { // everybody was sent out meanwhile
		watching.Close()
		return "", "", store.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, offerTime)
	defer cancel()
	if answer, ref = watching.Offer(ctx, a.SDP); ref != nil {
		w.end(s)
		return "", "", ref
	}
	watching.Show(a.Width, a.Height)
	return s.id, answer, nil
}

// enter takes a place.
func (w *Watchers) enter(s *session) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var own, here, same, waiting int
	for _, o := range w.open {
		mine, at := o.who.ID == s.who.ID, o.hearing == s.hearing
		own, here, same, waiting = own+count(mine), here+count(at), same+count(mine && at), waiting+count(!o.began)
	}
	if w.closed || own >= maxOfAccount || here >= maxOfHearing || same >= maxSame || waiting >= maxWaiting || len(w.open) >= maxAll {
		return ErrTooMany
	}
	w.open[s.id] = s
	return nil
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// joined notes the connection; false: the place is gone, or everybody is being sent out.
func (w *Watchers) joined(s *session, watching Watching) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.open[s.id] == nil {
		return false
	}
	s.watching = watching
	return true
}

// flows notes that the connection carries something, or does no more: who merely asked,
// or whose line lets nothing through, has followed nothing.
func (w *Watchers) flows(s *session, yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open[s.id] == nil || s.flows == yes {
		return
	}
	s.flows = yes
	if !s.began {
		s.began = true
		w.p.Note(s.court, s.hearing, s.who.ID, noteBegan)
	}
	w.log(s)
}

// log begins or ends the entry of what flows; under the lock.
func (w *Watchers) log(s *session) {
	s.logged = w.entry(s.hearing, s.who, s.flows, s.logged)
}

// entry begins a watching, or ends the one that is logged.
func (w *Watchers) entry(hearing string, who auth.Official, begins bool, logged string) string {
	n := 1
	switch {
	case !begins:
		if n = -1; w.p.Log != nil {
			w.p.Log.Ended(logged)
		}
		logged = ""
	case w.p.Log != nil:
		logged = w.p.Log.Began(hearing, who.Unit, who.ID)
	}
	w.count.add(hearing, follower{who.Unit, who.ID}, n)
	return logged
}

// leave gives the place up; true when it was there, with a connection.
func (w *Watchers) leave(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.open[id]
	delete(w.open, id)
	if s == nil || s.watching == nil {
		return false
	}
	if s.flows {
		s.flows = false
		w.log(s)
	}
	if s.began {
		w.p.Note(s.court, s.hearing, s.who.ID, noteEnded)
	}
	return true
}

// end ends a session: nothing flows when it returns.
func (w *Watchers) end(s *session) {
	if w.leave(s.id) {
		s.watching.Close()
	}
}

// of is the account's own session; store.ErrNotFound: it has none of that id.
func (w *Watchers) of(who auth.Official, id string) (*session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.open[id]
	if s == nil || s.who.ID != who.ID || s.watching == nil {
		return nil, store.ErrNotFound
	}
	return s, nil
}

// Show says at what size the picture is shown now.
func (w *Watchers) Show(who auth.Official, id string, width, height int) error {
	s, err := w.of(who, id)
	if err == nil {
		s.watching.Show(width, height)
	}
	return err
}

// End stops following.
func (w *Watchers) End(who auth.Official, id string) error {
	s, err := w.of(who, id)
	if err == nil {
		w.end(s)
	}
	return err
}

// Run looks, until ctx ends, whether everybody who follows still may, and then ends all.
func (w *Watchers) Run(ctx context.Context) {
	t := time.NewTicker(recheckEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			w.mu.Lock()
			w.closed = true
			w.mu.Unlock()
			for _, s := range w.sessions() {
				w.end(s)
			}
			w.endWalls()
			return
		case <-t.C:
			w.recheck(ctx)
		}
	}
}

func (w *Watchers) sessions() []*session {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]*session, 0, len(w.open))
	for _, s := range w.open {
		if s.watching != nil {
			list = append(list, s)
		}
	}
	return list
}

// recheck ends who has signed out, lost the role, or whose scope the hearing has left.
// While the database is away nobody's right can be taken, and nobody is ended but by what
// was known. A sign-in is asked for once, however many hearings it follows.
func (w *Watchers) recheck(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recheckTime)
	defer cancel()
	asked := &look{w: w}
	for _, s := range w.sessions() {
		var ok bool
		if s.now, ok = asked.hold(ctx, cmp.Or(s.signIn, s.id), s.now, s.again); !ok {
			w.end(s)
			continue
		}
		if scope, err := asked.scope(ctx, s.now); err == nil && !scope.Covers(s.court) {
			w.end(s)
		}
	}
	if w.p.Walls != nil {
		w.recheckWalls(ctx, asked)
	}
}

// look remembers what one look at all who follow has asked for.
type look struct {
	w      *Watchers
	held   map[string]held // by sign-in
	scopes map[follower]scoped
}

type held struct {
	who auth.Official
	ok  bool
}

type scoped struct {
	scope court.Scope
	err   error
}

// hold tells whether the sign-in still is the official's, a head or a deputy of the same
// unit, and what the official is now. While the database is away it does, as what was
// known last: nobody who was a head has that scope as a deputy.
func (k *look) hold(ctx context.Context, signIn string, who auth.Official, again func(context.Context) (auth.Official, error)) (auth.Official, bool) {
	if h, asked := k.held[signIn]; asked {
		return h.who, h.ok
	}
	now, err := again(ctx)
	h := held{who, !errors.Is(err, auth.ErrNoSession)}
	if err == nil {
		h = held{now, now.ID == who.ID && now.Unit == who.Unit && (now.Has(store.RoleProcuracyHead) || now.Has(store.RoleProcuracyDeputy))}
	}
	if k.held == nil {
		k.held = map[string]held{}
	}
	k.held[signIn] = h
	return h.who, h.ok
}

// scope is what the official may follow now.
func (k *look) scope(ctx context.Context, who auth.Official) (court.Scope, error) {
	key := follower{who.Unit, who.ID}
	s, asked := k.scopes[key]
	if !asked {
		s.scope, s.err = k.w.p.Courts(ctx, who, k.w.p.Now())
		if k.scopes == nil {
			k.scopes = map[follower]scoped{}
		}
		k.scopes[key] = s
	}
	return s.scope, s.err
}
