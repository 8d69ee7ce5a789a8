package oversight

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/units"
)

// LentStore is what Scopes asks of the database; store.Store has it.
type LentStore interface {
	DelegationsTo(ctx context.Context, account string, at time.Time) ([]store.Delegation, error)
	Account(ctx context.Context, sc court.Scope, id string) (store.Account, error)
}

// ScopesParams of NewScopes; all are needed but Tree, without which nobody lends anything.
type ScopesParams struct {
	// Own is the scope of a procuracy's unit, which its head has.
	Own   func(ctx context.Context, unit court.UnitID, at time.Time) (court.Scope, error)
	Tree  *units.Tree
	Store LentStore
}

// Scopes tells whose hearings an official may follow: a head those of the unit, a deputy
// what heads of the unit lend at that moment. It is safe for concurrent use.
type Scopes struct {
	p ScopesParams

	mu   sync.Mutex
	last map[string]lent // by account, of those to whom something was lent when last asked
}

// lent is what the database said of an account last, and what followed from it.
type lent struct {
	delegations []units.Delegation
	posts       units.Posts
	of          string // the day and the delegations from which scope follows
	scope       court.Scope
}

// NewScopes makes them.
func NewScopes(p ScopesParams) *Scopes { return &Scopes{p: p, last: map[string]lent{}} }

// Of is the scope of the official at the time, by the roles and the unit in who; that of
// anybody but a head or a deputy is empty. The error is the database's. While that is away
// what it said last holds, each delegation until its end.
func (s *Scopes) Of(ctx context.Context, who auth.Official, at time.Time) (court.Scope, error) {
	switch {
	case who.Has(store.RoleProcuracyHead):
		return s.p.Own(ctx, who.Unit, at)
	case !who.Has(store.RoleProcuracyDeputy) || s.p.Tree == nil:
		return court.ScopeOf(), nil
	}
	if u, ok := s.p.Tree.Unit(who.Unit); !ok || u.Kind != units.Procuracy {
		return court.ScopeOf(), nil
	}
	delegations, posts, err := s.ask(ctx, who, at)
	s.mu.Lock()
	defer s.mu.Unlock()
	was, known := s.last[who.ID]
	switch {
	case err != nil && !known:
		return court.Scope{}, err
	case err != nil:
		delegations, posts = was.delegations, was.posts
	}
	now := lent{delegations: delegations, posts: posts, of: lending(delegations, posts, at)}
	if now.of == "" {
		if err == nil {
			delete(s.last, who.ID)
		}
		return court.ScopeOf(), nil
	}
	now.scope = was.scope
	if now.of != was.of { // the walk through the tree is long for a look every half second
		now.scope = court.ScopeOf(s.p.Tree.Scope(who.ID, posts, delegations, at)...)
	}
	s.last[who.ID] = now
	return now.scope, nil
}

// lending names what the scope follows from: the day, and the delegations that lend.
func lending(list []units.Delegation, posts units.Posts, at time.Time) string {
	ids := []string{string(units.DayOf(at))}
	for _, d := range list {
		if d.Lends(posts, at) {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == 1 {
		return ""
	}
	return strings.Join(ids, " ")
}

// ask reads what was given to the deputy, and the posts of who gave it.
func (s *Scopes) ask(ctx context.Context, who auth.Official, at time.Time) ([]units.Delegation, units.Posts, error) {
	rows, err := s.p.Store.DelegationsTo(ctx, who.ID, at)
	if err != nil {
		return nil, nil, err
	}
	var list []units.Delegation
	posts := units.Posts{who.ID: {Unit: who.Unit}}
	for _, d := range rows {
		list = append(list, LawOf(d))
		if slices.ContainsFunc(list[:len(list)-1], func(o units.Delegation) bool { return o.By == d.By }) {
			continue
		}
		a, err := s.p.Store.Account(ctx, court.ScopeOf(who.Unit), d.By)
		switch {
		case errors.Is(err, store.ErrNotFound): // is of another unit
		case err != nil:
			return nil, nil, err
		default:
			AddPost(posts, a)
		}
	}
	return list, posts, nil
}

// AddPost adds the account's post; a disabled account has none.
func AddPost(posts units.Posts, a store.Account) {
	if !a.Disabled {
		posts[a.ID] = units.Post{Unit: a.Unit, Head: slices.Contains(a.Roles, store.RoleProcuracyHead)}
	}
}

// LawOf is the delegation as the law of units reads it.
func LawOf(d store.Delegation) units.Delegation {
	return units.Delegation{ID: d.ID, By: d.By, To: d.To, Unit: d.Unit, Under: d.Under, Starts: d.Starts, Ends: d.Ends, RevokedAt: d.Revoked}
}
