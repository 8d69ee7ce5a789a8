// Package archives is the law of who gets to see sealed evidence: how far a court
// reaches (its own archives and those of dissolved courts that it succeeds), who
// asks for what, who allows it until when, and what an access leaves behind. It
// touches no file.
package archives

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Limits (docs/limits.md).
const (
	MaxGrant     = 30 * 24 * time.Hour // of one grant
	MaxYears     = 100                 // of a retention class that is not permanent
	SameView     = 5 * time.Minute     // accesses of one kind by one grant are noted once in
	maxSeen      = 4096                // accesses remembered for that
	maxReplayed  = 100_000             // lines of a log looked through for closed doors
	maxInherited = 64                  // steps from a dissolved court to its last successor
)

// Permanent is the retention class of what is never disposed of.
const Permanent = "permanent"

// Store is what this package asks of the database; store.Store has it.
type Store interface {
	store.Archives
	Units(ctx context.Context, sc court.Scope) ([]store.Unit, error)
	Account(ctx context.Context, sc court.Scope, id string) (store.Account, error)
	Hearing(ctx context.Context, sc court.Scope, id string) (store.Hearing, error)
	Read(ctx context.Context, sc court.Scope, hearing string, from uint64, limit int) ([]store.Line, error)
}

// Refusal is why not, with a stable code and a sentence in both languages.
type Refusal struct{ Code, Vi, En string }

// Error makes a Refusal an error.
func (r *Refusal) Error() string { return "archives: " + r.Code + ": " + r.En }

// Params of New.
type Params struct {
	Store Store
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
}

// Archives applies the law. It is safe for concurrent use and owns no goroutine.
type Archives struct {
	p Params

	mu    sync.Mutex
	seen  map[store.ArchiveView]time.Time // without At
	doors map[string]doors                // by hearing
}

// doors is how far a hearing's log was looked through for closed ones.
type doors struct {
	seq    uint64
	closed bool // once is for ever
}

// New wires the package.
func New(p Params) *Archives {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	return &Archives{p: p, seen: map[store.ArchiveView]time.Time{}, doors: map[string]doors{}}
}

// Reach is how far a court reaches into the archives: its own, and those of
// dissolved courts whose last successor it is (Resolution 81/2025/UBTVQH15 put new
// courts in the place of old ones). Units are all of them, by id.
type Reach struct {
	Scope court.Scope
	Units map[court.UnitID]store.Unit
}

// Reach of the unit at this time.
func (a *Archives) Reach(ctx context.Context, own court.UnitID) (Reach, error) {
	all, err := a.p.Store.Units(ctx, court.SystemScope())
	if err != nil {
		return Reach{}, err
	}
	by := make(map[court.UnitID]store.Unit, len(all))
	for _, u := range all {
		by[u.ID] = u
	}
	now := a.p.Now().UnixMicro()
	reached := []court.UnitID{own}
	r := Reach{Units: map[court.UnitID]store.Unit{}}
	if u, ok := by[own]; ok {
		r.Units[own] = u
	}
	for _, u := range all {
		if u.ID != own && heir(by, u, now) == own {
			reached = append(reached, u.ID)
			r.Units[u.ID] = u
		}
	}
	r.Scope = court.ScopeOf(reached...)
	return r, nil
}

// heir is the unit that holds the archives of u: u itself while it is valid, else
// its successor's heir. A chain that ends nowhere or bites its tail gives nobody.
func heir(by map[court.UnitID]store.Unit, u store.Unit, now int64) court.UnitID {
	for range maxInherited {
		if u.ValidTo == 0 || u.ValidTo > now {
			return u.ID
		}
		next, ok := by[u.Successor]
		if !ok {
			return ""
		}
		u = next
	}
	return ""
}

// Closed tells whether a hearing was behind closed doors at any time, by its log. A
// hearing whose log cannot tell counts as closed. The evidence has no classes of its
// own yet, so this is about the hearing as a whole. What was looked through once is
// not looked through again: a log only grows.
func (a *Archives) Closed(ctx context.Context, sc court.Scope, id string) (bool, error) {
	a.mu.Lock()
	d := a.doors[id]
	a.mu.Unlock()
	for d.seq < maxReplayed {
		// Also when the answer is known: it is for who reaches the hearing alone.
		lines, err := a.p.Store.Read(ctx, sc, id, d.seq+1, store.MaxReadLines)
		if err != nil {
			return true, err
		}
		for _, l := range lines {
			closes, err := closesDoors(l.Line)
			if err != nil {
				return true, fmt.Errorf("line %d of hearing %s: %w", l.Seq, id, err)
			}
			d.closed, d.seq = d.closed || closes, l.Seq
		}
		if d.closed || len(lines) < store.MaxReadLines {
			break
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.doors) >= maxSeen {
		clear(a.doors)
	}
	a.doors[id] = d
	return d.closed || d.seq == 0 || d.seq >= maxReplayed, nil
}

// closesDoors tells of one line of a state log.
func closesDoors(line []byte) (bool, error) {
	e, err := hearing.ParseEvent(line)
	if err != nil {
		return false, err
	}
	switch b := e.Body.(type) {
	case hearing.Booked:
		return b.Booking.Visibility == hearing.ClosedDoors, nil
	case hearing.VisibilitySet:
		return b.To == hearing.ClosedDoors, nil
	}
	return false, nil
}

// Ask asks to see a hearing's archive for a purpose.
func (a *Archives) Ask(ctx context.Context, who auth.Official, sc court.Scope, id, purpose string, download, closed bool) (store.ArchiveRequest, error) {
	r, err := a.put(ctx, who, sc, store.ArchiveRequest{Hearing: id, Purpose: purpose, Download: download, Closed: closed})
	if errors.Is(err, store.ErrConflict) {
		err = &Refusal{
			"asked_already", "Ông/bà đã có một đề nghị khai thác hồ sơ này đang chờ phê duyệt.",
			"You have a request for this archive that waits for a decision.",
		}
	}
	return r, err
}

// put adds a request of an official.
func (a *Archives) put(ctx context.Context, who auth.Official, sc court.Scope, r store.ArchiveRequest) (store.ArchiveRequest, error) {
	h, err := a.p.Store.Hearing(ctx, sc, r.Hearing)
	if err != nil {
		return r, err
	}
	r.Unit, r.Account, r.At = h.Unit, who.ID, a.now()
	if r.ID, err = a.newID(); err != nil {
		return r, err
	}
	return r, a.p.Store.PutArchiveRequest(ctx, sc, r, a.entry(who, h.Unit, "archive.asked", r.Hearing, "request "+r.ID+aboutCopy(r)))
}

// Decision of a request.
type Decision struct {
	Grant    bool
	Reason   string        // of a refusal; with a grant a condition, or empty
	For      time.Duration // of a grant, at most MaxGrant
	Download bool
	// Closed names, with the grant, what was behind closed doors: without it no
	// such hearing is granted.
	Closed bool
}

// Decide settles a request that waits, in the name of a chief judge or whom the
// court gave that role.
func (a *Archives) Decide(ctx context.Context, who auth.Official, sc court.Scope, id string, d Decision) (store.ArchiveRequest, error) {
	r, err := a.p.Store.ArchiveRequest(ctx, sc, id)
	if err != nil {
		return r, err
	}
	x := store.ArchiveDecision{Outcome: store.Refused, Reason: d.Reason}
	what := "archive.refused"
	if d.Grant {
		closed, err := a.Closed(ctx, sc, r.Hearing)
		if err != nil {
			return r, err
		}
		if closed && !d.Closed {
			return r, closedNotNamed()
		}
		x = store.ArchiveDecision{
			Outcome: store.Granted, Reason: d.Reason, Until: a.now().Add(min(d.For, MaxGrant)),
			Download: d.Download || r.Copy != nil, Closed: closed,
		}
		what = "archive.granted"
	}
	return a.settle(ctx, who, sc, r, x, what)
}

// End takes a waiting request back, or ends a grant: who asked may, and who decides.
func (a *Archives) End(ctx context.Context, who auth.Official, sc court.Scope, id, reason string) (store.ArchiveRequest, error) {
	r, err := a.p.Store.ArchiveRequest(ctx, sc, id)
	if err != nil {
		return r, err
	}
	decides := who.Has(store.RoleChiefJudge)
	if r.Account != who.ID && !decides {
		return r, store.ErrNotFound // another's request is nobody's business
	}
	if r.Outcome == "" && r.Account != who.ID {
		return r, decideInstead()
	}
	return a.settle(ctx, who, sc, r, store.ArchiveDecision{Outcome: store.Ended, Reason: reason}, "archive.ended")
}

func (a *Archives) settle(ctx context.Context, who auth.Official, sc court.Scope, r store.ArchiveRequest, x store.ArchiveDecision, what string) (store.ArchiveRequest, error) {
	detail := "request " + r.ID + aboutCopy(r)
	if x.Outcome == store.Granted {
		detail += " until " + x.Until.UTC().Format(time.RFC3339) + " download " + strconv.FormatBool(x.Download) + " closed " + strconv.FormatBool(x.Closed)
	}
	out, err := a.p.Store.SettleArchiveRequest(ctx, sc, r.ID, x, a.entry(who, r.Unit, what, r.Hearing, detail))
	if errors.Is(err, store.ErrConflict) {
		if r.Account == who.ID && x.Outcome != store.Ended {
			return r, ownRequest()
		}
		return r, settledAlready()
	}
	return out, err
}

// Saw notes an access, before anything is shown. Equal ones within SameView are one.
func (a *Archives) Saw(ctx context.Context, sc court.Scope, v store.ArchiveView) error {
	now := a.now()
	v.At = time.Time{}
	a.mu.Lock()
	last, known := a.seen[v]
	a.mu.Unlock()
	if known && now.Sub(last) < SameView {
		return nil
	}
	entry := v
	entry.At = now
	if err := a.p.Store.PutArchiveView(ctx, sc, entry); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) >= maxSeen {
		clear(a.seen)
	}
	a.seen[v] = now
	return nil
}

// Keep sets how long an archive is kept: the class of its case file, and a hold that
// forbids disposal.
func (a *Archives) Keep(ctx context.Context, who auth.Official, sc court.Scope, id, class, hold string) (store.ArchiveKeep, error) {
	k := store.ArchiveKeep{Hearing: id, Class: class, Hold: hold, By: who.ID, At: a.now()}
	if !ClassValid(class) {
		return k, &Refusal{
			"class", "Thời hạn bảo quản phải là \"vĩnh viễn\" hoặc từ 1 đến 100 năm.",
			"A retention class is permanent or 1 to 100 years.",
		}
	}
	h, err := a.p.Store.Hearing(ctx, sc, id)
	if err != nil {
		return k, err
	}
	held := "no hold"
	if hold != "" {
		held = "hold"
	}
	return k, a.p.Store.PutArchiveKeep(ctx, sc, k, a.entry(who, h.Unit, "archive.keep", id, "class "+class+", "+held))
}

// ClassValid tells whether text is a retention class: empty (not set), Permanent or
// a number of years.
func ClassValid(text string) bool {
	if text == "" || text == Permanent {
		return true
	}
	n, err := strconv.Atoi(text)
	return err == nil && n >= 1 && n <= MaxYears && strconv.Itoa(n) == text
}

// AskCheck asks for the verification of a part's file.
func (a *Archives) AskCheck(ctx context.Context, who auth.Official, sc court.Scope, id string, part int) (store.ArchiveCheck, error) {
	return a.askCheck(ctx, sc, store.ArchiveCheck{Hearing: id, Part: part, By: who.ID, At: a.now(), Exit: -1})
}

// AskRepair asks for a part's file to be replaced by a whole copy, after a verification
// that found it damaged: somebody has seen what is wrong before it is mended.
func (a *Archives) AskRepair(ctx context.Context, who auth.Official, sc court.Scope, id string, part int) (store.ArchiveCheck, error) {
	checks, err := a.p.Store.ArchiveChecks(ctx, sc, id)
	if err != nil {
		return store.ArchiveCheck{}, err
	}
	i := slices.IndexFunc(checks, func(c store.ArchiveCheck) bool { return c.Part == part })
	if i < 0 || !checks[i].Damaged() && !checks[i].Done.IsZero() {
		return store.ArchiveCheck{}, notDamaged()
	}
	return a.askCheck(ctx, sc, store.ArchiveCheck{Hearing: id, Part: part, By: who.ID, At: a.now(), Exit: -1, Repair: true})
}

func (a *Archives) askCheck(ctx context.Context, sc court.Scope, c store.ArchiveCheck) (store.ArchiveCheck, error) {
	err := a.standing(ctx, sc, c.Hearing)
	if err != nil {
		return c, err
	}
	if c.ID, err = a.newID(); err != nil {
		return c, err
	}
	err = a.p.Store.PutArchiveCheck(ctx, sc, c)
	if errors.Is(err, store.ErrConflict) {
		err = &Refusal{
			"checking", "Phần này đang được kiểm tra tính toàn vẹn.",
			"This part is being verified already.",
		}
	}
	return c, err
}

func (a *Archives) now() time.Time { return a.p.Now().UTC().Truncate(time.Microsecond) }

func (a *Archives) newID() (string, error) {
	id, err := uuid.NewV7FromReader(a.p.Rand)
	if err != nil {
		return "", fmt.Errorf("randomness: %w", err)
	}
	return id.String(), nil
}

func (a *Archives) entry(who auth.Official, unit court.UnitID, what, object, detail string) store.AdminEntry {
	return store.AdminEntry{At: a.now(), Actor: who.ID, Unit: unit, What: what, Object: object, Detail: detail}
}

func notDamaged() *Refusal {
	return &Refusal{
		"not_damaged", "Chỉ khôi phục phần mà lần kiểm tra gần nhất phát hiện sai lệch. Hãy kiểm tra tính toàn vẹn trước.",
		"Only a part in which the latest verification found damage is repaired. Please verify it first.",
	}
}

func ownRequest() *Refusal {
	return &Refusal{
		"own_request", "Không ai tự phê duyệt đề nghị của chính mình.",
		"Nobody decides on their own request.",
	}
}

func settledAlready() *Refusal {
	return &Refusal{
		"settled", "Đề nghị này đã được giải quyết hoặc đã hết hạn.",
		"This request is settled, or has run out.",
	}
}

func decideInstead() *Refusal {
	return &Refusal{
		"waiting", "Đề nghị đang chờ phê duyệt: hãy cho phép hoặc từ chối.",
		"This request waits for a decision: grant or refuse it.",
	}
}
