package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"phientoa/internal/store"
	"phientoa/recording/archive"
	"phientoa/recording/storage/s3test"
)

// catalogue keeps rows in memory, in the order in which they came.
type catalogue struct {
	mu   sync.Mutex
	rows []store.StoredObject
	put  func(n int) error // before the n-th row, from 1; nil: none
}

func (c *catalogue) PutStoredObject(_ context.Context, o store.StoredObject) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.put != nil {
		if err := c.put(len(c.rows) + 1); err != nil {
			return err
		}
	}
	c.rows = append(c.rows, o)
	return nil
}

func (c *catalogue) StoredObjects(_ context.Context, target, hearing string) (list []store.StoredObject, _ error) {
	for _, o := range c.all() {
		if o.Target == target && o.Hearing == hearing {
			list = append(list, o)
		}
	}
	return list, nil
}

func (c *catalogue) all() []store.StoredObject {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]store.StoredObject(nil), c.rows...)
}

// bench is a node with sealed files and two keys, which it does not have.
type bench struct {
	t      *testing.T
	dir    string
	outbox string
	keys   [2]*age.X25519Identity
	files  *catalogue
	log    bytes.Buffer
	began  time.Time
	n      int
}

func newBench(t *testing.T) *bench {
	dir := t.TempDir()
	b := &bench{t: t, dir: filepath.Join(dir, "evidence"), outbox: filepath.Join(dir, "outbox"), files: &catalogue{}, began: time.Now().Add(-time.Hour)}
	for i := range b.keys {
		var err error
		b.keys[i], err = age.GenerateX25519Identity()
		require.NoError(t, err)
	}
	return b
}

// file makes a sealed file, later than those before. What stands in it is not this
// package's to judge.
func (b *bench) file(hearing string, part, size int) (path string, sum digest) {
	b.t.Helper()
	text := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(b.n)}).Read(text)
	path = filepath.Join(b.dir, hearing, fmt.Sprintf("part-%04d%s", part, archive.Ext))
	b.write(path, text)
	return path, sha256.Sum256(text)
}

func (b *bench) write(path string, text []byte) {
	b.t.Helper()
	b.n++
	require.NoError(b.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(b.t, os.WriteFile(path+".new", text, 0o400))
	at := b.began.Add(time.Duration(b.n) * time.Second)
	require.NoError(b.t, os.Chtimes(path+".new", at, at))
	require.NoError(b.t, os.Rename(path+".new", path))
}

func (b *bench) mirror(target *Target) *Mirror {
	b.t.Helper()
	m, err := New(Params{
		Dir: b.dir, Outbox: b.outbox, Node: "node-1", Target: target, Catalogue: b.files, Retain: 48 * time.Hour,
		Recipients: []age.Recipient{b.keys[0].Recipient(), b.keys[1].Recipient()},
		Logger:     slog.New(slog.NewTextHandler(&b.log, nil)), Retry: 20 * time.Millisecond,
	})
	require.NoError(b.t, err)
	return m
}

// running runs a mirror until the returned function is called.
func running(t *testing.T, m *Mirror) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

// caughtUp runs a mirror until nothing waits.
func (b *bench) caughtUp(m *Mirror) {
	b.t.Helper()
	stop := running(b.t, m)
	require.Eventually(b.t, func() bool { s := m.Status(); return s.Probed && s.Waiting == 0 }, 60*time.Second, 5*time.Millisecond)
	stop()
}

// fetch reads a version as a stranger would, and opens it with a key.
func (b *bench) fetch(target *Target, o store.StoredObject, key age.Identity) (cipher, plain []byte) {
	b.t.Helper()
	r, err := target.client.GetObject(b.t.Context(), target.p.Bucket, o.Key, minio.GetObjectOptions{VersionID: o.Version})
	require.NoError(b.t, err)
	cipher, err = io.ReadAll(r)
	require.NoError(b.t, err)
	require.NoError(b.t, r.Close())
	require.Equal(b.t, o.Cipher, sha256.Sum256(cipher))
	path := filepath.Join(b.t.TempDir(), "object.age")
	require.NoError(b.t, os.WriteFile(path, cipher, 0o600))
	in, size, c, err := archive.OpenContainer(path, key)
	require.NoError(b.t, err)
	plain, err = io.ReadAll(io.NewSectionReader(in, 0, size))
	require.NoError(b.t, err)
	require.NoError(b.t, c.Close())
	require.Equal(b.t, o.SHA256, sha256.Sum256(plain))
	return cipher, plain
}

// bucket makes one and its Target.
func bucket(s *s3test.Server, name string, lock bool) *Target {
	s.Bucket(name, lock)
	return target(s, name, 0)
}

func target(s *s3test.Server, name string, rate int64) *Target {
	t, err := NewTarget(TargetParams{Endpoint: "http://" + s.Address, Bucket: name, Access: s3test.AccessKey, Secret: s3test.SecretKey, Rate: rate})
	if err != nil {
		panic(err)
	}
	return t
}

func readBody(r *http.Request) []byte {
	b, _ := io.ReadAll(r.Body)
	return b
}

// A bucket with object lock proves itself; one without does not, and neither does a
// server that has all the words and keeps nothing.
func TestABucketProvesItself(t *testing.T) {
	s := s3test.Start(t)
	v, err := bucket(s, "locked", true).SelfTest(t.Context(), "node-1", time.Now())
	require.NoError(t, err)
	require.Equal(t, Verdict{Locked: true}, v)
	v, err = bucket(s, "plain", false).SelfTest(t.Context(), "node-1", time.Now())
	require.NoError(t, err)
	require.Equal(t, Verdict{Reason: "the bucket takes no object lock"}, v)
	_, err = target(s, "missing", 0).SelfTest(t.Context(), "node-1", time.Now())
	require.Error(t, err, "nothing was found out")
	s.Stop()
	_, err = target(s, "locked", 0).SelfTest(t.Context(), "node-1", time.Now())
	require.Error(t, err, "nothing was found out")
}

func TestALyingServerIsNotCalledWriteOnce(t *testing.T) {
	for mode, reason := range map[string]string{
		"deletes":            "a locked probe could be deleted",
		"deletes and denies": "a locked probe is gone",
		"shortens":           "the lock of a probe could be shortened",
		"forgets the lock":   "a probe has no compliance lock to the time that was asked for",
		"changes":            "a locked probe is not what was sent",
		"no versions":        "the bucket keeps no versions",
		"honest":             "",
	} {
		t.Run(mode, func(t *testing.T) {
			srv := httptest.NewTLSServer(&liar{mode: mode})
			defer srv.Close()
			roots := x509.NewCertPool()
			roots.AddCert(srv.Certificate())
			target, err := NewTarget(TargetParams{Roots: roots, Endpoint: srv.URL, Bucket: "evidence", Region: "us-east-1", Access: s3test.AccessKey, Secret: s3test.SecretKey})
			require.NoError(t, err)
			v, err := target.SelfTest(t.Context(), "node-1", time.Now())
			require.NoError(t, err)
			require.Equal(t, Verdict{Locked: reason == "", Reason: reason}, v)
		})
	}
}

// A lock that is shorter than what was asked for is none; a version whose lock is over
// holds nothing up: another is put beside it.
func TestALockIsAsLongAsWasAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parcel")
	text := []byte("parcel")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	p := &parcel{path: path, cipher: sha256.Sum256(text), size: int64(len(text))}
	l := &liar{mode: "honest"}
	srv := httptest.NewTLSServer(l)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	target, err := NewTarget(TargetParams{Roots: roots, Endpoint: srv.URL, Bucket: "evidence", Region: "us-east-1", Access: s3test.AccessKey, Secret: s3test.SecretKey})
	require.NoError(t, err)
	keep := func(now time.Time) (held, error) { return target.keep(t.Context(), "x", p, now, 100*time.Hour) }
	now := time.Now().Truncate(time.Second)
	h, err := keep(now)
	require.NoError(t, err)
	require.Equal(t, held{"v1", now.Add(100 * time.Hour).UTC()}, h)
	h, err = keep(now.Add(59 * time.Minute))
	require.NoError(t, err)
	require.Equal(t, "v1", h.version, "found again")
	h, err = keep(now.Add(200 * time.Hour))
	require.NoError(t, err)
	require.Equal(t, held{"v2", now.Add(300 * time.Hour).UTC()}, h, "the lock of the first is over")
	h, err = keep(now.Add(202 * time.Hour))
	require.NoError(t, err)
	require.Equal(t, "v3", h.version, "the second's ends too early")
	l.mode = "locks for less"
	_, err = keep(now.Add(900 * time.Hour))
	require.ErrorIs(t, err, errOther)
}

// The server dies in the middle of ten parts and comes back: all are there, in
// order, once, and what they were.
func TestTenPartsOverAnOutage(t *testing.T) {
	s, b := s3test.Start(t), newBench(t)
	s.Bucket("evidence", true)
	target := target(s, "evidence", 8<<20) // slow enough to die in an upload
	var want []digest
	for i := range 10 {
		size := 1 << 20
		if i == 6 {
			size = 20 << 20 // in several requests
		}
		// Two hearings by turns: the order is that of sealing, over all of them.
		_, sum := b.file(fmt.Sprintf("h-%d", i%2+1), i/2+1, size)
		want = append(want, sum)
	}
	dead := make(chan struct{})
	b.files.put = func(n int) error {
		if n == 4 {
			go func() { s.Stop(); close(dead) }()
		}
		return nil
	}
	m := b.mirror(target)
	stop := running(t, m)
	<-dead
	require.Eventually(t, func() bool { return m.Status().Error != "" }, 60*time.Second, time.Millisecond)
	require.Less(t, len(b.files.all()), 10)
	require.Positive(t, m.Status().Waiting)
	s.Start()
	require.Eventually(t, func() bool { return m.Status().Waiting == 0 }, 120*time.Second, 5*time.Millisecond)
	stop()

	rows := b.files.all()
	require.Len(t, rows, 10)
	for i, o := range rows {
		require.Equal(t, want[i], o.SHA256, "in order: %d", i)
		require.True(t, o.Locked)
		_, plain := b.fetch(target, o, b.keys[i%2])
		require.Equal(t, want[i], sha256.Sum256(plain))
		require.Len(t, s.Versions(target.p.Bucket, o.Key), 1, "once")
		until, err := target.lock(t.Context(), o.Key, o.Version)
		require.NoError(t, err)
		require.Equal(t, o.Until, until)
		require.WithinDuration(t, time.Now().Add(48*time.Hour), until, 10*time.Minute)
		require.Error(t, target.client.RemoveObject(t.Context(), "evidence", o.Key, minio.RemoveObjectOptions{VersionID: o.Version, GovernanceBypass: true}))
	}
	require.Len(t, s.Versions(target.p.Bucket, "h-"), 10)
	left, err := os.ReadDir(b.outbox)
	require.NoError(t, err)
	require.Empty(t, left)
}

// What was stored and not noted, because the database was away or the process
// died, is found again and not stored twice; a later process asks nothing anew.
func TestWhatWasNotNotedIsFoundAgain(t *testing.T) {
	s, b := s3test.Start(t), newBench(t)
	target := bucket(s, "evidence", true)
	b.file("h-1", 1, 100_000)
	path, _ := b.file("h-1", 2, 100_000)
	away := errors.New("the database is away")
	failed := make(chan struct{})
	once := sync.OnceFunc(func() { close(failed) })
	b.files.put = func(n int) error {
		if n == 2 {
			once()
			return away
		}
		return nil
	}
	stop := running(t, b.mirror(target))
	<-failed
	stop() // the process ends
	require.Len(t, b.files.all(), 1)
	require.Len(t, s.Versions(target.p.Bucket, "h-1/"), 2)

	b.files.put = nil
	next := b.mirror(target)
	b.caughtUp(next)
	require.Len(t, b.files.all(), 2)
	require.Len(t, s.Versions(target.p.Bucket, "h-1/"), 2, "the version of before was found")
	b.fetch(target, b.files.all()[1], b.keys[0])

	// Told again, or looked through again: nothing happens.
	third := b.mirror(target)
	third.Add(path)
	b.caughtUp(third)
	require.Zero(t, third.Status().Stored)
	require.Len(t, s.Versions(target.p.Bucket, "h-1/"), 2)

	// With a timestamp it is another file, and an object of its own.
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	b.write(path, append(text, "a timestamp"...))
	third.Add(path)
	b.caughtUp(third)
	rows := b.files.all()
	require.Len(t, rows, 3)
	require.Equal(t, 2, rows[2].Part)
	b.fetch(target, rows[1], b.keys[1])
	b.fetch(target, rows[2], b.keys[1])
}

// A hearing that went on on the second disk is taken up from there after a restart too.
func TestWhatWaitsInEitherDirectoryIsFound(t *testing.T) {
	b := newBench(t)
	first, _ := b.file("h-1", 1, 1000)
	m := b.mirror(nil)
	b.dir = filepath.Join(filepath.Dir(b.dir), "second")
	second, _ := b.file("h-1", 2, 1000)
	m.p.Second = b.dir
	require.NoError(t, m.scan())
	require.Equal(t, 2, m.Status().Waiting)
	for _, path := range []string{first, second} { // in the order in which they came to be
		w, _ := m.next(time.Now())
		require.Equal(t, path, w.part.Path)
		m.done(w)
	}
}

// Whoever writes over an object or deletes it changes nothing of the version that
// is noted; and what stood under the name before is not taken for ours.
func TestALockedVersionStays(t *testing.T) {
	s, b := s3test.Start(t), newBench(t)
	target := bucket(s, "evidence", true)
	_, sum := b.file("h-1", 1, 50_000)
	key := fmt.Sprintf("h-1/part-0001/%x.asice.age", sum)
	forge := func() {
		_, err := target.client.PutObject(t.Context(), "evidence", key, bytes.NewReader([]byte("forged")), 6, minio.PutObjectOptions{SendContentMd5: true})
		require.NoError(t, err)
	}
	forge()
	b.caughtUp(b.mirror(target))
	o := b.files.all()[0]
	require.Equal(t, key, o.Key)
	forge()
	require.NoError(t, target.client.RemoveObject(t.Context(), "evidence", key, minio.RemoveObjectOptions{}), "a marker, nothing more")
	require.Error(t, target.client.RemoveObject(t.Context(), "evidence", key, minio.RemoveObjectOptions{VersionID: o.Version, GovernanceBypass: true}))
	b.fetch(target, o, b.keys[0])
	require.Len(t, s.Versions(target.p.Bucket, key), 4)
}

// A file of its own fault waits alone.
func TestAnUnreadableFileHoldsUpNobody(t *testing.T) {
	s, b := s3test.Start(t), newBench(t)
	target := bucket(s, "evidence", true)
	gone, _ := b.file("h-1", 1, 1000)
	cut, _ := b.file("h-1", 2, 1000)
	b.file("h-1", 3, 1000)
	m := b.mirror(target)
	require.NoError(t, m.scan())
	require.NoError(t, os.Remove(gone))
	require.NoError(t, os.Truncate(cut, 999))
	_, err := m.round(t.Context())
	require.NoError(t, err)
	rows := b.files.all()
	require.Len(t, rows, 1)
	require.Equal(t, 3, rows[0].Part)
	require.Equal(t, 1, m.Status().Waiting, "the shorter one; the one that is gone is nobody's any more")
	require.Contains(t, m.Status().Error, "999")
}

// A bucket without object lock gets nothing and is not called write-once.
func TestABucketWithoutALockGetsNothing(t *testing.T) {
	s, b := s3test.Start(t), newBench(t)
	target := bucket(s, "plain", false)
	b.file("h-1", 1, 1000)
	m := b.mirror(target)
	stop := running(t, m)
	require.Eventually(t, func() bool { return m.Status().Failed > 0 }, 30*time.Second, time.Millisecond)
	stop()
	st := m.Status()
	require.False(t, st.Locked)
	require.Equal(t, "the bucket takes no object lock", st.Reason)
	require.Equal(t, 1, st.Waiting)
	require.Empty(t, s.Versions(target.p.Bucket, ""))
	require.NotContains(t, b.log.String(), s3test.SecretKey)
	require.NotContains(t, b.log.String(), s3test.AccessKey)
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	b := newBench(t)
	one := []age.Recipient{b.keys[0].Recipient()}
	for _, p := range []Params{
		{Outbox: b.outbox, Recipients: one, Retain: 48 * time.Hour},
		{Outbox: b.outbox, Recipients: append(one, b.keys[1].Recipient()), Retain: time.Hour},
		{Outbox: b.outbox, Recipients: append(one, b.keys[1].Recipient()), Retain: (MaxRetainDays + 1) * 24 * time.Hour},
	} {
		_, err := New(p)
		require.Error(t, err)
	}
	for _, e := range []string{"", "s3.example", "ftp://s3.example", "https://a:b@s3.example", "https://s3.example/path", "https://s3.example?x=1"} {
		_, err := NewTarget(TargetParams{Endpoint: e, Bucket: "evidence"})
		require.Error(t, err, e)
	}
}

func keys(k age.Identity) []age.Identity { return []age.Identity{k} }
