package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"phientoa/internal/disk"
	"phientoa/internal/hearing"
	"phientoa/internal/ledger"
	"phientoa/recording"
	"phientoa/recording/register"
	"phientoa/signaling"
)

// recorder lets rooms use package recording; the two know nothing of each other.
type recorder struct {
	dir    string
	second string // where recordings go on when dir fails; empty: none
	mirror bool   // second holds the same as dir
	node   string
	signer ledger.Signer
	// register notes openings; nil: it could not be opened.
	register *register.Register
	logger   *slog.Logger
	// written counts the bytes of evidence files; nil counts none.
	written func(n int)
	// ended is told the directory of a part that was closed.
	ended  func(part string)
	rates  rates
	asking atomic.Int32
}

func (n *node) recorder() *recorder {
	return &recorder{
		dir: n.evidenceDir(), second: n.p.EvidenceSecond, mirror: n.p.EvidenceMirror, node: n.p.Node, signer: n.signer, register: n.register, logger: n.logger, written: n.evidenceWritten(),
		ended: n.sealer.Add,
	}
}

// leastFree is how much the disk must take before a recording may begin: about
// an hour of eight cameras.
const leastFree = 4 << 30

// Open implements signaling.Recorder.
func (r *recorder) Open(ctx context.Context, p signaling.EvidenceParams) (signaling.Evidence, error) {
	genesis, err := json.Marshal(struct {
		Software string          `json:"software"`
		Booking  hearing.Booking `json:"booking"`
		Register *register.Head  `json:"register,omitempty"`
	}{"phientoa " + version(), p.Booking, r.head()})
	if err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	params := recording.Params{
		Dir: r.dir, Second: r.second, Mirror: r.mirror, Hearing: string(p.Hearing), Node: r.node, Genesis: genesis, Epoch: p.Epoch,
		Signer: r.signer, Notify: p.Notify, Rand: rand.Reader, Logger: r.logger,
		FS: r.partFS, Ended: r.ended,
		Began: func(part string) { r.opened(string(p.Hearing), part) },
	}
	if p.Room != nil { // not a typed nil
		params.Room = p.Room
	}
	sitting, err := recording.Begin(ctx, params)
	if err != nil {
		return nil, err
	}
	r.rates.add(p.Booking)
	return counted{sitting, func() { r.rates.drop(p.Booking.Hearing) }}, nil
}

// head is how far the register is, for the part that begins.
func (r *recorder) head() *register.Head {
	if r.register == nil {
		return nil
	}
	if h := r.register.Head(); h.Size > 0 {
		return &h
	}
	return nil
}

// registerTime bounds what the opening of a hearing waits for the register.
const registerTime = 2 * time.Second

// opened notes a part in the register. A hearing does not depend on it: what could
// not be noted is told by the audit.
func (r *recorder) opened(hearing, dir string) {
	if r.register == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), registerTime)
	defer cancel()
	part, _ := recording.PartNumber(filepath.Base(dir), "")
	if err := r.register.Opened(ctx, hearing, part); err != nil {
		r.logger.Error("opening not noted in the register", "hearing", hearing, "part", filepath.Base(dir), "err", err)
	}
}

// counted is a sitting whose rate counts until it ends.
type counted struct {
	*recording.Sitting
	done func()
}

// Exhibit implements signaling.Evidence.
func (c counted) Exhibit(ctx context.Context, x signaling.Exhibited) error {
	return c.Sitting.Exhibit(ctx, recording.Exhibited(x))
}

// Close implements signaling.Evidence.
func (c counted) Close(ctx context.Context) error {
	defer c.done()
	return c.Sitting.Close(ctx)
}

// Suspend implements signaling.Evidence.
func (c counted) Suspend(ctx context.Context) error {
	defer c.done()
	return c.Sitting.Suspend(ctx)
}

// What a device sends to the recorder at most, in bits a second: the layer of 720
// lines (web/src/core/media.ts) with its RTP and Matroska headers, and Opus.
const (
	cameraRate     = 1_760_000
	microphoneRate = 70_000
)

// rateOf is what the recording of a hearing takes at most, in bytes a second.
func rateOf(b hearing.Booking) (sum int64) {
	for _, src := range hearing.Sources(&hearing.State{Booking: b}) {
		if src.Kind == hearing.Mic {
			sum += microphoneRate / 8
			continue
		}
		sum += cameraRate / 8
	}
	return max(sum, 1)
}

// leftWait bounds the asking of a disk that does not answer.
const leftWait = 2 * time.Second

// Left implements signaling.Recorder: what is free on both disks, shared with the
// other hearings that this process has open.
func (r *recorder) Left(ctx context.Context, b hearing.Booking) (minutes int, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, leftWait)
	defer cancel()
	answer := make(chan int64, 1)
	if !r.asking.CompareAndSwap(0, 1) {
		return 0, false
	}
	go func() { // statfs of a dead network disk never returns
		defer r.asking.Store(0)
		answer <- r.free()
	}()
	select {
	case free := <-answer:
		if free < 0 {
			return 0, false
		}
		return int(free / max(r.rates.of(b), 1) / 60), true
	case <-ctx.Done():
		return 0, false
	}
}

// free sums up what the disks of both directories take; -1: not known. A second
// directory on the same disk adds nothing, and of mirrored ones the fuller one counts.
func (r *recorder) free() int64 {
	first, err := recording.Free(r.dir)
	if err != nil {
		first = 0
	}
	if r.second == "" || recording.SameDisk(r.dir, r.second) {
		if err != nil {
			return -1
		}
		return first
	}
	second, secondErr := recording.Free(r.second)
	if secondErr == nil {
		secondErr = disk.Marked(r.second)
	}
	if secondErr != nil {
		if err != nil {
			return -1
		}
		return first
	}
	if r.mirror && err == nil {
		return min(first, second)
	}
	return first + second
}

// rates are those of the hearings whose evidence is open here.
type rates struct {
	mu   sync.Mutex
	open map[hearing.ID]int64
}

func (r *rates) add(b hearing.Booking) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[hearing.ID]int64{}
	}
	r.open[b.Hearing] = rateOf(b)
}

func (r *rates) drop(id hearing.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, id)
}

// of is the rate of all, that of b among them.
func (r *rates) of(b hearing.Booking) (sum int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, rate := range r.open {
		if id != b.Hearing {
			sum += rate
		}
	}
	return sum + rateOf(b)
}

// Held returns the event lines of an outage that wait to be carried over,
// without opening the evidence log.
func (r *recorder) Held(_ context.Context, id hearing.ID) ([][]byte, error) {
	return recording.Held(r.dirs(id)...)
}

// dirs are the directories of a hearing's evidence.
func (r *recorder) dirs(id hearing.ID) []string {
	dirs := []string{filepath.Join(r.dir, string(id))}
	if r.second != "" {
		dirs = append(dirs, filepath.Join(r.second, string(id)))
	}
	return dirs
}

// Unfinished tells whether the hearing's latest part lacks its end line.
func (r *recorder) Unfinished(_ context.Context, id hearing.ID) bool {
	part, err := recording.LastPart(r.dirs(id)...)
	if err != nil {
		r.logger.Error("latest part of the evidence not found", "hearing", id, "err", err)
		return false
	}
	if part == "" {
		return false
	}
	last, err := lastLine(filepath.Join(part, ledger.LogName))
	if err != nil {
		r.logger.Warn("evidence log not readable", "hearing", id, "err", err)
		return false
	}
	var line struct {
		Kind ledger.Kind `json:"k"`
	}
	return json.Unmarshal(last, &line) != nil || line.Kind != ledger.KindEnd
}

// AllUnfinished lists the hearings of which this is so.
func (r *recorder) AllUnfinished(ctx context.Context) ([]hearing.ID, error) {
	var list []hearing.ID
	for _, dir := range []string{r.dir, r.second} {
		if dir == "" {
			continue
		}
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("evidence: %w", err)
		}
		for _, e := range entries {
			id := hearing.ID(e.Name())
			if e.IsDir() && ctx.Err() == nil && !slices.Contains(list, id) && r.Unfinished(ctx, id) {
				list = append(list, id)
			}
		}
	}
	return list, ctx.Err()
}

// lastLine reads the last complete line of a file whose lines are below 1 MiB.
func lastLine(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	buf := make([]byte, min(end, most))
	if _, err := f.ReadAt(buf, end-int64(len(buf))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	buf = bytes.TrimSuffix(buf, []byte("\n"))
	return buf[bytes.LastIndexByte(buf, '\n')+1:], nil
}
