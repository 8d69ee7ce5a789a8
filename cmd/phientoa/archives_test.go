package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/ledger"
	"phientoa/internal/store"
	"phientoa/signaling/office"
)

// The whole path behind the API: a part is sealed, the catalogue knows it, and on
// demand the vault finds it whole, and then, changed on the disk, damaged.
func TestASealedPartIsCataloguedAndVerifiedOnDemand(t *testing.T) {
	s := startServe(t, nil)
	ctx, sys := t.Context(), court.SystemScope()
	require.NoError(t, s.store.CreateHearing(ctx, sys, store.Hearing{
		ID: "0192-h", Room: "00000000000000000000000000000192", Unit: "unit", DocketNo: "1/2026/TLST-HS",
	}, []store.PersonName{{Hearing: "0192-h", Person: "p", Name: "Đặng Thị Hòa"}}))
	file := s.seal()
	parts, err := s.store.ArchiveParts(ctx, sys, "0192-h")
	require.NoError(t, err)
	require.Len(t, parts, 1)
	p := parts[0]
	require.True(t, p.Stamped)
	require.Equal(t, s.p.Node, p.Node)
	found, err := s.store.FindArchives(ctx, court.ScopeOf("unit"), store.ArchiveQuery{Person: "dang hoa"})
	require.NoError(t, err)
	require.Len(t, found, 1)

	r, size, closer, err := officeVault{s.vault}.Open(p)
	require.NoError(t, err)
	whole, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	require.NoError(t, err)
	require.NoError(t, closer.Close())
	require.Equal(t, p.Size, size)
	for _, spoil := range []func(*store.ArchivePart){
		func(p *store.ArchivePart) { p.Node = "other" },
		func(p *store.ArchivePart) { p.Path = "../phientoa.db" },
		func(p *store.ArchivePart) { p.Path = "/etc/passwd" },
	} {
		bad := p
		spoil(&bad)
		_, _, _, err := officeVault{s.vault}.Open(bad)
		require.Error(t, err)
		require.Equal(t, bad.Node == "other", err == office.ErrElsewhere) //nolint:errorlint // it is this very one
	}

	check := func(id string) store.ArchiveCheck {
		t.Helper()
		require.NoError(t, s.store.PutArchiveCheck(ctx, sys, store.ArchiveCheck{ID: id, Hearing: "0192-h", Part: 1, By: "clerk", At: time.Now()}))
		s.vault.Wake()
		var done store.ArchiveCheck
		require.Eventually(t, func() bool {
			list, err := s.store.ArchiveChecks(ctx, sys, "0192-h")
			require.NoError(t, err)
			done = list[0]
			return done.ID == id && !done.Done.IsZero()
		}, 20*time.Second, 5*time.Millisecond, s.log.String())
		return done
	}
	c := check("a-1")
	require.Equal(t, 0, c.Exit, "%s", c.Report)
	require.True(t, c.Same)
	require.Contains(t, string(c.Report), "TOÀN VẸN")
	require.Contains(t, string(c.Report), "WHOLE")

	whole[len(whole)/2] ^= 1
	require.NoError(t, os.Chmod(file, 0o600))
	require.NoError(t, os.WriteFile(file, whole, 0o600))
	c = check("a-2")
	require.Equal(t, 1, c.Exit)
	require.False(t, c.Same)
	require.Contains(t, string(c.Report), "CÓ SAI LỆCH")

	require.NoError(t, os.Remove(file))
	c = check("a-3")
	require.Equal(t, 2, c.Exit)
	require.NotContains(t, string(c.Report), s.p.DataDir, "no path of the server in an answer")
}

// The database holds the checkpoint of a hearing's last part: it says nothing of the
// parts before, and of its own it says what a verification by itself does not know.
func TestEveryPartIsVerifiedByItself(t *testing.T) {
	s := startServe(t, nil)
	ctx, sys := t.Context(), court.SystemScope()
	require.NoError(t, s.store.CreateHearing(ctx, sys, store.Hearing{ID: "0192-h", Room: "00000000000000000000000000000192", Unit: "unit"}, nil))
	dir := filepath.Dir(s.seal())
	s.seal()
	require.Eventually(t, func() bool {
		parts, err := s.store.ArchiveParts(ctx, sys, "0192-h")
		return err == nil && len(parts) == 2 && s.sealer.Waiting() == 0
	}, 20*time.Second, 5*time.Millisecond, s.log.String())
	ids := 0
	check := func(part int) store.ArchiveCheck {
		t.Helper()
		ids++
		id := fmt.Sprintf("c-%d", ids)
		require.NoError(t, s.store.PutArchiveCheck(ctx, sys, store.ArchiveCheck{ID: id, Hearing: "0192-h", Part: part, By: "clerk", At: time.Now()}))
		s.vault.Wake()
		var done store.ArchiveCheck
		require.Eventually(t, func() bool {
			list, err := s.store.ArchiveChecks(ctx, sys, "0192-h")
			require.NoError(t, err)
			i := slices.IndexFunc(list, func(c store.ArchiveCheck) bool { return c.ID == id })
			done = list[i]
			return !done.Done.IsZero()
		}, 20*time.Second, 5*time.Millisecond, s.log.String())
		return done
	}
	last, err := ledger.LastCheckpoint(os.DirFS(filepath.Join(dir, "part-0002")))
	require.NoError(t, err)
	require.NoError(t, s.store.PutCheckpoint(ctx, sys, "0192-h", last.Size, last.Note))
	for part := 1; part <= 2; part++ {
		c := check(part)
		require.Equal(t, 0, c.Exit, "%d: %s", part, c.Report)
	}
	// Of a longer log than the one that was sealed, it names that part and no other.
	longer := strings.Replace(string(last.Note), fmt.Sprintf("\n%d\n", last.Size), fmt.Sprintf("\n%d\n", last.Size+9), 1)
	require.NoError(t, s.store.PutCheckpoint(ctx, sys, "0192-h", last.Size+9, []byte(longer)))
	require.Equal(t, 1, check(2).Exit)
	require.Equal(t, 0, check(1).Exit)
}
