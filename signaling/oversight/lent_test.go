package oversight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/units"
	"phientoa/signaling"
)

// book is a database of delegations and accounts that can be away.
type book struct {
	away     bool
	now      time.Time
	accounts map[string]store.Account
	list     []store.Delegation
}

func (b *book) DelegationsTo(_ context.Context, account string, at time.Time) (out []store.Delegation, err error) {
	if b.away {
		return nil, store.ErrUnavailable
	}
	for _, d := range b.list {
		if d.To == account && d.Revoked.IsZero() && !at.Before(d.Starts) && at.Before(d.Ends) {
			out = append(out, d)
		}
	}
	return out, nil
}

func (b *book) Account(_ context.Context, sc court.Scope, id string) (store.Account, error) {
	a, ok := b.accounts[id]
	switch {
	case b.away:
		return a, store.ErrUnavailable
	case !ok || !sc.Covers(a.Unit):
		return a, store.ErrNotFound
	}
	return a, nil
}

// who signs the account in, or tells whose the sign-in is now.
func (b *book) who(id string) (auth.Official, error) {
	a := b.accounts[id]
	switch {
	case b.away:
		return auth.Official{}, store.ErrUnavailable
	case a.Disabled:
		return auth.Official{}, auth.ErrNoSession
	}
	return auth.Official{ID: id, Unit: a.Unit, Roles: a.Roles}, nil
}

// law is what the rules say of everybody, by what the database has.
type law struct {
	tree        *units.Tree
	accounts    map[string]store.Account
	posts       units.Posts
	delegations []units.Delegation
}

func (b *book) law(tree *units.Tree) law {
	l := law{tree: tree, accounts: maps.Clone(b.accounts), posts: units.Posts{}}
	for _, a := range b.accounts {
		AddPost(l.posts, a)
	}
	for _, d := range b.list {
		l.delegations = append(l.delegations, LawOf(d))
	}
	return l
}

// may is whose hearings the account may follow: the rule of units, for who has a role
// that follows at all.
func (l law) may(id string, at time.Time) []court.UnitID {
	roles := l.accounts[id].Roles
	if !slices.Contains(roles, store.RoleProcuracyHead) && !slices.Contains(roles, store.RoleProcuracyDeputy) {
		return nil
	}
	return l.tree.Scope(id, l.posts, l.delegations, at)
}

const (
	lentUnit  = court.UnitID("vks-da-nang")
	lentBelow = court.UnitID("demo-procuracy")
	lentOther = court.UnitID("vks-hue")
)

func (b *book) account(id string, unit court.UnitID, r ...store.Role) {
	b.accounts[id] = store.Account{ID: id, Unit: unit, Roles: r}
}

// startBook is two heads and two deputies of a unit, one of each of another, and a
// hearing in each of three courts.
func startBook(tree *units.Tree) (*book, *house) {
	b := &book{now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC), accounts: map[string]store.Account{}}
	for _, id := range []string{"h1", "h2"} {
		b.account(id, lentUnit, store.RoleProcuracyHead)
	}
	for _, id := range []string{"d1", "d2"} {
		b.account(id, lentUnit, store.RoleProcuracyDeputy)
	}
	b.account("h3", lentOther, store.RoleProcuracyHead)
	b.account("d3", lentOther, store.RoleProcuracyDeputy)
	h := newHouse()
	for _, c := range []court.UnitID{"tand-da-nang", "demo-court", "tand-hue"} {
		h.live = append(h.live, signaling.LiveHearing{ID: "of-" + string(c), Unit: c})
	}
	scopes := NewScopes(ScopesParams{
		Tree: tree, Store: b,
		Own: func(_ context.Context, u court.UnitID, at time.Time) (court.Scope, error) {
			return court.ScopeOf(tree.UnitScope(u, units.DayOf(at))...), nil
		},
	})
	h.w.p.Courts, h.w.p.Now = scopes.Of, func() time.Time { return b.now }
	return b, h
}

// watch asks for a hearing as the account is signed in now.
func (b *book) watch(h *house, id string, l signaling.LiveHearing) (string, error) {
	who, err := b.who(id)
	if err != nil {
		return "", err
	}
	s, _, err := h.w.Watch(context.Background(), who, Ask{
		Hearing: l.ID, SDP: "v=0", SignIn: id + " " + string(who.Unit) + fmt.Sprint(len(h.open), b.now), Again: func(context.Context) (auth.Official, error) { return b.who(id) },
	})
	return s, err
}

func demonstrationTree(t require.TestingT) *units.Tree {
	tree, findings := units.Build(units.Demonstration())
	require.Empty(t, findings)
	return tree
}

// Whatever is given, revoked and runs out, whoever becomes or is no head any more, leaves
// the unit or is disabled, and whenever the database is away: what anybody can begin to
// follow is exactly what the rules of units say, and so is what anybody still follows
// after a look. While the database is away that is by what it said last, and each end holds.
func TestDeputiesFollowExactlyWhatIsLent(t *testing.T) {
	tree := demonstrationTree(t)
	lentOnce := false
	rapid.Check(t, func(t *rapid.T) {
		b, h := startBook(tree)
		people := []string{"h1", "h2", "d1", "d2", "h3", "d3"}
		type key struct{ who, hearing string }
		type session struct {
			id   string
			unit court.UnitID // of who signed in
		}
		open := map[key]session{}
		known := b.law(tree)
		for range rapid.IntRange(1, 40).Draw(t, "acts") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			switch act := rapid.IntRange(0, 9).Draw(t, "act"); {
			case act <= 2:
				d := store.Delegation{
					ID: fmt.Sprint("d-", len(b.list)), By: who, To: rapid.SampledFrom(people).Draw(t, "to"), Unit: b.accounts[who].Unit,
					Under: rapid.SampledFrom([]court.UnitID{"", "", lentBelow, lentOther}).Draw(t, "under"), Starts: b.now,
				}
				d.Ends = d.Starts.Add(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 30 * 24 * time.Hour}).Draw(t, "for"))
				b.list = append(b.list, d)
			case act == 3 && len(b.list) > 0:
				i := rapid.IntRange(0, len(b.list)-1).Draw(t, "which")
				if b.list[i].Revoked.IsZero() {
					b.list[i].Revoked = b.now
				}
			case act == 4:
				b.now = b.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour - time.Minute, 15 * 24 * time.Hour}).Draw(t, "pass"))
			case act == 5:
				a := b.accounts[who]
				a.Roles = rapid.SampledFrom([][]store.Role{{store.RoleProcuracyHead}, {store.RoleProcuracyDeputy}, {store.RoleProcuracyHead, store.RoleProcuracyDeputy}, {store.RoleProcurator}}).Draw(t, "roles")
				a.Disabled = rapid.IntRange(0, 3).Draw(t, "disabled") == 0
				b.accounts[who] = a
			case act == 6:
				b.account(who, rapid.SampledFrom([]court.UnitID{lentUnit, lentOther, lentBelow}).Draw(t, "unit"), b.accounts[who].Roles...)
			case act == 7 && rapid.IntRange(0, 2).Draw(t, "rarely") == 0:
				b.away = !b.away
			}
			if !b.away {
				known = b.law(tree)
				for _, l := range h.live {
					s, err := b.watch(h, who, l)
					may := !b.accounts[who].Disabled && slices.Contains(known.may(who, b.now), l.Unit)
					switch {
					case errors.Is(err, ErrTooMany):
						continue
					case may:
						require.NoError(t, err)
						lentOnce = lentOnce || !slices.Contains(b.accounts[who].Roles, store.RoleProcuracyHead)
					case b.accounts[who].Disabled:
						require.ErrorIs(t, err, auth.ErrNoSession)
					default:
						require.ErrorIs(t, err, store.ErrNotFound)
					}
					k := key{who, l.ID}
					if err != nil {
						continue
					}
					if old, ok := open[k]; ok && h.w.End(auth.Official{ID: who}, old.id) != nil {
						t.Fatal("a session is gone before the look")
					}
					open[k] = session{s, b.accounts[who].Unit}
				}
			}
			h.w.recheck(context.Background())
			for k, s := range open {
				unit := court.UnitID(k.hearing[len("of-"):])
				_, err := h.w.of(auth.Official{ID: k.who}, s.id)
				a := known.accounts[k.who]
				may := !a.Disabled && a.Unit == s.unit && slices.Contains(known.may(k.who, b.now), unit)
				require.Equal(t, may, err == nil, "%s follows %s", k.who, k.hearing)
				if err != nil {
					delete(open, k)
				}
			}
		}
	})
	require.True(t, lentOnce, "no deputy ever followed anything")
}

// A head who becomes a deputy has the scope of the head no more, also when the database
// goes away behind that.
func TestADemotedHeadFollowsNothing(t *testing.T) {
	b, h := startBook(demonstrationTree(t))
	s, err := b.watch(h, "h1", h.live[1])
	require.NoError(t, err)
	b.account("h1", lentUnit, store.RoleProcuracyDeputy)
	h.w.recheck(t.Context())
	_, err = h.w.of(auth.Official{ID: "h1"}, s)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = b.watch(h, "h1", h.live[1])
	require.ErrorIs(t, err, store.ErrNotFound)
}
