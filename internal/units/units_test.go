package units_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/units"
)

const (
	founded = units.Day("2015-06-01")
	reform  = units.Day("2025-07-01")
)

// twins adds a court and its procuracy, with the correspondence between them.
func twins(l *units.List, id, parent string, b units.Branch, v units.Level, s units.Span, heir string) {
	for _, k := range []struct {
		prefix string
		kind   units.Kind
	}{{"ta.", units.Court}, {"vks.", units.Procuracy}} {
		u := units.Unit{ID: court.UnitID(k.prefix + id), Kind: k.kind, Branch: b, Level: v, Name: "Đơn vị " + id, Span: s}
		if parent != "" {
			u.Parent = court.UnitID(k.prefix + parent)
		}
		if heir != "" {
			u.Successors = []court.UnitID{court.UnitID(k.prefix + heir)}
		}
		l.Units = append(l.Units, u)
	}
	l.Pairs = append(l.Pairs, units.Correspondence{Procuracy: court.UnitID("vks." + id), Court: court.UnitID("ta." + id), Span: s})
}

// country draws both branches with provinces of which some were merged, districts
// that went into regions anywhere, and a court of appeal that followed a high court.
func country(t *rapid.T) units.List {
	var l units.List
	for _, b := range []units.Branch{units.Civil, units.Military} {
		at := func(form string, a ...any) string { return string(b[:1]) + fmt.Sprintf(form, a...) }
		twins(&l, at("0"), "", b, units.Supreme, units.Span{From: founded}, "")
		twins(&l, at("a"), at("0"), b, units.Appeal, units.Span{From: reform}, "")
		twins(&l, at("h"), at("0"), b, units.High, units.Span{From: founded, Until: reform}, at("a"))
		provinces := rapid.IntRange(1, 4).Draw(t, "provinces")
		for p := range provinces {
			s, heir := units.Span{From: founded}, ""
			if p > 0 && rapid.Bool().Draw(t, "merged") {
				s.Until, heir = reform, at("p0")
			} else {
				twins(&l, at("p%d.r", p), at("p%d", p), b, units.Region, units.Span{From: reform}, "")
			}
			twins(&l, at("p%d", p), at("0"), b, units.Province, s, heir)
			for d := range rapid.IntRange(0, 3).Draw(t, "districts") {
				twins(&l, at("p%d.d%d", p, d), at("p%d", p), b, units.District, units.Span{From: founded, Until: reform}, at("p0.r"))
			}
		}
		l.Units = append(l.Units, units.Unit{
			ID: court.UnitID(at("tg")), Kind: units.Detention, Branch: b, Level: units.Province, Name: "Trại tạm giam", Span: units.Span{From: founded},
		})
	}
	l.Units = rapid.Permutation(l.Units).Draw(t, "units")
	l.Pairs = rapid.Permutation(l.Pairs).Draw(t, "pairs")
	return l
}

func built(t require.TestingT, l units.List) *units.Tree {
	tree, findings := units.Build(l)
	require.Empty(t, findings)
	return tree
}

func day(t *rapid.T) units.Day {
	return rapid.SampledFrom([]units.Day{"2015-05-31", founded, "2020-02-29", "2025-06-30", reform, "2026-11-23"}).Draw(t, "day")
}

func anyUnit(t *rapid.T, l units.List, label string) units.Unit {
	return rapid.SampledFrom(l.Units).Draw(t, label)
}

// above walks from a unit to the top and tells whether it meets the other.
func above(tree *units.Tree, other, id court.UnitID) bool {
	for id != "" {
		if id == other {
			return true
		}
		u, _ := tree.Unit(id)
		id = u.Parent
	}
	return false
}

// The walk upwards from a court's heir and its procuracy is another way to the same
// answer as the walk downwards of UnitScope.
func TestAScopeIsOwnLevelAndBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := country(t)
		tree, d := built(t, l), day(t)
		by := anyUnit(t, l, "by")
		scope := tree.UnitScope(by.ID, d)
		for _, c := range l.Units {
			if c.Kind != units.Court {
				require.NotContains(t, scope, c.ID)
				continue
			}
			heir, has := tree.Successor(c.ID, d)
			want := false
			if has && by.Has(d) && by.Kind == units.Court {
				want = above(tree, by.ID, heir)
			} else if has && by.Has(d) {
				vks, ok := tree.ProcuracyOf(heir, d)
				want = ok && above(tree, by.ID, vks)
			}
			require.Equal(t, want, slices.Contains(scope, c.ID), "%s of %s on %s", c.ID, by.ID, d)
		}
	})
}

// Who oversees a court is who has it in their scope, the nearest first.
func TestOverseersHaveTheCourtInTheirScope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := country(t)
		tree, d := built(t, l), day(t)
		c := anyUnit(t, l, "court")
		var got, want []court.UnitID
		for _, u := range tree.Overseers(c.ID, d) {
			if len(got) > 0 {
				require.True(t, above(tree, u.ID, got[len(got)-1]))
			}
			got = append(got, u.ID)
		}
		for _, u := range l.Units {
			if u.Kind == units.Procuracy && slices.Contains(tree.UnitScope(u.ID, d), c.ID) {
				want = append(want, u.ID)
			}
		}
		require.ElementsMatch(t, want, got)
	})
}

func TestAScopeNeverGrowsSideways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := country(t)
		tree, d := built(t, l), day(t)
		a, b := anyUnit(t, l, "a"), anyUnit(t, l, "b")
		sa, sb := tree.UnitScope(a.ID, d), tree.UnitScope(b.ID, d)
		if a.Branch != b.Branch || a.Kind == b.Kind && !above(tree, a.ID, b.ID) && !above(tree, b.ID, a.ID) {
			for _, c := range sa {
				require.NotContains(t, sb, c, "%s and %s on %s", a.ID, b.ID, d)
			}
		}
		if a.Kind == b.Kind && above(tree, a.ID, b.ID) {
			require.Subset(t, sa, sb)
		}
	})
}

func TestDissolvedCourtsBelongToTheirSuccessor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := country(t)
		tree, d := built(t, l), day(t)
		c, by := anyUnit(t, l, "court"), anyUnit(t, l, "by")
		if c.Kind != units.Court || c.Until == "" || d < c.Until {
			return
		}
		heir, ok := tree.Successor(c.ID, d)
		require.True(t, ok)
		require.NotEqual(t, c.ID, heir)
		scope := tree.UnitScope(by.ID, d)
		require.Equal(t, slices.Contains(scope, heir), slices.Contains(scope, c.ID))
		require.Empty(t, tree.UnitScope(c.ID, d), "what is dissolved follows nothing")
		require.Contains(t, tree.UnitScope(heir, d), c.ID)
	})
}

// On every day the supreme procuracy follows every court of its branch that has or
// had hearings: none is missed.
func TestTheTopMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := country(t)
		tree, d := built(t, l), day(t)
		require.Empty(t, tree.Unwatched(d))
		all := append(tree.UnitScope("vks.c0", d), tree.UnitScope("vks.m0", d)...)
		for _, u := range l.Units {
			require.Equal(t, u.Kind == units.Court && u.From <= d, slices.Contains(all, u.ID), u.ID)
		}
	})
}

var noon = time.Date(2026, time.November, 23, 5, 0, 0, 0, time.UTC)

// delegation draws one that may be wrong in every way.
func delegation(t *rapid.T, l units.List) units.Delegation {
	person := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	d := units.Delegation{
		By: person.Draw(t, "by"), To: person.Draw(t, "to"), Unit: anyUnit(t, l, "unit").ID,
		Starts: noon.Add(time.Duration(rapid.IntRange(-40, 5).Draw(t, "starts")) * 24 * time.Hour),
	}
	d.Ends = d.Starts.Add(time.Duration(rapid.IntRange(-1, 40).Draw(t, "days")) * 24 * time.Hour)
	if rapid.Bool().Draw(t, "part") {
		d.Under = anyUnit(t, l, "under").ID
	}
	if rapid.Bool().Draw(t, "revoked") {
		d.RevokedAt = d.Starts.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "revoked after")) * 24 * time.Hour)
	}
	return d
}

func TestADelegationStaysInTheUnitAndIsNotPassedOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := country(t)
		tree := built(t, l)
		posts := units.Posts{}
		for _, p := range []string{"a", "b", "c", "d"} {
			posts[p] = units.Post{Unit: anyUnit(t, l, "post").ID, Head: rapid.Bool().Draw(t, "head")}
		}
		var ds []units.Delegation
		for range rapid.IntRange(0, 8).Draw(t, "delegations") {
			ds = append(ds, delegation(t, l))
		}
		for p, post := range posts {
			scope := tree.Scope(p, posts, ds, noon)
			own := tree.UnitScope(post.Unit, units.DayOf(noon))
			require.Subset(t, append(own, ""), scope, "never beyond the unit's own")
			heads := slices.ContainsFunc(ds, func(d units.Delegation) bool {
				return d.To == p && posts[d.By].Head && posts[d.By].Unit == post.Unit && d.By != p
			})
			if !post.Head && !heads {
				require.Empty(t, scope, "only a head of the same unit lends")
			}
			if post.Head {
				require.Equal(t, own, scope)
			}
		}
		require.Empty(t, tree.Scope("stranger", posts, ds, noon))
	})
}

func TestADelegationEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := built(t, country(t))
		posts := units.Posts{"head": {Unit: "vks.c0", Head: true}, "deputy": {Unit: "vks.c0"}, "third": {Unit: "vks.c0"}}
		length := time.Duration(rapid.Int64Range(1, int64(units.MaxDelegation)).Draw(t, "length"))
		d := units.Delegation{ID: "1", By: "head", To: "deputy", Unit: "vks.c0", Starts: noon, Ends: noon.Add(length)}
		of := func(p string, at time.Time, ds ...units.Delegation) []court.UnitID {
			return tree.Scope(p, posts, ds, at)
		}
		last := noon.Add(length - 1)
		require.Equal(t, of("head", last), of("deputy", last, d))
		require.Empty(t, of("deputy", noon.Add(-1), d))
		require.Empty(t, of("deputy", noon.Add(length), d), "it ends")

		d.RevokedAt = noon.Add(time.Duration(rapid.Int64Range(0, int64(length-1)).Draw(t, "revoked")))
		require.Empty(t, of("deputy", d.RevokedAt, d), "revoking is immediate")
		if d.RevokedAt.After(noon) {
			require.NotEmpty(t, of("deputy", d.RevokedAt.Add(-1), d))
		}
		d.RevokedAt = time.Time{}

		on := units.Delegation{ID: "2", By: "deputy", To: "third", Unit: "vks.c0", Starts: noon, Ends: noon.Add(length)}
		require.Empty(t, of("third", noon, d, on), "what is lent is not passed on")

		posts["head"] = units.Post{Unit: "vks.c0"}
		require.Empty(t, of("deputy", noon, d), "it falls with the post of who gave it")
	})
}

func TestADelegationHasAtMostThirtyDays(t *testing.T) {
	d := units.Delegation{By: "a", To: "b", Starts: noon, Ends: noon.Add(30 * 24 * time.Hour)}
	require.True(t, d.Sound())
	d.Ends = d.Ends.Add(1)
	require.False(t, d.Sound())
	d.Ends = noon
	require.False(t, d.Sound())
}

// Days are Vietnam's: the reform began there seven hours before UTC.
func TestTheDayIsVietnams(t *testing.T) {
	at := time.Date(2025, time.June, 30, 17, 0, 0, 0, time.UTC)
	require.Equal(t, reform, units.DayOf(at))
	require.Equal(t, units.Day("2025-06-30"), units.DayOf(at.Add(-time.Nanosecond)))
}

// sound is the least list in which each mistake below is the only one.
func sound() units.List {
	var l units.List
	for _, b := range []units.Branch{units.Civil, units.Military} {
		twins(&l, string(b[:1])+"0", "", b, units.Supreme, units.Span{From: founded}, "")
	}
	for _, p := range []string{"p1", "p2"} {
		twins(&l, p, "c0", units.Civil, units.Province, units.Span{From: founded}, "")
	}
	twins(&l, "d", "p1", units.Civil, units.District, units.Span{From: founded, Until: reform}, "r")
	twins(&l, "r", "p1", units.Civil, units.Region, units.Span{From: reform}, "")
	return l
}

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	require.NotNil(t, built(t, sound()))
	find := func(l *units.List, id court.UnitID) *units.Unit {
		return &l.Units[slices.IndexFunc(l.Units, func(u units.Unit) bool { return u.ID == id })]
	}
	last := func(l *units.List) *units.Correspondence { return &l.Pairs[len(l.Pairs)-1] }
	for code, spoil := range map[string]func(*units.List){
		"id_twice":              func(l *units.List) { l.Units = append(l.Units, l.Units[0]) },
		"bad_id":                func(l *units.List) { l.Units[0].ID = "=1" },
		"bad_kind":              func(l *units.List) { l.Units[0].Kind = "x" },
		"bad_branch":            func(l *units.List) { l.Units[0].Branch = "" },
		"bad_level":             func(l *units.List) { l.Units[0].Level = "huyện" },
		"bad_name":              func(l *units.List) { l.Units[0].Name = "=cmd" },
		"bad_dates":             func(l *units.List) { l.Units[0].Until = founded },
		"too_many_successors":   func(l *units.List) { l.Units[0].Successors = make([]court.UnitID, units.MaxSuccessors+1) },
		"no_parent":             func(l *units.List) { find(l, "ta.p2").Parent = "" },
		"unknown_parent":        func(l *units.List) { find(l, "ta.p2").Parent = "ta.x" },
		"parent_kind":           func(l *units.List) { find(l, "ta.p2").Parent = "ta.m0" },
		"parent_level":          func(l *units.List) { find(l, "ta.p2").Parent = "ta.p1" },
		"parent_dates":          func(l *units.List) { find(l, "ta.p2").From = "2015-05-31" },
		"successor_of_standing": func(l *units.List) { find(l, "ta.p2").Successors = []court.UnitID{"ta.p1"} },
		"no_successor":          func(l *units.List) { find(l, "ta.d").Successors = nil },
		"unknown_successor":     func(l *units.List) { find(l, "ta.d").Successors = []court.UnitID{"ta.x"} },
		"successor_twice":       func(l *units.List) { find(l, "ta.d").Successors = []court.UnitID{"ta.r", "ta.r"} },
		"successor_kind":        func(l *units.List) { find(l, "ta.d").Successors = []court.UnitID{"vks.r"} },
		"successor_dates":       func(l *units.List) { find(l, "ta.d").Until = "2025-06-30" },
		"pair_unknown":          func(l *units.List) { last(l).Court = "ta.x" },
		"pair_level":            func(l *units.List) { last(l).Procuracy = "vks.p1" },
		"pair_dates":            func(l *units.List) { last(l).From = founded },
		"pair_twice":            func(l *units.List) { l.Pairs = append(l.Pairs, *last(l)) },
		"pair_sideways":         func(l *units.List) { find(l, "vks.r").Parent = "vks.p2" },
	} {
		l := sound()
		spoil(&l)
		tree, findings := units.Build(l)
		require.Nil(t, tree, code)
		i := slices.IndexFunc(findings, func(f units.Finding) bool { return f.Code == code })
		require.GreaterOrEqual(t, i, 0, "%s: %v", code, findings)
		require.Contains(t, findings[i].Vi, fmt.Sprintf("Dòng %d", findings[i].Line))
		require.Contains(t, findings[i].En, fmt.Sprintf("Line %d", findings[i].Line))
	}
}

func TestATreeIsBounded(t *testing.T) {
	_, findings := units.Build(units.List{Units: make([]units.Unit, units.MaxUnits+1)})
	require.Equal(t, "too_many", findings[0].Code)
	_, findings = units.Build(units.List{Units: make([]units.Unit, units.MaxUnits)})
	require.Len(t, findings, units.MaxFindings)
}
