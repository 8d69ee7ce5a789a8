package sfu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever routings follow each other, every section and tap stands as if the
// last one had been applied to a room that knew none.
func TestApplyingDifferencesIsApplyingTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		names := []string{"a", "b", "c", "d"}
		classes := []string{"panel", "parties", "recorder"}
		for _, n := range names {
			p, _ := f.peer(n)
			f.publishes(p, Mic)
			f.publishes(p, Cam)
		}
		var sections []*section
		for _, n := range names {
			for _, m := range names {
				if n != m {
					sections = append(sections, f.binds(f.peers[n], mic(m), "m"+m), f.binds(f.peers[n], cam(m), "c"+m))
				}
			}
		}
		tap := newTapLog()
		_, err := f.Tap(TapParams{Class: "recorder", Tap: tap})
		require.NoError(t, err)

		source := rapid.Custom(func(t *rapid.T) SourceID {
			return SourceID{Peer: rapid.SampledFrom(names).Draw(t, "publisher"), Kind: rapid.SampledFrom([]SourceKind{Mic, Cam}).Draw(t, "kind")}
		})
		grant := rapid.Custom(func(t *rapid.T) Grant {
			g := Grant{Source: source.Draw(t, "source"), MaxLayer: uint8(rapid.IntRange(0, 2).Draw(t, "layer")), MayPause: rapid.Bool().Draw(t, "pause")}
			if rapid.Bool().Draw(t, "class?") {
				g.Audience.Class = rapid.SampledFrom(classes).Draw(t, "class")
			} else {
				g.Audience.Peer = rapid.SampledFrom(names).Draw(t, "peer")
			}
			return g
		})
		member := rapid.Custom(func(t *rapid.T) Membership {
			return Membership{Peer: rapid.SampledFrom(names).Draw(t, "member"), Class: rapid.SampledFrom(classes).Draw(t, "of")}
		})
		var rt Routing
		t.Repeat(map[string]func(*rapid.T){
			"grant": func(t *rapid.T) {
				i := rapid.IntRange(0, len(rt.Grants)).Draw(t, "at")
				rt.Grants = slices.Insert(rt.Grants, i, grant.Draw(t, "grant"))
			},
			"take back": func(t *rapid.T) {
				if len(rt.Grants) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(rt.Grants)-1).Draw(t, "which")
				rt.Grants = slices.Delete(rt.Grants, i, i+1)
			},
			"enter": func(t *rapid.T) {
				i := rapid.IntRange(0, len(rt.Members)).Draw(t, "at")
				rt.Members = slices.Insert(rt.Members, i, member.Draw(t, "member"))
			},
			"leave": func(t *rapid.T) {
				if len(rt.Members) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(rt.Members)-1).Draw(t, "which")
				rt.Members = slices.Delete(rt.Members, i, i+1)
			},
			"anew": func(t *rapid.T) {
				rt.Grants = rapid.SliceOfN(grant, 0, 100).Draw(t, "grants")
				rt.Members = rapid.SliceOfN(member, 0, 10).Draw(t, "members")
			},
			"": func(t *rapid.T) {
				require.NoError(t, f.Apply(Routing{Grants: slices.Clone(rt.Grants), Members: slices.Clone(rt.Members)}))
				whole := newGrantTable(rt)
				open := map[SourceID]int{}
				for _, s := range sections {
					g, ok := whole.peer(s.src.id, s.peer.id)
					require.Equal(t, ok, s.gate.open, "%s to %s", s.src.id, s.peer.id)
					if ok {
						// Which of several grants names the audience is of no consequence.
						g.Audience, s.grant.Audience = Audience{}, Audience{}
						require.Equal(t, g, s.grant)
						open[s.src.id]++
					}
				}
				for id, src := range f.sources {
					_, ok := whole.class(id, "recorder")
					require.Equal(t, ok, src.taps[0].gate.open, "%s to the tap", id)
					if ok {
						open[id]++
					}
					require.Equal(t, open[id], src.open, "%s", id)
				}
				require.Len(t, f.table.classes, len(whole.classes))
				require.Len(t, f.table.grants, len(whole.grants))
			},
		})
	})
}

// One more member costs the same in a room of ten and of a thousand.
func TestOneJoinDoesNotRebuildTheRoom(t *testing.T) {
	allocations := func(n int) float64 {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Mic)
		var rt Routing
		for i := range n {
			q, _ := f.peer(fmt.Sprintf("p%d", i))
			f.binds(q, src.id, "0")
			rt.Members = append(rt.Members, Membership{Peer: q.id, Class: "parties"})
		}
		rt.Grants = []Grant{{Source: src.id, Audience: Audience{Class: "parties"}}}
		fewer := rt
		fewer.Members = rt.Members[:n-1]
		require.NoError(t, f.Apply(rt))
		return testing.AllocsPerRun(20, func() {
			if f.Apply(fewer) != nil || f.Apply(rt) != nil {
				t.Error("refused")
			}
		})
	}
	require.Equal(t, allocations(10), allocations(1000))
}

func TestRefusedRoutingChangesNothing(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Mic)
	q, _ := f.peer("party")
	s := f.binds(q, src.id, "0")
	open := Routing{Epoch: 2, Grants: []Grant{toPeer(src.id, "party")}}
	require.NoError(t, f.Apply(open))
	require.ErrorIs(t, f.Apply(Routing{Epoch: 1}), ErrStaleEpoch)
	require.True(t, s.gate.open)
	require.NoError(t, f.Apply(open))
	require.True(t, s.gate.open)
	require.NoError(t, f.Apply(Routing{Epoch: 2}))
	require.False(t, s.gate.open, "the difference is taken from the last routing that was accepted")
}
