//go:build !verifier

package excerpt

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	"time"

	"phientoa/recording"
	"phientoa/recording/archive"
)

// Bounds of what is made on demand.
const (
	MaxWaiting = 16                 // behind the one that is being made
	MaxOwned   = 4                  // of these, of one account or copy: others have their turn
	MaxKept    = 64                 // files and failures; the oldest goes
	Keep       = 7 * 24 * time.Hour // of a file
	tidyEvery  = time.Hour
	reserve    = 10 << 30 // bytes of the disk that are left to the recordings
	jobExt     = ".json"
)

// States of a job.
const (
	StateWaiting = "waiting"
	StateRunning = "running"
	StateReady   = "ready"
	StateEmpty   = "empty"   // nothing is recorded there
	StateDamaged = "damaged" // the sealed part is not whole where it is needed
	StateNoRoom  = "no_room"
	StateFailed  = "failed"
)

// Job is one file that somebody asked for.
type Job struct {
	ID      string    `json:"id"` // 32 hex digits
	Hearing string    `json:"hearing"`
	Part    int       `json:"part"`
	Account string    `json:"account"` // whose it is: nobody else sees it
	Asked   Asked     `json:"asked"`
	At      time.Time `json:"at"`
	State   string    `json:"state"`
	Done    time.Time `json:"done"`
	Size    int64     `json:"size"`   // bytes
	SHA256  string    `json:"sha256"` // hex
	Share   float64   `json:"-"`      // done, 0 to 1
}

// Expires is when the file goes.
func (j Job) Expires() time.Time { return j.Done.Add(Keep) }

// JobsParams makes a Jobs.
type JobsParams struct {
	Dir string // nobody else's
	// Open opens a sealed part, with the SHA-256 that the catalogue has of it.
	Open   func(hearing string, part int) (io.ReaderAt, int64, io.Closer, [sha256.Size]byte, error)
	Signer archive.Signer
	Now    func() time.Time // default time.Now
	Rand   io.Reader
	Logger *slog.Logger
	Free   func(dir string) (int64, error) // default recording.Free
	// Rate is how many bytes a second are read of sealed parts, for recordings on the
	// disk come first; 0: no limit.
	Rate int
}

// Jobs makes files in the background, one after the other, and keeps them for a while. A
// process that begins anew goes on with what waited.
type Jobs struct {
	p    JobsParams
	pace archive.Pace
	wake chan struct{} // capacity 1

	mu      sync.Mutex
	jobs    []*Job // in the order of asking
	running *Job
	stop    context.CancelFunc // of what is being made
}

// ErrFull: too many wait already.
var ErrFull = errors.New("excerpt: too many are waiting")

// NewJobs takes up what an earlier process left. Nothing is made before Run.
func NewJobs(p JobsParams) (*Jobs, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Free == nil {
		p.Free = recording.Free
	}
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("excerpt: %w", err)
	}
	j := &Jobs{p: p, pace: archive.Pace{Limit: archive.Limiter(p.Rate)}, wake: make(chan struct{}, 1)}
	names, err := filepath.Glob(filepath.Join(p.Dir, "*"+jobExt))
	if err != nil {
		return nil, fmt.Errorf("excerpt: %w", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		var one Job
		if err == nil {
			err = json.Unmarshal(text, &one)
		}
		if err != nil || j.path(one.ID, jobExt) != name || !validID(one.ID) {
			p.Logger.Warn("a note about an excerpt cannot be read", "err", err)
			continue
		}
		if one.State == StateRunning {
			one.State = StateWaiting
		}
		j.jobs = append(j.jobs, &one)
	}
	slices.SortFunc(j.jobs, func(a, b *Job) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return j, nil
}

func validID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == 16 && strings.ToLower(id) == id
}

func (j *Jobs) path(id, ext string) string { return filepath.Join(j.p.Dir, id+ext) }

// Check tells what cannot be asked for whatever the part holds: ErrAsked.
func (a Asked) Check() error {
	zero := strings.Repeat("0", 64)
	about := About{
		Format: 1, Kind: a.Kind, Origin: "o", SHA256: zero, Manifest: zero, FromT: a.FromT, ToT: a.ToT, Events: a.Events,
		Cuts: slices.Clone(a.Cuts), Reason: a.Reason, By: a.By,
	}
	for i := range about.Cuts {
		about.Cuts[i].Tracks = sortedSet(about.Cuts[i].Tracks)
	}
	for _, t := range sortedSet(a.Tracks) {
		about.Tracks = append(about.Tracks, Start{t, a.FromT})
	}
	return about.check()
}

// Ask puts one in the line: ErrAsked, or ErrFull when too many wait, or too many of the
// account.
func (j *Jobs) Ask(hearing string, part int, account string, a Asked) (Job, error) {
	if err := a.Check(); err != nil {
		return Job{}, err
	}
	id := make([]byte, 16)
	if _, err := io.ReadFull(j.p.Rand, id); err != nil {
		return Job{}, fmt.Errorf("excerpt: randomness: %w", err)
	}
	one := &Job{ID: hex.EncodeToString(id), Hearing: hearing, Part: part, Account: account, Asked: a, At: j.p.Now().UTC(), State: StateWaiting}
	j.mu.Lock()
	defer j.mu.Unlock()
	waiting, own := 0, 0
	for _, other := range j.jobs {
		if other.State != StateWaiting {
			continue
		}
		waiting++
		if other.Account == account {
			own++
		}
	}
	if waiting >= MaxWaiting || own >= MaxOwned {
		return Job{}, ErrFull
	}
	if err := j.note(one); err != nil {
		return Job{}, err
	}
	j.jobs = append(j.jobs, one)
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return *one, nil
}

// note writes a job down, whole or not at all. The caller holds mu.
func (j *Jobs) note(one *Job) error {
	text, err := json.Marshal(one)
	if err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	name := j.path(one.ID, jobExt)
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	return nil
}

// List returns what an account asked for of a part, the latest first.
func (j *Jobs) List(hearing string, part int, account string) []Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := []Job{}
	for _, one := range slices.Backward(j.jobs) {
		if one.Hearing == hearing && one.Part == part && one.Account == account {
			out = append(out, *one)
		}
	}
	return out
}

// Open opens a file that is ready for whoever asked for it; fs.ErrNotExist otherwise.
// The caller closes it.
func (j *Jobs) Open(hearing string, part int, account, id string) (Job, *os.File, error) {
	for _, one := range j.List(hearing, part, account) {
		if one.ID == id && one.State == StateReady {
			f, err := os.Open(j.path(id, archive.Ext))
			return one, f, err
		}
	}
	return Job{}, nil, fs.ErrNotExist
}

// ErrMaking: one of that part is being made; it was told to stop.
var ErrMaking = errors.New("excerpt: being made, and told to stop")

// Forget takes away what was made of a part and what is asked of it. ErrMaking: to be
// called again.
func (j *Jobs) Forget(hearing string, part int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r := j.running; r != nil && r.Hearing == hearing && r.Part == part {
		j.stop()
		return ErrMaking
	}
	var errs []error
	j.jobs = slices.DeleteFunc(j.jobs, func(one *Job) bool {
		if one.Hearing != hearing || one.Part != part {
			return false
		}
		err := j.remove(one)
		errs = append(errs, err)
		return err == nil
	})
	return errors.Join(errs...)
}

// remove takes the files of a job away: its note last, by which they are found.
func (j *Jobs) remove(one *Job) error {
	for _, ext := range []string{archive.Ext + ".new", archive.Ext, jobExt} {
		if err := os.Remove(j.path(one.ID, ext)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("excerpt: %w", err)
		}
	}
	return nil
}

// Run makes what is asked for until ctx ends.
func (j *Jobs) Run(ctx context.Context) {
	for ctx.Err() == nil {
		j.tidy()
		one, stop := context.WithCancel(ctx)
		if job := j.next(stop); job != nil {
			j.finish(ctx, job, j.one(one, *job))
			stop()
			continue
		}
		stop()
		timer := time.NewTimer(tidyEvery)
		select {
		case <-ctx.Done():
		case <-j.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (j *Jobs) next(stop context.CancelFunc) *Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, one := range j.jobs {
		if one.State == StateWaiting {
			one.State, one.Share = StateRunning, 0
			j.running, j.stop = one, stop
			return one
		}
	}
	return nil
}

// made is what one file became.
type made struct {
	size int64
	sum  string
	err  error
}

func (j *Jobs) one(ctx context.Context, job Job) (m made) {
	r, size, c, sum, err := j.p.Open(job.Hearing, job.Part)
	if err != nil {
		return made{err: err}
	}
	defer func() { m.err = errors.Join(m.err, c.Close()) }()
	out := j.path(job.ID, archive.Ext)
	_, err = Build(ctx, Params{
		Container: j.pace.ReaderAt(ctx, r), Size: size, SHA256: sum, Asked: job.Asked, Out: out, Signer: j.p.Signer, Now: j.p.Now,
		Room: func(need int64) error {
			if free, err := j.p.Free(j.p.Dir); err != nil || free < need+reserve {
				return errors.Join(ErrNoRoom, err)
			}
			return nil
		},
		Progress: func(share float64) {
			j.mu.Lock()
			defer j.mu.Unlock()
			if j.running != nil {
				j.running.Share = share
			}
		},
	})
	if err != nil {
		return made{err: err}
	}
	f, err := os.Open(out)
	if err != nil {
		return made{err: err}
	}
	defer func() { m.err = errors.Join(m.err, f.Close()) }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return made{n, hex.EncodeToString(h.Sum(nil)), err}
}

// finish writes down what became of a job; one that the process's end cut short waits for
// the next.
func (j *Jobs) finish(ctx context.Context, job *Job, m made) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running, j.stop = nil, nil
	job.Done = j.p.Now().UTC()
	switch {
	case m.err == nil:
		job.State, job.Share, job.Size, job.SHA256 = StateReady, 1, m.size, m.sum
	case ctx.Err() != nil:
		job.State, job.Done = StateWaiting, time.Time{}
	case errors.Is(m.err, ErrEmpty):
		job.State = StateEmpty
	case errors.Is(m.err, ErrDamaged):
		job.State = StateDamaged
	case errors.Is(m.err, ErrNoRoom):
		job.State = StateNoRoom
	default:
		job.State = StateFailed
	}
	if m.err != nil && ctx.Err() == nil {
		j.p.Logger.Warn("excerpt not made", "hearing", job.Hearing, "part", job.Part, "err", m.err)
	}
	if err := j.note(job); err != nil {
		j.p.Logger.Error("excerpt not noted", "hearing", job.Hearing, "part", job.Part, "err", err)
	}
}

// tidy takes away what has expired, and the oldest of too many.
func (j *Jobs) tidy() {
	j.mu.Lock()
	defer j.mu.Unlock()
	done := 0
	for _, one := range j.jobs {
		if !one.Done.IsZero() {
			done++
		}
	}
	now := j.p.Now()
	j.jobs = slices.DeleteFunc(j.jobs, func(one *Job) bool {
		if one.Done.IsZero() || (now.Before(one.Expires()) && done <= MaxKept) {
			return false
		}
		done--
		err := j.remove(one)
		if err != nil {
			j.p.Logger.Warn("old excerpt stays", "err", err)
		}
		return err == nil
	})
}
