package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/archives"
	"phientoa/internal/asic"
	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/recording/archive"
	"phientoa/recording/register"
)

// audited is what phientoa audit says of a directory.
type audited struct {
	Findings []register.Finding `json:"findings"`
	Opened   int                `json:"opened"`
	Sealed   int                `json:"sealed"`
	Open     int                `json:"open"`
	Disposed []register.Gone    `json:"disposed"`
	Repaired []register.Mended  `json:"repaired"`
}

func audit(t *testing.T, dir string, args ...string) (code int, a audited) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), append([]string{"audit", dir, "--json"}, args...), streams{&out, &out, nil})
	require.NoError(t, json.Unmarshal(out.Bytes(), &a), out.String())
	return code, a
}

// Whatever happens to a sealed part behind the court's back is named.
func TestTheAuditNamesWhatIsMissing(t *testing.T) {
	s := startServe(t, nil)
	file := s.seal()
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	code, a := audit(t, s.p.DataDir, "--root", ca)
	require.Equal(t, 0, code, "%+v", a)
	require.Equal(t, 1, a.Opened)
	require.Equal(t, 1, a.Sealed)
	code, _ = audit(t, s.p.DataDir)
	require.Equal(t, 3, code)
	code, _ = audit(t, t.TempDir())
	require.Equal(t, 2, code, "no register")

	// A second hearing is in progress: told by its number, and after the grace a finding.
	ev := s.record()
	code, a = audit(t, s.p.DataDir, "--root", ca)
	require.Equal(t, 0, code, "%+v", a)
	require.Equal(t, 1, a.Open)
	code, a = audit(t, s.p.DataDir, "--root", ca, "--grace", "0s")
	require.Equal(t, 1, code)
	require.Equal(t, register.FindingUnended, a.Findings[0].Code)
	require.NoError(t, ev.Close(context.Background()))
	require.Eventually(t, func() bool { _, a := audit(t, s.p.DataDir); return a.Sealed == 2 }, 20*time.Second, 5*time.Millisecond)
	code, a = audit(t, s.p.DataDir, "--root", ca)
	require.Equal(t, 0, code, "%+v", a)

	part, err := filepath.Rel(s.p.DataDir, file)
	require.NoError(t, err)
	other := filepath.Join(filepath.Dir(part), "part-0002.asice")
	for what, step := range map[string]struct {
		change func(t *testing.T, dir string)
		code   string
	}{
		"the sealed file is gone": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, part))) }, register.FindingLost},
		"the hearing is gone": {func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, filepath.Dir(part))))
		}, register.FindingLost},
		"another sealed file": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(filepath.Join(dir, other), filepath.Join(dir, part)))
		}, register.FindingSwapped},
		"a bit of the track": {func(t *testing.T, dir string) { flip(t, filepath.Join(dir, part), 600) }, register.FindingResealed},
		"no sealed file": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, part), []byte("x"), 0o600))
		}, register.FindingSwapped},
		"other seals": {func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, part))
			require.NoError(t, err)
			z, err := asic.Open(bytes.NewReader(b), int64(len(b)))
			require.NoError(t, err)
			e, _ := z.Entry(asic.SignatureName)
			flip(t, filepath.Join(dir, part), e.Offset()+e.Size/2)
		}, register.FindingResealed},
		"a hearing that nobody opened": {func(t *testing.T, dir string) {
			require.NoError(t, os.CopyFS(filepath.Join(dir, "evidence", "0193-h"), os.DirFS(filepath.Join(dir, filepath.Dir(part)))))
		}, register.FindingUnregistered},
		"a line of the register": {func(t *testing.T, dir string) { flip(t, filepath.Join(dir, register.Dir, "log.jsonl"), 400) }, register.FindingRegister},
		"another register": {func(t *testing.T, dir string) {
			other := startServe(t, nil)
			other.seal()
			other.seal()
			require.NoError(t, os.RemoveAll(filepath.Join(dir, register.Dir)))
			require.NoError(t, os.CopyFS(filepath.Join(dir, register.Dir), os.DirFS(filepath.Join(other.p.DataDir, register.Dir))))
		}, register.FindingFork},
	} {
		dir := t.TempDir()
		for _, name := range []string{"evidence", register.Dir} {
			require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(s.p.DataDir, name))))
		}
		code, a := audit(t, dir, "--root", ca)
		require.Equal(t, 0, code, "%+v", a)
		step.change(t, dir)
		code, a = audit(t, dir, "--root", ca)
		require.Equal(t, 1, code, what)
		codes := map[string]bool{}
		for _, f := range a.Findings {
			codes[f.Code] = true
		}
		require.True(t, codes[step.code], "%s: %+v", what, a.Findings)
		var out bytes.Buffer
		require.Equal(t, 1, run(t.Context(), []string{"audit", dir}, streams{&out, &out, nil}))
		require.Contains(t, out.String(), "CÓ SAI LỆCH", what)
	}
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	require.NoError(t, os.Chmod(path, 0o600))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[at] ^= 1
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

// What two people disposed of is no loss: the audit says who wanted it and when. What
// stands on the disk although the register says that it is gone is a finding.
func TestTheAuditKnowsWhatWasDisposedOf(t *testing.T) {
	s := startServe(t, nil)
	ctx, sys := t.Context(), court.SystemScope()
	require.NoError(t, s.store.CreateHearing(ctx, sys, store.Hearing{
		ID: "0192-h", Room: "00000000000000000000000000000192", Unit: "unit",
	}, nil))
	file := s.seal()
	kept := t.TempDir()
	require.NoError(t, os.CopyFS(kept, os.DirFS(filepath.Join(s.p.DataDir, "evidence"))))
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	now := time.Now()
	by := func(who string) store.AdminEntry {
		return store.AdminEntry{At: now, Actor: who, Unit: "unit", What: "x"}
	}
	require.NoError(t, s.store.PutArchiveDisposal(ctx, sys, store.ArchiveDisposal{
		ID: "d", Hearing: "0192-h", Reason: "x", By: "acc-1", At: now, Expires: now.Add(time.Hour),
	}, by("acc-1")))
	parts, err := s.store.ArchiveParts(ctx, sys, "0192-h")
	require.NoError(t, err)
	contents, err := json.Marshal(map[string]any{"parts": archives.Digests(parts)})
	require.NoError(t, err)
	_, err = s.store.SettleArchiveDisposal(ctx, sys, "d", store.Confirmed, string(contents), by("acc-2"))
	require.NoError(t, err)
	s.vault.Wake()
	require.Eventually(t, func() bool {
		parts, err := s.store.ArchiveParts(ctx, sys, "0192-h")
		return err == nil && len(parts) == 1 && !parts[0].Removed.IsZero()
	}, 20*time.Second, 5*time.Millisecond, s.log.String())
	require.NoFileExists(t, file)
	code, a := audit(t, s.p.DataDir, "--root", ca)
	require.Equal(t, 0, code, "%+v", a)
	require.Len(t, a.Disposed, 1)
	require.Equal(t, "acc-1", a.Disposed[0].ProposedBy)
	require.Equal(t, "acc-2", a.Disposed[0].ConfirmedBy)
	require.Equal(t, now.UnixMicro(), a.Disposed[0].ConfirmedAt.UnixMicro())
	var out bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"audit", s.p.DataDir, "--root", ca}, streams{&out, &out, nil}))
	require.Contains(t, out.String(), "Đã tiêu hủy theo quyết định của hai người: 0192-h/part-0001")

	// On the second disk too: there it still stands.
	code, a = audit(t, s.p.DataDir, "--root", ca, "--evidence-second", kept)
	require.Equal(t, 1, code, "%+v", a)
	require.Equal(t, register.FindingKept, a.Findings[0].Code)
}

// Parts in the second directory are not lost, and are verified with the others.
func TestTheAuditLooksAtBothDisks(t *testing.T) {
	s := startServe(t, nil)
	file := s.seal()
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	var out bytes.Buffer
	verify := func(paths ...string) int {
		return run(t.Context(), append([]string{"verify", "--root", ca}, paths...), streams{&out, &out, nil})
	}
	require.Equal(t, 0, verify(filepath.Dir(file), t.TempDir()), out.String())
	require.Equal(t, 2, verify(filepath.Dir(file), filepath.Dir(file)), "one part in both")
	require.Equal(t, 2, verify(t.TempDir(), t.TempDir()))
	require.Equal(t, 2, verify(file, file))
	require.Equal(t, 2, verify(filepath.Dir(file), filepath.Join(filepath.Dir(file), "part-0001")), "a part is no hearing")
	second := filepath.Join(t.TempDir(), "second")
	require.NoError(t, os.Rename(filepath.Join(s.p.DataDir, "evidence"), second))
	code, a := audit(t, s.p.DataDir)
	require.Equal(t, 1, code)
	require.Equal(t, register.FindingLost, a.Findings[0].Code)
	code, a = audit(t, s.p.DataDir, "--evidence-second", second)
	require.Equal(t, 3, code, "%+v", a)
}

// A register that was taken away is begun anew: the sealed files that stand are
// noted, and what was begun on the one before says so.
func TestTheRegisterGoesOnAfterARestart(t *testing.T) {
	s := startServe(t, nil)
	s.seal()
	dir := s.p.DataDir
	require.NoError(t, s.stop())
	s.close()
	// As if the register had not been there when the part was sealed.
	require.NoError(t, os.RemoveAll(filepath.Join(dir, register.Dir)))
	s = startServe(t, func(c *config.Config) { c.DataDir = dir })
	require.Eventually(t, func() bool { _, a := audit(t, dir); return a.Sealed == 1 }, 20*time.Second, 5*time.Millisecond, s.log.String())
	s.seal()
	require.Eventually(t, func() bool { _, a := audit(t, dir); return a.Sealed == 2 }, 20*time.Second, 5*time.Millisecond, s.log.String())
	require.NoError(t, s.stop())
	code, a := audit(t, dir)
	require.Equal(t, 1, code)
	require.Equal(t, 2, a.Sealed)
	require.Len(t, a.Findings, 1, "the first part names the register that was taken away")
	require.Equal(t, register.FindingFork, a.Findings[0].Code)
	require.Equal(t, 1, a.Findings[0].Part)
}

// A file that was swapped while the node stood still is not noted as the part's own
// when the node looks through what it has.
func TestASwappedFileIsNotNotedAtTheNextStart(t *testing.T) {
	s := startServe(t, nil)
	file := s.seal()
	s.seal()
	dir := s.p.DataDir
	require.Eventually(t, func() bool { _, a := audit(t, dir); return a.Sealed == 2 && s.sealer.Waiting() == 0 }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, s.stop())
	s.close()
	require.NoError(t, os.Rename(filepath.Join(filepath.Dir(file), "part-0002.asice"), file))
	s = startServe(t, func(c *config.Config) { c.DataDir = dir })
	part := func(f archive.Failure) bool { return f.Part == "0192-h/part-0001" }
	require.Eventually(t, func() bool { return slices.ContainsFunc(s.sealer.Failing(), part) }, 20*time.Second, 5*time.Millisecond, s.log.String())
	require.NoError(t, s.stop())
	code, a := audit(t, dir)
	require.Equal(t, 1, code)
	require.True(t, slices.ContainsFunc(a.Findings, func(f register.Finding) bool {
		return f.Code == register.FindingSwapped && f.Part == 1
	}), "%+v", a.Findings)
	require.Contains(t, s.log.String(), archive.ErrSwapped.Error())
}
