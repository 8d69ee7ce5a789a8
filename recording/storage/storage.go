// Package storage takes sealed files to an S3 object store under an object lock, so
// that they outlast the machine that made them and nobody can delete them there. The
// file in the directory stays what is read and verified; the copy is encrypted for
// keys that no node has.
package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"filippo.io/age"

	"phientoa/internal/store"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// Least and most of the settings.
const (
	// LeastRecipients: the loss of one secret key, the court's or the one in escrow,
	// must not be the loss of the copies.
	LeastRecipients = 2
	// MaxRetainDays of a lock, about a century: a compliance lock cannot be taken back.
	MaxRetainDays = 36500
)

// probeEvery is how long a verdict on the bucket stands.
const probeEvery = 24 * time.Hour

// Params makes a Mirror.
type Params struct {
	Dir    string // of all evidence: Dir/<hearing>/part-NNNN.asice
	Second string // where it goes on when the disk of Dir cannot, named alike; empty: nowhere
	Outbox string // directory of files encrypted and not yet stored
	Node   string // names probes
	Target *Target
	// Catalogue knows what is stored.
	Catalogue store.Objects
	// Recipients' secret keys open the copies; at least LeastRecipients.
	Recipients []age.Recipient
	Retain     time.Duration // of the lock, from the storing on
	// Reserve is kept free on the disk of Outbox for recordings, in bytes.
	Reserve int64
	Logger  *slog.Logger
	Now     func() time.Time
	// Retry is the wait after a first failure, doubled up to 60 times of it;
	// default 10 s.
	Retry time.Duration
}

// Mirror stores every sealed file of a directory, one after the other in the order in
// which they came to be. What it did not finish, the next process takes up: the queue
// is what stands in the directories and not in the catalogue.
type Mirror struct {
	p    Params
	wake chan struct{}

	mu      sync.Mutex
	waiting map[string]*waiting // by path
	status  Status
	probed  time.Time // of the verdict; zero: none yet
}

// waiting is a sealed file that is not known to be stored.
type waiting struct {
	part  Part
	at    time.Time // not before; zero: at once
	wait  time.Duration
	ready *parcel // encrypted by this process
}

// Part is a sealed file in the directory.
type Part struct {
	Hearing string
	Number  int // from 1; of a supplement the last part that it cites
	// Supplement is its number when the file is one, 0 when it is the part.
	Supplement int
	Path       string
	Size       int64
	Since      time.Time // when the file came to be what it is
}

// before tells whose turn is first.
func (p Part) before(q Part) bool {
	if !p.Since.Equal(q.Since) {
		return p.Since.Before(q.Since)
	}
	return p.Path < q.Path
}

// Status is what operators see.
type Status struct {
	Waiting int       `json:"waiting"`          // sealed files that are not stored
	Oldest  time.Time `json:"oldest,omitzero"`  // of them, when it was sealed
	Stored  int64     `json:"stored"`           // by this process
	Failed  int64     `json:"failed"`           // attempts
	Bytes   int64     `json:"bytes"`            // stored by this process, encrypted
	Error   string    `json:"error,omitempty"`  // why some wait
	Probed  bool      `json:"probed"`           // the bucket was tried
	Locked  bool      `json:"locked"`           // a locked probe could not be deleted
	Reason  string    `json:"reason,omitempty"` // why it is not
}

// New returns a Mirror that does nothing before Run.
func New(p Params) (*Mirror, error) {
	switch {
	case len(p.Recipients) < LeastRecipients:
		return nil, fmt.Errorf("storage: copies are encrypted for at least %d keys, the court's and one in escrow", LeastRecipients)
	case p.Retain < 24*time.Hour || p.Retain > MaxRetainDays*24*time.Hour:
		return nil, fmt.Errorf("storage: a lock of 1 to %d days", MaxRetainDays)
	}
	if p.Retry <= 0 {
		p.Retry = 10 * time.Second
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if err := os.MkdirAll(p.Outbox, 0o700); err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return &Mirror{p: p, wake: make(chan struct{}, 1), waiting: map[string]*waiting{}}, nil
}

// Add says that a sealed file is there or has become another. It never blocks.
func (m *Mirror) Add(path string) {
	if err := m.add(path); err != nil {
		m.p.Logger.Error("sealed file not taken up for storing", "err", err)
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *Mirror) add(path string) error {
	part, err := describe(path)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if w := m.waiting[path]; w == nil || w.part != part {
		m.waiting[path] = &waiting{part: part}
	}
	return nil
}

// describe reads name and size of a sealed file.
func describe(path string) (p Part, err error) {
	p.Path, p.Hearing = path, filepath.Base(filepath.Dir(path))
	base := filepath.Base(path)
	if n, ok := archive.SupplementNumber(path); ok {
		return describeSupplement(p, n)
	}
	var ok bool
	if p.Number, ok = recording.PartNumber(base, archive.Ext); !ok {
		return p, fmt.Errorf("storage: %q is not named like a part", base)
	}
	return p.stat()
}

func (p Part) stat() (Part, error) {
	info, err := os.Lstat(p.Path)
	if err != nil {
		return p, fmt.Errorf("storage: %w", err)
	}
	if !info.Mode().IsRegular() {
		return p, fmt.Errorf("storage: %q is no regular file", filepath.Base(p.Path))
	}
	p.Size, p.Since = info.Size(), info.ModTime()
	return p, nil
}

func describeSupplement(p Part, number int) (Part, error) {
	b, err := archive.ReadSupplement(p.Path)
	if err != nil {
		return p, fmt.Errorf("storage: %w", err)
	}
	p.Supplement, p.Number = number, b.About.Cites[len(b.About.Cites)-1].Part
	return p.stat()
}

// name is the file's without its ending.
func (p Part) name() string {
	if p.Supplement > 0 {
		return fmt.Sprintf("supplement-%04d", p.Supplement)
	}
	return fmt.Sprintf("part-%04d", p.Number)
}

// Holds tells whether a part's file of this size, in bytes, is stored.
func (m *Mirror) Holds(ctx context.Context, hearing string, part int, size int64) (bool, error) {
	known, err := m.p.Catalogue.StoredObjects(ctx, m.p.Target.Name(), hearing)
	return storedAs(known, Part{Number: part, Size: size}), err
}

// storedAs tells whether the file is among what is stored: by its size, for a file
// becomes another only by growing, with a timestamp or a seal.
func storedAs(known []store.StoredObject, p Part) bool {
	return slices.ContainsFunc(known, func(o store.StoredObject) bool {
		return o.Part == p.Number && o.Supplement == p.Supplement && o.Size == p.Size
	})
}

// Status is the present one.
func (m *Mirror) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.status
	s.Waiting, s.Probed = len(m.waiting), !m.probed.IsZero()
	for _, w := range m.waiting {
		if s.Oldest.IsZero() || w.part.Since.Before(s.Oldest) {
			s.Oldest = w.part.Since
		}
	}
	return s
}

// Run works until ctx ends.
func (m *Mirror) Run(ctx context.Context) {
	wait := time.Duration(0)
	if err := m.scan(); err != nil {
		m.p.Logger.Error("sealed files not looked through", "err", err)
	}
	for ctx.Err() == nil {
		until, err := m.round(ctx)
		woken := m.wake
		if err != nil && ctx.Err() == nil {
			wait = min(max(2*wait, m.p.Retry), 60*m.p.Retry)
			until = wait
			woken = nil // what comes new waits behind the one that waits
			m.failed("the object store takes nothing", err, wait)
		} else {
			wait = 0
		}
		timer := time.NewTimer(until)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// scan finds every sealed file of both directories; which are stored the catalogue
// says when their turn comes.
func (m *Mirror) scan() (err error) {
	for _, dir := range []string{m.p.Dir, m.p.Second} {
		if dir == "" {
			continue
		}
		for _, name := range []string{"part-*", "supplement-*"} {
			files, e := filepath.Glob(filepath.Join(dir, "*", name+archive.Ext))
			err = errors.Join(err, e)
			for _, path := range files {
				err = errors.Join(err, m.add(path))
			}
		}
	}
	return err
}

// round stores what waits until nothing does, and returns when to look again. An
// error is one of the store or the catalogue, behind which everything waits: nothing
// overtakes. A file that cannot be read is set aside and holds up nobody.
func (m *Mirror) round(ctx context.Context) (time.Duration, error) {
	if err := m.probe(ctx); err != nil {
		return 0, err
	}
	for {
		w, wait := m.next(m.p.Now())
		if w == nil {
			m.clear()
			return wait, ctx.Err()
		}
		err := m.one(ctx, w)
		var own *fileError
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case errors.As(err, &own):
			m.setAside(w, err)
		case err != nil:
			return 0, err
		default:
			m.done(w)
		}
	}
}

// next is whose turn it is, or how long nobody's.
func (m *Mirror) next(now time.Time) (best *waiting, wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	wait = time.Hour
	for _, w := range m.waiting {
		switch d := w.at.Sub(now); {
		case d > 0:
			wait = min(wait, d)
		case best == nil || w.part.before(best.part):
			best = w
		}
	}
	return best, wait
}

func (m *Mirror) done(w *waiting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[w.part.Path] == w { // else it has become another meanwhile
		delete(m.waiting, w.part.Path)
	}
	for _, x := range m.waiting {
		if x.wait > 0 {
			return // the fault of one that was set aside stands
		}
	}
	m.status.Error = ""
}

// clear empties the outbox when nothing waits: parcels of files that have become
// others meanwhile, or were stored just before their process ended.
func (m *Mirror) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) > 0 {
		return
	}
	left, err := filepath.Glob(filepath.Join(m.p.Outbox, "*"+parcelExt))
	for _, path := range append(left, filepath.Join(m.p.Outbox, parcelNew)) {
		if e := os.Remove(path); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		m.p.Logger.Warn("outbox not emptied", "err", err)
	}
}

// setAside lets others go on while a file of its own fault waits.
func (m *Mirror) setAside(w *waiting, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		m.p.Logger.Warn("sealed file is gone before it was stored", "hearing", w.part.Hearing, "part", w.part.Number)
		m.done(w)
		return
	}
	m.mu.Lock()
	w.wait = min(max(2*w.wait, m.p.Retry), 60*m.p.Retry)
	w.at = m.p.Now().Add(w.wait)
	m.mu.Unlock()
	m.failed("a sealed file is not stored", err, w.wait)
}

func (m *Mirror) failed(what string, err error, wait time.Duration) {
	m.mu.Lock()
	m.status.Failed++
	m.status.Error = err.Error()
	m.mu.Unlock()
	m.p.Logger.Error(what, "err", err, "again_in", wait.String())
}

// probe tries the bucket, once in a while.
func (m *Mirror) probe(ctx context.Context) error {
	m.mu.Lock()
	fresh := !m.probed.IsZero() && m.p.Now().Sub(m.probed) < probeEvery
	m.mu.Unlock()
	if fresh {
		return nil
	}
	v, err := m.p.Target.SelfTest(ctx, m.p.Node, m.p.Now())
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.probed, m.status.Locked, m.status.Reason = m.p.Now(), v.Locked, v.Reason
	m.mu.Unlock()
	if v.Locked {
		m.p.Logger.Info("object store tried: a locked probe cannot be deleted", "target", m.p.Target.Name())
	} else {
		m.p.Logger.Error("object store is not write-once: it does not keep what is locked", "target", m.p.Target.Name(), "reason", v.Reason)
	}
	return nil
}

// fileError is a fault of one sealed file, not of the store.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// one stores one sealed file and enters it in the catalogue.
func (m *Mirror) one(ctx context.Context, w *waiting) error {
	target := m.p.Target.Name()
	known, err := m.p.Catalogue.StoredObjects(ctx, target, w.part.Hearing)
	if err != nil {
		return err
	}
	if storedAs(known, w.part) {
		return nil
	}
	if w.ready == nil {
		if w.ready, err = m.pack(ctx, w.part); err != nil {
			return err
		}
	}
	key := fmt.Sprintf("%s/%s/%s%s.age", w.part.Hearing, w.part.name(), hex.EncodeToString(w.ready.plain[:]), archive.Ext)
	now := m.p.Now().UTC()
	kept, err := m.p.Target.keep(ctx, key, w.ready, now, m.p.Retain)
	if err != nil {
		return err
	}
	locked := m.Status().Locked
	err = m.p.Catalogue.PutStoredObject(ctx, store.StoredObject{
		Target: target, Hearing: w.part.Hearing, Part: w.part.Number, Supplement: w.part.Supplement, SHA256: w.ready.plain, Size: w.part.Size,
		Key: key, Version: kept.version, Cipher: w.ready.cipher, CipherSize: w.ready.size,
		Until: kept.until, Locked: locked, At: now,
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.status.Stored++
	m.status.Bytes += w.ready.size
	m.mu.Unlock()
	m.p.Logger.Info("sealed file stored", "hearing", w.part.Hearing, "part", w.part.Number, "sha256", hex.EncodeToString(w.ready.plain[:]),
		"version", kept.version, "bytes", w.ready.size, "until", kept.until, "locked", locked)
	if err := os.Remove(w.ready.path); err != nil {
		m.p.Logger.Warn("outbox not emptied", "err", err)
	}
	return nil
}

// digest is a SHA-256.
type digest = [sha256.Size]byte
