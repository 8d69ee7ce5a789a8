//go:build !verifier

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// JobParams makes a Job.
type JobParams struct {
	Dir    string // of all evidence: Dir/<hearing>/part-NNNN
	Second string // where recordings go on when Dir fails; empty: none
	Signer Signer
	// SignEnd signs the end line of a part whose process died before it did; see
	// recording.SignEnd.
	SignEnd func(ctx context.Context, part string) error
	// Register notes every sealed file; nil: nobody does.
	Register Register
	// Catalogue is told of every sealed part; nil: nobody asks.
	Catalogue Catalogue
	// Finished is told the sealed file of a part once it has its name, and again once
	// it has its timestamp; nil: nobody asks. It must not block.
	Finished func(path string)
	// SealLater is asked before the court's seal joins a file that has the node's with
	// its timestamp: true when it is made as a supplement instead, since the file lies
	// locked elsewhere as it is. nil: it always joins.
	SealLater func(ctx context.Context, f Final) (bool, error)
	// Reserve is kept free on the disk for recordings, in bytes: a part that does
	// not fit beside it waits.
	Reserve int64
	// Rate bounds reading, in bytes a second; default 64 MiB: recordings come first.
	Rate   int64
	Logger *slog.Logger
	// Retry is the wait after a first failure, doubled up to 60 times of it, or to
	// 2160 times where the failure cost a copy of the part; default 10 s.
	Retry time.Duration
	// Progress is the time between two lines in the log, default 30 s.
	Progress time.Duration
	// RenewBefore is how long before the end of its last timestamp's certificate a file
	// gets an archive timestamp; default RenewBefore.
	RenewBefore time.Duration
	Now         func() time.Time // default time.Now; tells what is to be renewed
}

// StampLimit is how long an authority may take for the timestamp of a part that
// is sealed already; the government's was measured at up to 131 s.
const StampLimit = 3 * time.Minute

// Job seals the parts of a node that have ended, one after the other. What a
// process did not finish, the next one takes up.
type Job struct {
	p     JobParams
	limit *rate.Limiter
	wake  chan struct{}

	mu      sync.Mutex
	waiting map[string]*retry // by directory of the part
	unended map[string]bool   // looked at and found without their end line
	swapped map[string]Final  // found not to be the file that was noted, without SHA-256

	sealed, failed, bytes atomic.Int64
}

type retry struct {
	at       time.Time
	wait     time.Duration
	sealed   bool // only what joins a sealed file lacks
	asked    int  // how often Add was called for it
	failures int
	err      error // the last
}

// NewJob returns a job that does nothing before Run.
func NewJob(p JobParams) *Job {
	if p.Rate <= 0 {
		p.Rate = 64 << 20
	}
	if p.Retry <= 0 {
		p.Retry = 10 * time.Second
	}
	if p.Progress <= 0 {
		p.Progress = 30 * time.Second
	}
	if p.RenewBefore <= 0 {
		p.RenewBefore = RenewBefore
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	return &Job{
		p: p, wake: make(chan struct{}, 1), waiting: map[string]*retry{}, unended: map[string]bool{}, swapped: map[string]Final{},
		limit: rate.NewLimiter(rate.Limit(p.Rate), max(int(p.Rate), limitStep)),
	}
}

// Add asks for a part to be sealed, by its directory. It never blocks.
func (j *Job) Add(part string) {
	j.mu.Lock()
	if j.waiting[part] == nil {
		j.waiting[part] = &retry{}
	}
	j.waiting[part].asked++
	delete(j.unended, part)
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Waiting counts the parts that are to be sealed, stamped or sealed by the court.
func (j *Job) Waiting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.waiting)
}

// Unended counts the parts that a process stopped writing without an end line and
// that nobody has ended since: hearings that go on after a restart, and those that
// never came back, whose record gets no seal.
func (j *Job) Unended() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.unended)
}

// Failure is a part that could not be sealed or stamped so far.
type Failure struct {
	Part     string    `json:"part"` // hearing and number
	Failures int       `json:"failures"`
	Sealed   bool      `json:"sealed"` // only what joins a sealed file lacks
	Error    string    `json:"error"`  // the last
	Next     time.Time `json:"next"`   // attempt
}

// Failing lists the parts whose last attempt failed, in order of their names.
func (j *Job) Failing() []Failure {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := []Failure{}
	for part, r := range j.waiting {
		if r.err != nil {
			out = append(out, Failure{j.name(part), r.failures, r.sealed, r.err.Error(), r.at})
		}
	}
	slices.SortFunc(out, func(a, b Failure) int { return strings.Compare(a.Part, b.Part) })
	return out
}

// Counts are, since the job was made: containers finished, attempts that failed
// and bytes of evidence read for sealing.
func (j *Job) Counts() (sealed, failed, bytes int64) {
	return j.sealed.Load(), j.failed.Load(), j.bytes.Load()
}

// Run works until ctx ends.
func (j *Job) Run(ctx context.Context) {
	j.scan(ctx)
	looked := j.p.Now()
	for ctx.Err() == nil {
		if now := j.p.Now(); now.Sub(looked) >= lookEvery {
			looked = now
			j.renewals()
		}
		part, wait := j.next(time.Now())
		if part != "" {
			j.one(ctx, part)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-j.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// scan finds what earlier processes left.
func (j *Job) scan(ctx context.Context) {
	// When the signer does not answer yet, what only lacks the court's seal waits for
	// the next start.
	court, err := j.p.Signer.Holds(ctx)
	if err != nil {
		j.p.Logger.Warn("signer not asked for the court's key", "err", err)
	}
	var parts []string
	for _, dir := range j.dirs() {
		found, err := filepath.Glob(filepath.Join(dir, "*", "part-*", ledger.LogName))
		if err != nil {
			j.p.Logger.Error("evidence not looked through", "err", err)
		}
		parts = append(parts, found...)
	}
	for _, name := range parts {
		part := filepath.Dir(name)
		// The catalogue is asked of each: a process may have ended before it told.
		state, err := Look(part + Ext)
		if err != nil || !state.complete(court) || !state.LongTerm || j.due(state) || !j.registered(part) || j.p.Catalogue != nil {
			j.Add(part)
		}
	}
}

// next is a part whose turn it is, or how long none is.
func (j *Job) next(now time.Time) (part string, wait time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	wait = time.Hour
	var best *retry
	for name, r := range j.waiting {
		switch d := r.at.Sub(now); {
		// A slow timestamp authority does not hold seals up.
		case d <= 0 && (best == nil || (best.sealed && !r.sealed) || (best.sealed == r.sealed && name < part)):
			part, best = name, r
		case d > 0:
			wait = min(wait, d)
		}
	}
	return part, wait
}

func (j *Job) one(ctx context.Context, part string) {
	asked := j.asked(part)
	err := j.seal(ctx, part)
	if ctx.Err() == nil { // else the next process goes on
		j.done(part, asked, err)
	}
}

func (j *Job) asked(part string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.waiting[part].asked
}

// done notes how an attempt ended that began when the part had been asked for
// so often. A part in progress is forgotten, for it is added when it ends: unless
// that happened while it was looked at.
func (j *Job) done(part string, asked int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.waiting[part]
	switch {
	case r.asked != asked:
		r.at = time.Time{}
	case err == nil:
		delete(j.waiting, part)
	case errors.Is(err, ErrNotEnded):
		delete(j.waiting, part)
		j.unended[part] = true
	default:
		j.again(part, r, err)
	}
}

// again has a part tried later: much later where trying costs a copy.
func (j *Job) again(part string, r *retry, err error) {
	most := 60 * j.p.Retry
	if errors.Is(err, errCopied) || errors.Is(err, ErrSwapped) || errors.Is(err, errNotRenewed) { // each reads the whole
		most = 2160 * j.p.Retry
	}
	r.err, r.failures = err, r.failures+1
	r.wait = min(max(2*r.wait, j.p.Retry), most)
	r.at = time.Now().Add(r.wait)
	j.failed.Add(1)
	args := []any{"part", j.name(part), "err", err, "failures", r.failures, "again_in", r.wait.String()}
	r.sealed = errors.Is(err, errNoTimestamp) || errors.Is(err, errNoCourt) || errors.Is(err, errNotNoted) ||
		errors.Is(err, errNoLists) || errors.Is(err, errNotRenewed)
	if r.sealed && !errors.Is(err, ErrSwapped) {
		j.p.Logger.Warn("sealed part is not complete", args...)
		return
	}
	j.p.Logger.Error("part not sealed", args...)
}

func (j *Job) dirs() []string {
	if j.p.Second == "" {
		return []string{j.p.Dir}
	}
	return []string{j.p.Dir, j.p.Second}
}

// name is the part's place below the evidence: hearing and number.
func (j *Job) name(part string) string {
	rel, err := filepath.Rel(j.p.Dir, part)
	if err != nil {
		return filepath.Base(part)
	}
	return filepath.ToSlash(rel)
}

func (j *Job) seal(ctx context.Context, part string) error {
	out := part + Ext
	if _, err := os.Lstat(out); err == nil {
		// Known first as it is: the authority may be away for long.
		noted := j.register(ctx, part, nil)
		if errors.Is(noted, ErrSwapped) {
			return noted // nobody is told of it, and it gets no seal of ours
		}
		return errors.Join(noted, j.catalogue(ctx, part, nil), j.complete(ctx, part))
	}
	if behind, err := j.behind(part); err != nil || behind {
		return err
	}
	if err := j.ended(ctx, part); err != nil {
		return err
	}
	// Without its signer a copy would be made for nothing.
	if _, err := j.p.Signer.Holds(ctx); err != nil {
		return fmt.Errorf("archive: signer: %w", err)
	}
	total, err := size(part)
	if err != nil {
		return err
	}
	if err := j.room(part, total); err != nil {
		return err
	}
	began, last := time.Now(), time.Now()
	before := int64(0)
	b, err := Build(ctx, BuildParams{
		Part: part, Out: out, Signer: j.p.Signer, Pace: j.pace(part),
		Progress: func(done int64) {
			j.bytes.Add(done - before)
			before = done
			if time.Since(last) >= j.p.Progress {
				last = time.Now()
				j.p.Logger.Info("sealing", "part", j.name(part), "bytes", done, "of", total)
			}
		},
	})
	if err != nil {
		return err
	}
	j.sealed.Add(1)
	j.finished(out)
	log := j.p.Logger.Info
	damages := 0
	if b.Report.Evidence != nil {
		damages = len(b.Report.Evidence.Damages)
	}
	if damages > 0 {
		log = j.p.Logger.Error
	}
	log("part sealed", "part", j.name(part), "bytes", b.Bytes, "sha256", fmt.Sprintf("%x", b.SHA256), "manifest_sha256", fmt.Sprintf("%x", b.Manifest),
		"timestamp", b.Stamped, "damages", damages, "took", time.Since(began).Round(time.Millisecond).String())
	return errors.Join(b.Lacks, j.register(ctx, part, &b.SHA256), j.catalogue(ctx, part, &content{b.Report, b.SHA256}))
}

// behind tells whether the part is a mirror's side that was dropped, which is not
// sealed, and takes the name of a part from it.
func (j *Job) behind(part string) (bool, error) {
	for _, dir := range j.dirs() {
		other := filepath.Join(dir, filepath.Base(filepath.Dir(part)), filepath.Base(part))
		if other == filepath.Clean(part) || !recording.Begun(part) || !recording.Begun(other) {
			continue
		}
		_, err := os.Lstat(part + recording.ElsewhereExt) // tells where both have all
		left := err == nil && !ledger.Further(os.DirFS(part), os.DirFS(other))
		if !left && !ledger.Further(os.DirFS(other), os.DirFS(part)) {
			continue
		}
		if err := recording.Demote(part); err != nil {
			return true, fmt.Errorf("archive: %w", err)
		}
		j.p.Logger.Warn("copy of a part put aside, the other directory has more of it", "part", j.name(part), "counts", other)
		return true, nil
	}
	return false, nil
}

func (j *Job) finished(path string) {
	if j.p.Finished != nil {
		j.p.Finished(path)
	}
}

// complete gives a container of an earlier attempt its timestamps, and the court's
// seal where there is a key for it.
func (j *Job) complete(ctx context.Context, part string) error {
	court, err := j.p.Signer.Holds(ctx)
	if err != nil {
		return errors.Join(errNoTimestamp, fmt.Errorf("archive: signer: %w", err))
	}
	state, err := Look(part + Ext)
	if err != nil {
		return err
	}
	if !state.complete(court) {
		if later, err := j.sealLater(ctx, part, state); err != nil || later {
			return err
		}
	}
	if !state.complete(court) || !state.LongTerm {
		err = j.join(ctx, part, func() (Completed, error) {
			return Complete(ctx, part+Ext, j.p.Signer, StampLimit, j.pace(part))
		})
		lacksMuch := errors.Is(err, errNoCourt) || errors.Is(err, errNoLists) || errors.Is(err, errNotNoted)
		if err != nil && !lacksMuch {
			return errors.Join(errNoTimestamp, err)
		}
	}
	if !j.due(state) {
		return err
	}
	renewed := j.join(ctx, part, func() (Completed, error) {
		return Renew(ctx, part+Ext, j.p.Signer, StampLimit, j.pace(part))
	})
	if renewed != nil && !errors.Is(renewed, errNoLists) {
		renewed = errors.Join(errNotRenewed, renewed)
	}
	return errors.Join(err, renewed)
}

// join has a sealed file written anew with what came, and tells of it.
func (j *Job) join(ctx context.Context, part string, write func() (Completed, error)) error {
	info, err := os.Stat(part + Ext)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	// The file is written anew, and recordings come first here too.
	if err := j.room(part, info.Size()); err != nil {
		return err
	}
	done, err := write()
	if done.Changed {
		j.finished(part + Ext)
		j.p.Logger.Info("sealed part completed", "part", j.name(part), "sha256", fmt.Sprintf("%x", done.SHA256), "archive_timestamps", done.State.Archived)
		err = errors.Join(err, j.register(ctx, part, &done.SHA256), j.catalogue(ctx, part, &content{done.Report, done.SHA256}))
	}
	return err
}

// sealLater tells whether the court's seal of a part is made as a supplement.
func (j *Job) sealLater(ctx context.Context, part string, s State) (bool, error) {
	if j.p.SealLater == nil || !s.Stamped || s.Court {
		return false, nil
	}
	f, _, closer, err := finalOf(part + Ext)
	if err != nil {
		return false, err
	}
	later, err := j.p.SealLater(ctx, f)
	if err = errors.Join(err, closer.Close()); err != nil {
		err = errors.Join(errNoCourt, err)
	}
	return later, err
}

// pace is how a part may be worked on: recordings come first, on the way too.
func (j *Job) pace(part string) Pace {
	return Pace{Limit: j.limit, Room: func() error { return j.room(part, 0) }}
}

// room wants space for another file of this size beside what recordings need.
func (j *Job) room(part string, size int64) error {
	free, err := recording.Free(part)
	if err != nil {
		return err
	}
	if free < size+j.p.Reserve {
		return fmt.Errorf("archive: %d bytes free, %d needed beside the reserve of %d for recordings", free, size, j.p.Reserve)
	}
	return nil
}

// ended wants the end line, under a checkpoint. Every log has one from its first
// second: one that has none was tampered with, and is not signed anew.
func (j *Job) ended(ctx context.Context, part string) error {
	lines, ended, err := lastLines(filepath.Join(part, ledger.LogName))
	if err != nil {
		return err
	}
	if !ended {
		return ErrNotEnded
	}
	cp, err := ledger.LastCheckpoint(os.DirFS(part))
	if err != nil {
		return fmt.Errorf("archive: a log without its checkpoints is not signed: %w", err)
	}
	if cp.Size >= lines {
		return nil
	}
	return j.p.SignEnd(ctx, part)
}

// lastLines looks at the end of a log: how many lines it has, and whether it has
// its end line, which few lines may follow.
func lastLines(path string) (lines uint64, ended bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false, fmt.Errorf("archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, false, fmt.Errorf("archive: %w", err)
	}
	buf := make([]byte, min(end, 2*ledger.MaxLine))
	if _, err := f.ReadAt(buf, end-int64(len(buf))); err != nil && !errors.Is(err, io.EOF) {
		return 0, false, fmt.Errorf("archive: %w", err)
	}
	whole := strings.Split(string(buf[:strings.LastIndexByte(string(buf), '\n')+1]), "\n")
	for i := len(whole) - 2; i >= 0; i-- { // behind the last newline stands nothing
		l, err := ledger.ParseLine([]byte(whole[i]))
		if err != nil {
			return lines, false, nil // torn or damaged: not ours to judge
		}
		lines = max(lines, l.I+1)
		switch l.Kind {
		case ledger.KindEnd:
			return lines, true, nil
		case ledger.KindRecovered, ledger.KindKey:
		default:
			return lines, false, nil
		}
	}
	return lines, false, nil
}

// size sums up the files of a part, in bytes.
func size(part string) (total int64, err error) {
	err = fs.WalkDir(os.DirFS(part), ".", func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("archive: %w", err)
	}
	return total, nil
}
