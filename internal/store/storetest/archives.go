package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// RunArchives runs the suite of store.Archives; open is as of Run.
func RunArchives(t *testing.T, open func(t *testing.T) Opened) {
	for _, c := range []struct {
		name string
		law  func(*testing.T, *fixture)
	}{
		{"PartsAreKept", partsKept},
		{"AnotherPartOfTheNumberConflicts", otherPartConflicts},
		{"PartsHaveBounds", partsBounded},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.law(t, &fixture{Opened: open(t)})
		})
	}
}

func (f *fixture) part(hearing string, n int) store.ArchivePart {
	return store.ArchivePart{
		Hearing: hearing, Part: n, Node: "node-1", Path: hearing + "/part-0001.asice", Size: 4096,
		SHA256: f.hash(), Manifest: f.hash(), Root: f.hash(), Lines: 77, Began: 1_000_000, Ended: 2_000_000,
		Gaps: 2, Damages: 1, Sealed: at(0), Facts: []byte(`{"gaps":[]}`),
	}
}

func partsKept(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	h, other := f.hearing(t, unit), f.hearing(t, foreign)
	second, one := f.part(h, 2), f.part(h, 1)
	for _, p := range []store.ArchivePart{second, one, one} {
		require.NoError(t, f.A.PutArchivePart(bg(), sc, p), "the same again is a success")
	}
	got, err := f.B.ArchiveParts(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{one, second}, got)

	stamped := one
	stamped.Stamped, stamped.Size, stamped.SHA256, stamped.Facts = true, 5000, f.hash(), []byte(`{"gaps":[],"seal":{}}`)
	require.NoError(t, f.B.PutArchivePart(bg(), sc, stamped))
	require.ErrorIs(t, f.A.PutArchivePart(bg(), sc, one), store.ErrConflict, "a timestamp is not taken back")
	got, err = f.A.ArchiveParts(bg(), sys(), h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{stamped, second}, got)

	for name, sc := range map[string]court.Scope{"another unit": court.ScopeOf(foreign), "nothing": {}} {
		for _, target := range []string{h, "no-such", ""} {
			_, err := f.A.ArchiveParts(bg(), sc, target)
			require.ErrorIs(t, err, store.ErrNotFound, name)
		}
		require.ErrorIs(t, f.A.PutArchivePart(bg(), sc, f.part(h, 3)), store.ErrNotFound, name)
		require.ErrorIs(t, f.A.PutArchivePart(bg(), sc, f.part("no-such", 3)), store.ErrNotFound, name)
	}
	got, err = f.A.ArchiveParts(bg(), sys(), other)
	require.NoError(t, err)
	require.Empty(t, got)
}

// What a number stands for is never replaced, by nobody and not by hand.
func otherPartConflicts(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	one := f.part(h, 1)
	require.NoError(t, f.A.PutArchivePart(bg(), sys(), one))
	for _, spoil := range []func(*store.ArchivePart){
		func(p *store.ArchivePart) { p.Manifest = f.hash() },
		func(p *store.ArchivePart) { p.Root = f.hash() },
	} {
		other := one
		spoil(&other)
		require.ErrorIs(t, f.B.PutArchivePart(bg(), sys(), other), store.ErrConflict)
	}
	for _, statement := range []string{
		`UPDATE archive_part SET manifest = root`, `UPDATE archive_part SET root = manifest`, `UPDATE archive_part SET ended = 0`,
		`UPDATE archive_part SET sealed = 0`, `UPDATE archive_part SET part = 9`, `DELETE FROM archive_part`,
	} {
		_, err := f.Raw.Exec(statement)
		require.Error(t, err, statement)
	}
	got, err := f.B.ArchiveParts(bg(), sys(), h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{one}, got)
}

func partsBounded(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	for name, spoil := range map[string]func(*store.ArchivePart){
		"no hearing": func(p *store.ArchivePart) { p.Hearing = "" },
		"no node":    func(p *store.ArchivePart) { p.Node = "" },
		"no path":    func(p *store.ArchivePart) { p.Path = "" },
		"part 0":     func(p *store.ArchivePart) { p.Part = 0 },
		"no bytes":   func(p *store.ArchivePart) { p.Size = 0 },
		"gaps":       func(p *store.ArchivePart) { p.Gaps = -1 },
		"facts":      func(p *store.ArchivePart) { p.Facts = make([]byte, store.MaxFactBytes+1) },
		"no text":    func(p *store.ArchivePart) { p.Facts = []byte{0xff} },
	} {
		p := f.part(h, 1)
		spoil(&p)
		require.ErrorIs(t, f.A.PutArchivePart(bg(), sys(), p), store.ErrInvalid, name)
	}
}
