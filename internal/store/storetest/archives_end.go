package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// However often it is sent, a lodging is one, with one receipt.
func lodgingOnce(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	l := store.ArchiveLodging{ID: f.id("lodging"), Hearing: h, Reference: "HS-1", Folios: "120-134", Parts: `[{"part":1}]`, Account: "system", At: at(0)}
	got, err := f.A.PutArchiveLodging(bg(), sc, l, by(unit, "archive.lodged", h))
	require.NoError(t, err)
	require.Equal(t, l, got)
	again := l
	again.ID, again.At, again.Account = f.id("lodging"), at(time.Hour), "other"
	got, err = f.B.PutArchiveLodging(bg(), sc, again, by(unit, "archive.lodged", h))
	require.NoError(t, err)
	require.Equal(t, l, got, "the first receipt stands")
	for _, spoil := range []func(*store.ArchiveLodging){
		func(l *store.ArchiveLodging) { l.Folios = "1" },
		func(l *store.ArchiveLodging) { l.Parts = "[]" },
	} {
		bad := again
		spoil(&bad)
		_, err = f.B.PutArchiveLodging(bg(), sc, bad, by(unit, "archive.lodged", h))
		require.ErrorIs(t, err, store.ErrConflict)
	}
	list, err := f.B.ArchiveLodgings(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchiveLodging{l}, list)
	_, err = f.B.ArchiveLodgings(bg(), court.ScopeOf(foreign), h)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.B.PutArchiveLodging(bg(), court.ScopeOf(foreign), again, by(foreign, "x", h))
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, statement := range []string{`UPDATE archive_lodging SET folios = 'x'`, `DELETE FROM archive_lodging`} {
		_, err := f.Raw.Exec(statement)
		require.Error(t, err, statement)
	}
}

func (f *fixture) dispose(h, who string, d time.Duration) (store.ArchiveDisposal, error) {
	x := store.ArchiveDisposal{ID: f.id("disposal"), Hearing: h, Unit: unit, Reason: "Hết thời hạn bảo quản", By: who, At: at(d), Expires: at(d + long)}
	return x, f.A.PutArchiveDisposal(bg(), court.ScopeOf(unit), x, actor(who, d))
}

// named is a disposal's contents that name a part.
func named(p store.ArchivePart) string {
	return fmt.Sprintf(`{"parts":[{"part":%d,"manifest_sha256":"%x"}]}`, p.Part, p.Manifest)
}

// One proposes, another confirms, never under a hold; the tombstone stays, and
// nothing counts as removed without it.
func disposalTakesTwo(t *testing.T, f *fixture) {
	sc, h := court.ScopeOf(unit), f.hearing(t, unit)
	p := f.part(h, 1)
	require.NoError(t, f.A.PutArchivePart(bg(), sc, p))
	settle := func(sc court.Scope, id, outcome, contents, who string, d time.Duration) error {
		_, err := f.B.SettleArchiveDisposal(bg(), sc, id, outcome, contents, actor(who, d))
		return err
	}
	require.ErrorIs(t, f.A.ArchivePartRemoved(bg(), h, 1, at(0)), store.ErrConflict, "nothing was confirmed")
	d, err := f.dispose(h, "archivist", 0)
	require.NoError(t, err)
	_, err = f.dispose(h, "other", 1)
	require.ErrorIs(t, err, store.ErrConflict, "one waits")
	require.ErrorIs(t, settle(court.ScopeOf(foreign), d.ID, store.Confirmed, "{}", "chief", 1), store.ErrNotFound)
	require.ErrorIs(t, settle(sc, d.ID, store.Confirmed, "", "chief", 1), store.ErrInvalid)
	require.ErrorIs(t, settle(sc, d.ID, "x", "", "chief", 1), store.ErrInvalid)
	require.ErrorIs(t, settle(sc, d.ID, store.Confirmed, "{}", "archivist", 1), store.ErrConflict, "one's own")
	require.ErrorIs(t, settle(sc, d.ID, store.Confirmed, "{}", "chief", long), store.ErrConflict, "too late")
	hold := store.ArchiveKeep{Hearing: h, Class: "5", Hold: "Kháng nghị", By: "chief", At: at(0)}
	require.NoError(t, f.A.PutArchiveKeep(bg(), sc, hold, by(unit, "archive.keep", h)))
	require.ErrorIs(t, settle(sc, d.ID, store.Confirmed, "{}", "chief", 1), store.ErrConflict, "under a hold")
	hold.Hold = ""
	require.NoError(t, f.A.PutArchiveKeep(bg(), sc, hold, by(unit, "archive.keep", h)))

	require.NoError(t, settle(sc, d.ID, store.Withdrawn, "", "archivist", 1))
	_, err = f.dispose(h, "archivist", time.Minute)
	require.NoError(t, err)
	d, err = f.dispose(h, "archivist", time.Minute+long)
	require.NoError(t, err, "one that ran out makes room")
	waiting, err := f.B.DisposedParts(bg(), "node-1")
	require.NoError(t, err)
	require.Empty(t, waiting)
	for _, contents := range []string{`{"parts":[]}`, `x`, named(f.part(h, 1)), named(store.ArchivePart{Part: 2, Manifest: p.Manifest})} {
		require.ErrorIs(t, settle(sc, d.ID, store.Confirmed, contents, "chief", 2*time.Minute+long), store.ErrConflict, "a part that nobody judged")
	}
	require.NoError(t, settle(sc, d.ID, store.Confirmed, named(p), "chief", 2*time.Minute+long))
	late := f.part(h, 2)
	require.NoError(t, f.A.PutArchivePart(bg(), sc, late))
	require.ErrorIs(t, settle(sc, d.ID, store.Withdrawn, "", "chief", 3*time.Minute+long), store.ErrConflict)
	_, err = f.dispose(h, "archivist", 3*time.Minute+long)
	require.ErrorIs(t, err, store.ErrConflict, "it is disposed of")

	waiting, err = f.B.DisposedParts(bg(), "node-1")
	require.NoError(t, err)
	require.Equal(t, []store.ArchivePart{p}, waiting, "what was catalogued later stays")
	waiting, err = f.B.DisposedParts(bg(), "node-2")
	require.NoError(t, err)
	require.Empty(t, waiting)
	require.NoError(t, f.A.ArchivePartRemoved(bg(), h, 1, at(2*long)))
	require.ErrorIs(t, f.A.ArchivePartRemoved(bg(), h, 1, at(2*long)), store.ErrConflict)
	parts, err := f.B.ArchiveParts(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, at(2*long), parts[0].Removed, "its digests stay known")
	list, err := f.B.ArchiveDisposals(bg(), sc, h)
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, store.Confirmed, list[0].Outcome)
	require.Equal(t, "chief", list[0].DoneBy)
	list, err = f.B.ArchiveDisposals(bg(), court.ScopeOf(foreign), "")
	require.NoError(t, err)
	require.Empty(t, list)
	for _, statement := range []string{
		`UPDATE archive_disposal SET contents = 'x'`, `UPDATE archive_disposal SET reason = 'x'`, `DELETE FROM archive_disposal`, `UPDATE archive_part SET removed = 0`,
	} {
		_, err := f.Raw.Exec(statement)
		require.Error(t, err, statement)
	}
}
