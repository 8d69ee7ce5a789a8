package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/backup"
	"phientoa/internal/court"
	"phientoa/internal/pgtest"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/internal/store/sqlite"
)

const (
	unit     = court.UnitID("unit-hn")
	hearing1 = "0192aaaa-0000-7000-8000-000000000001"
	hearing2 = "0192aaaa-0000-7000-8000-000000000002"
)

// place is an installation: a data directory and a database.
type place struct {
	t        *testing.T
	dir      string
	database string // as --database
}

func (p *place) address() string {
	if p.database != "" {
		return p.database
	}
	return "sqlite:" + filepath.Join(p.dir, "phientoa.db")
}

func (p *place) open() store.Store {
	p.t.Helper()
	st, err := open.Open(p.t.Context(), p.address())
	require.NoError(p.t, err)
	return st
}

func (p *place) source() backup.Source {
	return backup.Source{DataDir: p.dir, Database: p.database, Node: "n1", Version: "v", Now: time.Now}
}

func (p *place) target() backup.Target { return backup.Target{DataDir: p.dir, Database: p.database} }

// Both databases keep the same laws; each case gets fresh, empty installations.
func TestOnBothDatabases(t *testing.T) {
	cases := map[string]func(*testing.T, func() *place){
		"restored is what was backed up":              restoredIsWhatWasBackedUp,
		"target must be empty":                        targetMustBeEmpty,
		"evidence newer than the database is refused": newerEvidenceIsRefused,
		"backup while the server writes":              backupWhileTheServerWrites,
		"nothing restored opens anything":             nothingRestoredOpensAnything,
		"encrypted for its recipients":                encryptedForItsRecipients,
	}
	t.Run("sqlite", func(t *testing.T) {
		for name, run := range cases {
			t.Run(name, func(t *testing.T) {
				run(t, func() *place { return &place{t: t, dir: filepath.Join(t.TempDir(), "data")} })
			})
		}
	})
	t.Run("postgres", func(t *testing.T) {
		srv := pgtest.Start(t)
		for name, run := range cases {
			t.Run(name, func(t *testing.T) {
				run(t, func() *place {
					return &place{t: t, dir: filepath.Join(t.TempDir(), "data"), database: srv.Database(t, func(string) error { return nil })}
				})
			})
		}
	})
}

func stateLine(n int) []byte { return fmt.Appendf(nil, `{"seq":%d}`, n) }

// evidenceLine is a line of an evidence log that copies a state event.
func evidenceLine(i, seq int, committed bool) string {
	line, _ := json.Marshal(string(stateLine(seq)))
	return fmt.Sprintf(`{"i":%d,"t":1,"mono_ns":1,"k":"event","seq":%d,"committed":%t,"line":%s,"salt":"%032x","prev":"%064x"}`+"\n",
		i, seq, committed, line, i, i)
}

func put(t *testing.T, p string, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o700))
	require.NoError(t, os.WriteFile(p, []byte(content), 0o600))
}

// fill makes two hearings with three events each, evidence of the first, keys,
// and people who are signed in.
func fill(p *place) {
	t, ctx, sys := p.t, p.t.Context(), court.SystemScope()
	require.NoError(t, os.MkdirAll(p.dir, 0o700))
	st := p.open()
	defer func() { require.NoError(t, st.Close()) }()
	for i, id := range []string{hearing1, hearing2} {
		require.NoError(t, st.CreateHearing(ctx, sys, store.Hearing{
			ID: id, Room: fmt.Sprintf("%032x", i+1), Unit: unit, DocketNo: "1/2026", Title: "Phiên tòa", StartsAt: 1,
		}, []store.PersonName{{Person: "p", Name: "Nguyễn Thị Minh Hạnh", Hearing: id}}))
		l, err := st.Acquire(ctx, sys, id, "n1", time.Hour)
		require.NoError(t, err)
		require.NoError(t, st.Append(ctx, sys, l, 0, [][]byte{stateLine(1), stateLine(2), stateLine(3)}))
		require.NoError(t, st.CreateInvitation(ctx, sys, store.Invitation{
			TokenHash: [32]byte{1, byte(i)}, Hearing: id, Person: "p", Device: "d", Expires: time.Now().Add(time.Hour),
		}))
		require.NoError(t, st.CreateSession(ctx, store.Session{
			TokenHash: [32]byte{2, byte(i)}, Hearing: id, Person: "p", Device: "d",
			Created: time.Now(), LastSeen: time.Now(), Expires: time.Now().Add(time.Hour),
		}))
	}
	part := filepath.Join(p.dir, "evidence", hearing1, "part-0001")
	put(t, filepath.Join(part, "log.jsonl"), evidenceLine(0, 1, true)+evidenceLine(1, 2, true)+evidenceLine(2, 3, false))
	put(t, filepath.Join(part, "media", "t001-1.webm"), strings.Repeat("media", 1000))
	put(t, filepath.Join(p.dir, "pki", "ca.pem"), "ca")
	put(t, filepath.Join(p.dir, "pki", "ca.key"), "PRIVATE-KEY-BYTES")
	put(t, filepath.Join(p.dir, "pki", "node.key"), "PRIVATE-KEY-BYTES")
	put(t, filepath.Join(p.dir, "lock"), "")
	put(t, filepath.Join(p.dir, "outbox", "copy.age"), "made again")
	put(t, filepath.Join(p.dir, "renders", "film.mp4"), "made again")
	put(t, filepath.Join(p.dir, "excerpts", "x.asice"), "made again")
}

func write(t *testing.T, src backup.Source) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := backup.Write(t.Context(), src, &b)
	require.NoError(t, err)
	return b.Bytes()
}

func tree(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		out = append(out, filepath.ToSlash(rel))
		return err
	}))
	return out
}

func restoredIsWhatWasBackedUp(t *testing.T, fresh func() *place) {
	from, to := fresh(), fresh()
	fill(from)
	archive := write(t, from.source())
	m, err := backup.Check(t.Context(), bytes.NewReader(archive), t.TempDir(), "")
	require.NoError(t, err)
	require.Len(t, m.Heads, 2)
	require.Equal(t, uint64(3), m.Heads[0].Seq)

	_, err = backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
	require.NoError(t, err)
	part := filepath.Join("evidence", hearing1, "part-0001")
	for _, name := range []string{filepath.Join(part, "log.jsonl"), filepath.Join(part, "media", "t001-1.webm")} {
		want, err := os.ReadFile(filepath.Join(from.dir, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(to.dir, name))
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	require.NoDirExists(t, filepath.Join(to.dir, backup.Marker))
	st := to.open()
	defer func() { require.NoError(t, st.Close()) }()
	ctx, sys := t.Context(), court.SystemScope()
	for i, id := range []string{hearing1, hearing2} {
		lines, err := st.Read(ctx, sys, id, 1, 10)
		require.NoError(t, err)
		require.Len(t, lines, 3)
		require.NoError(t, store.VerifyChain(0, [32]byte{}, lines))
		names, err := st.Names(ctx, sys, id)
		require.NoError(t, err)
		require.Equal(t, "Nguyễn Thị Minh Hạnh", names[0].Name)
		// Nobody who could enter before may enter by the old proof.
		_, err = st.SessionByToken(ctx, [32]byte{2, byte(i)}, time.Now())
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = st.RedeemCode(ctx, [32]byte{1, byte(i)}, [32]byte{}, store.Session{
			TokenHash: [32]byte{3, byte(i)}, Created: time.Now(), Expires: time.Now().Add(time.Hour),
		}, time.Now())
		require.ErrorIs(t, err, store.ErrUsed)
		// The log goes on under a newer lease.
		l, err := st.Acquire(ctx, sys, id, "n1", time.Hour)
		require.NoError(t, err)
		require.NoError(t, st.Append(ctx, sys, l, 3, [][]byte{stateLine(4)}))
	}
	if to.database == "" {
		info, err := os.Stat(filepath.Join(to.dir, "phientoa.db"))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}
	// In the source everybody is as signed in as before.
	st2 := from.open()
	defer func() { require.NoError(t, st2.Close()) }()
	_, err = st2.SessionByToken(ctx, [32]byte{2, 0}, time.Now())
	require.NoError(t, err)
}

func TestKeysLeaveOnlyWhenAsked(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	plain := unpack(t, write(t, from.source()))
	for name, content := range plain {
		require.False(t, strings.HasSuffix(name, ".key"), name)
		require.NotContains(t, name, "outbox", "what is made again is not taken along")
		require.NotContains(t, name, "renders", "nor what a disposal takes away")
		require.NotContains(t, name, "excerpts", "likewise")
		require.NotContains(t, string(content), "PRIVATE-KEY-BYTES", name)
	}
	src := from.source()
	src.WithKeys = true
	for archive, want := range map[string][]string{
		string(write(t, from.source())): {"pki-of-backup/ca.pem"},
		string(write(t, src)):           {"pki/ca.key", "pki/ca.pem", "pki/node.key"},
	} {
		to := filepath.Join(t.TempDir(), "new")
		_, err := backup.Restore(t.Context(), backup.Target{DataDir: to}, strings.NewReader(archive))
		require.NoError(t, err)
		got := slices.DeleteFunc(tree(t, to), func(p string) bool { return !strings.HasPrefix(p, "pki") })
		require.Equal(t, want, got)
	}
}

func targetMustBeEmpty(t *testing.T, fresh func() *place) {
	from := fresh()
	fill(from)
	archive := write(t, from.source())
	for name, spoil := range map[string]func(*place){
		"some file": func(p *place) { put(t, filepath.Join(p.dir, "x"), "x") },
		"keys":      func(p *place) { put(t, filepath.Join(p.dir, "pki", "ca.key"), "x") },
		"a database": func(p *place) {
			require.NoError(t, os.MkdirAll(p.dir, 0o700))
			require.NoError(t, p.open().Close())
		},
		"other evidence": func(p *place) {
			put(t, filepath.Join(p.dir, "evidence", hearing1, "part-0001", "media", "t001-1.webm"), "other")
		},
	} {
		to := fresh()
		spoil(to)
		before := tree(t, to.dir)
		_, err := backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
		require.ErrorIs(t, err, backup.ErrNotEmpty, name)
		require.Subset(t, append(before, "lock"), tree(t, to.dir), name)
	}
}

// A database that is behind its evidence would give the same numbers to other
// events: the restore says so and leaves everything as it was.
func newerEvidenceIsRefused(t *testing.T, fresh func() *place) {
	from := fresh()
	fill(from)
	archive := write(t, from.source())
	log := filepath.Join("evidence", hearing1, "part-0001", "log.jsonl")
	old, err := os.ReadFile(filepath.Join(from.dir, log))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		path, content string
		refused       bool
	}{
		"same":                  {log, string(old), false},
		"longer, not newer":     {log, string(old) + evidenceLine(3, 3, true), false},
		"newer":                 {log, string(old) + evidenceLine(3, 4, true), true},
		"newer in a later part": {strings.Replace(log, "0001", "0002", 1), evidenceLine(0, 9, true), true},
		"of an unknown hearing": {strings.Replace(log, hearing1, "other", 1), evidenceLine(0, 1, true), true},
		"newer, not committed":  {log, string(old) + evidenceLine(3, 4, false), false},
		"newer, torn":           {log, string(old) + strings.TrimSuffix(evidenceLine(3, 4, true), "\n"), false},
	} {
		to := fresh()
		put(t, filepath.Join(to.dir, c.path), c.content)
		_, err := backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
		if !c.refused {
			require.NoError(t, err, name)
			got, err := os.ReadFile(filepath.Join(to.dir, c.path))
			require.NoError(t, err)
			require.Equal(t, c.content, string(got), "%s: the surviving evidence stays", name)
			continue
		}
		require.ErrorIs(t, err, backup.ErrNewer, name)
		require.ElementsMatch(t, []string{"lock", c.path}, tree(t, to.dir), name)
		_, err = backup.Restore(t.Context(), backup.Target{DataDir: filepath.Join(t.TempDir(), "d"), Database: to.database}, bytes.NewReader(archive))
		require.NoError(t, err, "%s: the database was left empty", name)
	}
	// In the archive itself the same holds.
	newer := repack(t, archive, func(name string, b []byte) []byte {
		if name == filepath.ToSlash(log) {
			return append(b, evidenceLine(3, 4, true)...)
		}
		return b
	})
	_, err = backup.Check(t.Context(), bytes.NewReader(newer), t.TempDir(), "")
	require.ErrorIs(t, err, backup.ErrNewer)
}

func unpack(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	each(t, archive, func(h *tar.Header, b []byte) { out[h.Name] = b })
	return out
}

func each(t *testing.T, archive []byte, f func(*tar.Header, []byte)) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		f(h, b)
	}
}

// repack changes files and makes the manifest fit, as an attacker would.
func repack(t *testing.T, archive []byte, change func(string, []byte) []byte) []byte {
	t.Helper()
	return forge(t, archive, change, func(m *backup.Manifest) {})
}

func forge(t *testing.T, archive []byte, change func(string, []byte) []byte, say func(*backup.Manifest)) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	var files []backup.File
	each(t, archive, func(h *tar.Header, b []byte) {
		if h.Name == backup.ManifestName {
			var m backup.Manifest
			require.NoError(t, json.Unmarshal(b, &m))
			m.Files = files
			say(&m)
			var err error
			b, err = json.Marshal(m)
			require.NoError(t, err)
		} else {
			b = change(h.Name, b)
			sum := sha256.Sum256(b)
			files = append(files, backup.File{Path: h.Name, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])})
		}
		h.Size = int64(len(b))
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write(b)
		require.NoError(t, err)
	})
	require.NoError(t, errors.Join(w.Close(), z.Close()))
	return buf.Bytes()
}

func refusedAndUntouched(t *testing.T, name string, archive []byte) {
	t.Helper()
	_, err := backup.Check(t.Context(), bytes.NewReader(archive), t.TempDir(), "")
	require.ErrorIs(t, err, backup.ErrArchive, name)
	dir := filepath.Join(t.TempDir(), "data")
	_, err = backup.Restore(t.Context(), backup.Target{DataDir: dir}, bytes.NewReader(archive))
	require.ErrorIs(t, err, backup.ErrArchive, name)
	require.Equal(t, []string{"lock"}, tree(t, dir), name)
}

func TestDamagedArchivesAreRefused(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	archive := write(t, from.source())
	for at := 0; at < len(archive); at += 1 + len(archive)/13 {
		refusedAndUntouched(t, fmt.Sprintf("cut at %d", at), archive[:at])
	}
	for at := 10; at < len(archive); at += 1 + len(archive)/17 { // the first ten bytes are gzip's own header
		bad := slices.Clone(archive)
		bad[at] ^= 0x10
		refusedAndUntouched(t, fmt.Sprintf("bit flipped at %d", at), bad)
	}
	same := func(_ string, b []byte) []byte { return b }
	for name, say := range map[string]func(*backup.Manifest){
		"another format":   func(m *backup.Manifest) { m.Format = 2 },
		"another hash":     func(m *backup.Manifest) { m.Files[0].SHA256 = strings.Repeat("0", 64) },
		"another size":     func(m *backup.Manifest) { m.Files[0].Size++ },
		"a file more":      func(m *backup.Manifest) { m.Files = append([]backup.File{{Path: "x"}}, m.Files...) },
		"a file less":      func(m *backup.Manifest) { m.Files = m.Files[1:] },
		"no database":      func(m *backup.Manifest) { m.Files = m.Files[:len(m.Files)-1] },
		"another engine":   func(m *backup.Manifest) { m.Database = "postgres" },
		"unknown engine":   func(m *backup.Manifest) { m.Database = "x" },
		"log ends earlier": func(m *backup.Manifest) { m.Heads[0].Seq = 99 },
		"log ends other":   func(m *backup.Manifest) { m.Heads[1].Hash = strings.Repeat("0", 64) },
		"a hearing more": func(m *backup.Manifest) {
			m.Heads = append(m.Heads, backup.Head{Hearing: "x", Seq: 1})
		},
	} {
		refusedAndUntouched(t, name, forge(t, archive, same, say))
	}
}

// An archive is a stranger's input: it never writes outside of the target.
func TestHostileNamesAreRefused(t *testing.T) {
	for _, h := range []tar.Header{
		{Name: "../x"},
		{Name: "/etc/x"},
		{Name: "a/../../x"},
		{Name: `a\x`},
		{Name: ".restore/x"},
		{Name: "lock"},
		{Name: "phientoa.db"},
		{Name: "phientoa.db-wal"},
		{Name: ""},
		{Name: "."},
		{Name: "a\x00b"},
		{Name: "a\nb"},
		{Name: "evidence/x", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		{Name: "evidence", Typeflag: tar.TypeDir},
		{Name: "evidence/x", Typeflag: tar.TypeLink, Linkname: "lock"},
		{Name: "evidence/x", Typeflag: tar.TypeFifo},
	} {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		w := tar.NewWriter(z)
		h.Mode = 0o600
		_ = w.WriteHeader(&h) // a name with NUL is refused by the writer already; the archive is then empty
		_ = errors.Join(w.Close(), z.Close())
		refusedAndUntouched(t, h.Name, buf.Bytes())
	}
}

func TestTamperedStateLogIsRefused(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	archive := write(t, from.source())
	bad := repack(t, archive, func(name string, b []byte) []byte {
		if name != "database.sqlite" {
			return b
		}
		p := filepath.Join(t.TempDir(), "x.db")
		require.NoError(t, os.WriteFile(p, b, 0o600))
		db, err := sqlite.Raw(p, time.Second, false)
		require.NoError(t, err)
		for _, q := range []string{
			`DROP TRIGGER state_log_update`,
			`UPDATE state_log SET line = x'7b7d' WHERE seq = 2`, `PRAGMA wal_checkpoint(TRUNCATE)`,
		} {
			_, err := db.Exec(q)
			require.NoError(t, err, q)
		}
		require.NoError(t, db.Close())
		b, err = os.ReadFile(p)
		require.NoError(t, err)
		return b
	})
	refusedAndUntouched(t, "tampered", bad)
}

// The backup is of a server that runs and writes.
func backupWhileTheServerWrites(t *testing.T, fresh func() *place) {
	from, to := fresh(), fresh()
	fill(from)
	st := from.open()
	ctx, sys := t.Context(), court.SystemScope()
	l, err := st.Acquire(ctx, sys, hearing1, "n1", time.Hour)
	require.NoError(t, err)
	log, err := os.OpenFile(filepath.Join(from.dir, "evidence", hearing1, "part-0001", "log.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := 3; ; n++ {
			select {
			case <-stop:
				done <- errors.Join(log.Close(), st.Close())
				return
			default:
			}
			err := st.Append(ctx, sys, l, uint64(n), [][]byte{stateLine(n + 1)})
			if err == nil {
				_, err = log.WriteString(evidenceLine(n, n+1, true))
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	archive := write(t, from.source())
	close(stop)
	require.NoError(t, <-done)
	m, err := backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
	require.NoError(t, err)
	require.GreaterOrEqual(t, m.Heads[0].Seq, uint64(3))
}

func TestInterruptedRestoreIsRunAgain(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	archive := write(t, from.source())
	dir := filepath.Join(t.TempDir(), "new")
	_, err := backup.Restore(t.Context(), backup.Target{DataDir: dir}, bytes.NewReader(archive))
	require.NoError(t, err)
	// As if the machine had died before the end.
	require.NoError(t, os.Mkdir(filepath.Join(dir, backup.Marker), 0o700))
	require.NoError(t, os.Remove(filepath.Join(dir, "evidence", hearing1, "part-0001", "log.jsonl")))
	_, err = backup.Write(t.Context(), backup.Source{DataDir: dir}, io.Discard)
	require.ErrorContains(t, err, "half")
	_, err = backup.Restore(t.Context(), backup.Target{DataDir: dir}, bytes.NewReader(archive))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "evidence", hearing1, "part-0001", "log.jsonl"))
	require.NoDirExists(t, filepath.Join(dir, backup.Marker))
}

func TestFileAppearsWhole(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	to := filepath.Join(t.TempDir(), "backups")
	src := from.source()
	src.Now = func() time.Time { return time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC) }
	name, _, err := backup.WriteFile(t.Context(), src, to)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(to, "phientoa-n1-20261122T010203.000Z.tar.gz"), name)
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	_, _, err = backup.WriteFile(t.Context(), src, to)
	require.ErrorIs(t, err, fs.ErrExist, "an older backup is never overwritten")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	src.Now = time.Now
	_, _, err = backup.WriteFile(gone, src, to)
	require.ErrorIs(t, err, context.Canceled)
	src.DataDir = filepath.Join(t.TempDir(), "none")
	_, _, err = backup.WriteFile(t.Context(), src, to)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Equal(t, []string{filepath.Base(name)}, tree(t, to), "nothing half is left")
	require.NotContains(t, strings.Join(tree(t, from.dir), " "), ".backup-")
}

func TestPasswordIsInNoErrorAndNoArgument(t *testing.T) {
	_, err := backup.Write(t.Context(), backup.Source{DataDir: t.TempDir(), Database: "mysql://u:s3cret@h/d"}, io.Discard)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
	dir := t.TempDir()
	seen := filepath.Join(dir, "seen")
	put(t, filepath.Join(dir, "pg_restore"), "#!/bin/sh\nprintf '%s\\n' \"$*\" >"+seen+"\nprintf 'env %s\\n' \"$PGPASSWORD\" >>"+seen+"\nexit 1\n")
	require.NoError(t, os.Chmod(filepath.Join(dir, "pg_restore"), 0o700))
	srv := pgtest.Start(t)
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "d"), database: srv.Database(t, func(string) error { return nil })}
	fill(from)
	empty := srv.Database(t, func(string) error { return nil })
	with := strings.Replace(empty, "postgres:///", "postgres://phientoa:s3cret@/", 1) + "&pool_max_conns=3"
	require.Contains(t, with, "s3cret")
	_, err = backup.Restore(t.Context(), backup.Target{DataDir: filepath.Join(t.TempDir(), "x"), Database: with, PGBin: dir}, bytes.NewReader(write(t, from.source())))
	require.ErrorContains(t, err, "pg_restore")
	require.NotContains(t, err.Error(), "s3cret")
	b, err := os.ReadFile(seen)
	require.NoError(t, err)
	args, env, _ := strings.Cut(string(b), "\n")
	require.NotContains(t, args, "s3cret")
	require.NotContains(t, args, "pool_max_conns")
	require.Equal(t, "env s3cret\n", env)
	var db *sql.DB
	db, err = sql.Open("pgx", empty)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var n int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&n))
	require.Zero(t, n)
}
