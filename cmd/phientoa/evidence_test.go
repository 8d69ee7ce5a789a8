package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/disk"
	"phientoa/internal/store"
)

// The operator marks a disk, and says of a part that it is lost: both once, and the
// audit tells the words.
func TestTheOperatorMarksADiskAndGivesAPartUp(t *testing.T) {
	call := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, streams{&out, &errs, nil})
		return code, out.String() + errs.String()
	}
	second := t.TempDir()
	code, said := call("evidence", "init", second)
	require.Zero(t, code, said)
	require.Contains(t, said, "no line in the administrative log")
	require.NoError(t, disk.Marked(second))
	code, said = call("evidence", "init", second)
	require.Zero(t, code)
	require.Contains(t, said, "already")
	require.NotContains(t, said, "no line")
	code, _ = call("evidence", "init", filepath.Join(second, "gone"))
	require.NotZero(t, code)

	s := startServe(t, nil)
	dir := filepath.Dir(s.seal())
	require.Eventually(t, func() bool { _, a := audit(t, s.p.DataDir); return a.Sealed == 1 }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, s.store.CreateHearing(t.Context(), court.SystemScope(), store.Hearing{
		ID: filepath.Base(dir), Room: "00000000000000000000000000000192", Unit: "unit",
	}, nil))
	require.NoError(t, s.stop())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-0002.elsewhere"), nil, 0o600))
	code, said = call("evidence", "lost", dir, "1", "--reason", "Ổ đĩa hỏng")
	require.NotZero(t, code, said)
	code, said = call("evidence", "lost", dir, "2", "--reason", "Ổ đĩa hỏng", "--database", "sqlite:"+filepath.Join(second, "none", "x.db"))
	require.NotZero(t, code, said)
	require.NoFileExists(t, filepath.Join(dir, "part-0002.lost"), "without its database nothing is done")
	code, said = call("evidence", "lost", dir, "2", "--reason", "Ổ đĩa hỏng", "--data-dir", s.p.DataDir)
	require.Zero(t, code, said)
	third := t.TempDir()
	for range 2 { // the second time nothing is done, and nothing written
		code, said = call("evidence", "init", third, "--data-dir", s.p.DataDir)
		require.Zero(t, code, said)
	}
	requireLines(t, s.p.DataDir, filepath.Base(dir), third)
	_, said = call("audit", s.p.DataDir, "--lang", "en")
	require.Contains(t, said, "/part-0002: lost (declared lost by")
	require.Contains(t, said, "Ổ đĩa hỏng")
}

// requireLines wants one line in the administrative log for each act at the terminal, with the
// hearing's court and without what the operator wrote, and the chain whole.
func requireLines(t *testing.T, dataDir, hearing, marked string) {
	t.Helper()
	err := databaseFlags{DataDir: dataDir}.with(t.Context(), func(st store.Store, _ *auth.Officials) error {
		list, err := st.AdminLog(t.Context(), court.SystemScope(), 1, 1000)
		require.NoError(t, err)
		var acts []store.AdminEntry
		for _, e := range list {
			if strings.HasPrefix(e.What, "evidence.") {
				require.WithinDuration(t, time.Now(), e.At, time.Minute)
				acts = append(acts, store.AdminEntry{Actor: e.Actor, Unit: e.Unit, What: e.What, Object: e.Object, Detail: e.Detail})
			}
		}
		require.Equal(t, []store.AdminEntry{
			{Actor: "system", Unit: "unit", What: "evidence.part_lost", Object: hearing, Detail: "part-0002"},
			{Actor: "system", What: "evidence.disk_marked", Object: marked},
		}, acts)
		_, _, err = auth.VerifyAdminLog(t.Context(), st)
		return err
	})
	require.NoError(t, err)
}
