package units_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/units"
)

// What is written is read as the same list, in either form.
func TestFilesGoRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := built(t, country(t))
		var table, object bytes.Buffer
		require.NoError(t, tree.WriteCSV(&table))
		require.NoError(t, tree.WriteJSON(&object))
		for _, text := range [][]byte{table.Bytes(), append([]byte("\xef\xbb\xbf"), table.Bytes()...), object.Bytes()} {
			l, err := units.Read(bytes.NewReader(text))
			require.NoError(t, err)
			require.Equal(t, tree.List(), built(t, l).List())
			require.Empty(t, tree.Diff(built(t, l)))
		}
	})
}

// The difference of two trees turns the one into the other.
func TestADifferenceIsWhatChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, now := built(t, country(t)), built(t, country(t))
		list, d := was.List(), was.Diff(now)
		for _, c := range d.Units {
			if c.Was != nil {
				i := slices.IndexFunc(list.Units, func(u units.Unit) bool { return u.ID == c.Was.ID })
				require.Equal(t, *c.Was, list.Units[i])
				list.Units = slices.Delete(list.Units, i, i+1)
			}
			if c.Now != nil {
				list.Units = append(list.Units, *c.Now)
			}
		}
		for _, p := range d.Ended {
			i := slices.Index(list.Pairs, p)
			list.Pairs = slices.Delete(list.Pairs, i, i+1)
		}
		list.Pairs = append(list.Pairs, d.Started...)
		require.Equal(t, now.List(), built(t, list).List())
		require.Len(t, (*units.Tree)(nil).Diff(now).Units, len(now.List().Units))
	})
}

func TestBadFilesAreNamed(t *testing.T) {
	head := "id,kind,branch,level,name,parent,from,until,successors,procuracies\n"
	for text, line := range map[string]string{
		"": "line 1", "x,y\n": "line 1", head + "a,b\n": "line 2", "{": "line 1", `{"units":[],"more":1}`: "line 1",
		head + "a,court,civil,supreme,A,,2015-06-01,,,nobody\n":   "line 2",
		strings.Repeat("x", units.MaxFileBytes+1):                 "line 1",
		strings.Replace(head, "kind", "loại", 1) + "a,,,,,,,,,\n": "line 1",
	} {
		_, err := units.Read(strings.NewReader(text))
		require.ErrorIs(t, err, units.ErrFile)
		require.ErrorContains(t, err, line)
		require.ErrorContains(t, err, "dòng")
	}
}

// The demonstration is a sound tree of the country: 34 provinces and 355 regions, no
// court that nobody follows, and the top follows them all but the other branch.
func TestTheDemonstrationIsTheCountry(t *testing.T) {
	tree, findings := units.Build(units.Demonstration())
	require.Empty(t, findings)
	today := units.Day("2026-11-23")
	require.Empty(t, tree.Unwatched(today))
	count := map[units.Level]int{}
	civil := 0
	for _, u := range tree.List().Units {
		require.Contains(t, u.Name, "(minh họa)")
		if u.Kind != units.Court || u.Branch != units.Civil {
			continue
		}
		civil++
		if u.Has(today) {
			count[u.Level]++
		}
	}
	require.Equal(t, map[units.Level]int{units.Supreme: 1, units.Appeal: 3, units.Province: 34, units.Region: 355}, count)
	require.Len(t, tree.UnitScope("vks-toi-cao", today), civil, "dissolved courts too")
	require.Contains(t, tree.UnitScope("vks-da-nang", today), court.UnitID("demo-court"))
	require.Contains(t, tree.UnitScope("demo-procuracy", today), court.UnitID("tand-da-nang-huyen3"), "inherited")
	require.NotContains(t, tree.UnitScope("demo-procuracy", today), court.UnitID("tand-da-nang-kv2"))
	require.Empty(t, tree.UnitScope("demo-procuracy", "2025-06-30"), "it did not stand then")
}

// No bytes make the readers fall, and what they take goes round.
func FuzzRead(f *testing.F) {
	tree, _ := units.Build(units.List{Units: []units.Unit{{ID: "a", Kind: units.Court, Branch: units.Civil, Level: units.Supreme, Name: "A", Span: units.Span{From: "2015-06-01"}}}})
	var b bytes.Buffer
	_ = tree.WriteCSV(&b)
	f.Add(b.Bytes())
	b.Reset()
	_ = tree.WriteJSON(&b)
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := units.Read(bytes.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, units.ErrFile)
			return
		}
		tree, findings := units.Build(l)
		if len(findings) > 0 {
			return
		}
		var again bytes.Buffer
		require.NoError(t, tree.WriteCSV(&again))
		l, err = units.ReadCSV(&again)
		require.NoError(t, err)
		require.Equal(t, tree.List(), built(t, l).List())
	})
}
