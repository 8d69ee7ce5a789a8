package sfu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawDemand(t *rapid.T) demand {
	d := demand{
		priority: rapid.Uint8().Draw(t, "priority"),
		must:     rapid.IntRange(0, 4).Draw(t, "must") == 0,
		fresh:    rapid.Bool().Draw(t, "fresh"),
		now:      -1, give: -1,
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "layers") {
		d.rate[i] = rapid.IntRange(50_000, 400_000).Draw(t, "rate") << i
	}
	if !d.fresh {
		d.now = rapid.IntRange(-1, 2).Draw(t, "now")
	}
	return d
}

// What pictures get fits the line, but for what must flow and a quarter for the last
// lowest layer; the more important never
// has nothing while a less important one, no dearer, has something that need not
// flow; nothing rises unless it may; and the same again changes nothing.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(drawDemand), 0, 8).Draw(t, "pictures")
		for i := range list {
			list[i].section = i
		}
		before := slices.Clone(list)
		budget := rapid.IntRange(-100_000, 5_000_000).Draw(t, "budget")
		raise := rapid.SampledFrom([]raises{raiseNone, raiseNothing, raiseAll}).Draw(t, "raise")
		divide(budget, list, raise)
		must, given := 0, 0
		for i := range list {
			d := &list[i]
			given += d.cost(d.give)
			if d.must && d.up(-1) >= 0 {
				must += d.rate[d.up(-1)]
				require.GreaterOrEqual(t, d.give, d.up(-1), "its least flows whatever the line carries")
			}
			if d.give >= 0 {
				require.Positive(t, d.rate[d.give], "only what is to be had")
			}
			if raise != raiseAll && !d.must && !d.fresh && (raise == raiseNone || d.now >= 0) {
				require.LessOrEqual(t, d.give, d.now)
			}
			if i > 0 {
				require.LessOrEqual(t, d.priority, list[i-1].priority)
			}
		}
		require.LessOrEqual(t, float64(given), max(keepBy*float64(budget), float64(must)))
		for i := range list {
			for j := i + 1; j < len(list); j++ {
				high, low := &list[i], &list[j]
				least := high.up(-1)
				if least < 0 || high.give >= 0 || low.give < 0 || low.must || high.now >= 0 != (low.now >= 0) || high.fresh != low.fresh || least > high.now != (low.up(-1) > low.now) {
					continue
				}
				require.Greater(t, high.rate[least], low.rate[low.up(-1)])
			}
		}
		// Given is had: nothing moves without a cause.
		for i := range list {
			list[i].now, list[i].fresh = list[i].give, false
		}
		again := slices.Clone(list)
		divide(budget, again, raiseNone)
		for i := range list {
			require.Equal(t, list[i].give, again[i].give, "%v", before)
		}
	})
}

// The floor holder's picture is the last to lose and the first to win.
func TestTheFloorHolderComesFirst(t *testing.T) {
	cams := func() []demand {
		var list []demand
		for i := range 5 {
			d := demand{priority: 10, now: -1, give: -1, fresh: true, section: i}
			d.rate = [maxLayers]int{150_000, 500_000, 1_500_000}
			list = append(list, d)
		}
		list[3].priority = 200
		return list
	}
	of := func(list []demand, section int) int {
		return list[slices.IndexFunc(list, func(d demand) bool { return d.section == section })].give
	}
	for _, c := range []struct{ budget, floor, others int }{
		{100_000, -1, 0}, {160_000, 0, 0}, {760_000, 0, 5}, {1_200_000, 1, 5}, {2_300_000, 2, 5}, {10_000_000, 2, 5},
	} {
		list := cams()
		divide(c.budget, list, raiseAll)
		require.Equal(t, c.floor, of(list, 3), "floor holder within %d", c.budget)
		shown := 0
		for _, d := range list {
			if d.give >= 0 {
				shown++
			}
		}
		if c.others == 5 {
			require.Equal(t, 5, shown)
		}
	}
}
