// Package watchlog writes down who follows hearings from outside, from when to when, of
// which oversight is counted. Nobody who follows waits for it: what began and ended is
// kept here until the database has it, with signs of life in between, so that what a
// process that died did not end ends when it was last seen.
package watchlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Bounds.
const (
	// BeatEvery is how often the log says that it is there while somebody follows: by so
	// much a watching is too short whose process died.
	BeatEvery = 5 * time.Second
	// RetryEvery is between attempts while the database is away.
	RetryEvery = time.Second
	// MaxKept are watchings that go on or that the database does not have yet. Beyond it
	// what begins is not written: it counts as not followed, never as followed for longer.
	MaxKept = 20_000
)

// Store is what this package asks of the database; store.Oversight has it.
type Store interface {
	PutWatchings(ctx context.Context, sc court.Scope, run store.WatchingRun, list []store.Watching) error
}

// Params of New. Logger may be nil.
type Params struct {
	Store  Store
	Node   string
	Now    func() time.Time
	Logger *slog.Logger
}

// Log is safe for concurrent use; Run is called once.
type Log struct {
	p    Params
	run  string
	wake chan struct{} // capacity 1

	mu   sync.Mutex
	kept map[string]*kept
	full bool // it was said
}

// kept is a watching that goes on, or of which the database does not know all.
type kept struct {
	store.Watching
	begun bool // the database has its beginning
}

// New makes a log of a new life of the node's process.
func New(p Params) (*Log, error) {
	if p.Store == nil || p.Node == "" || p.Now == nil {
		return nil, errors.New("watchlog: Store, Node and Now are needed")
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	run, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("watchlog: %w", err)
	}
	return &Log{p: p, run: run.String(), wake: make(chan struct{}, 1), kept: map[string]*kept{}}, nil
}

// Began notes that an official of a unit follows a hearing from now on, and gives the id
// for Ended. It never waits. An empty id: the log is full.
func (l *Log) Began(hearing string, unit court.UnitID, official string) (id string) {
	made, err := uuid.NewV7()
	if err != nil {
		l.p.Logger.Warn("watching not noted", "err", err)
		return ""
	}
	id = made.String()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) >= MaxKept {
		if !l.full {
			l.full = true
			l.p.Logger.Warn("watchings are not noted: too many wait for the database", "kept", len(l.kept))
		}
		return ""
	}
	l.full = false
	l.kept[id] = &kept{Watching: store.Watching{ID: id, Hearing: hearing, Unit: unit, Official: official, Began: l.now()}}
	l.nudge()
	return id
}

// Ended notes that it is over. It never waits; an unknown id is nothing.
func (l *Log) Ended(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kept[id]
	if k == nil || !k.Ended.IsZero() {
		return
	}
	// A clock that was set back does not make it end before it began.
	if k.Ended = l.now(); k.Ended.Before(k.Began) {
		k.Ended = k.Began
	}
	l.nudge()
}

func (l *Log) now() time.Time { return l.p.Now().UTC().Truncate(time.Microsecond) }

func (l *Log) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run writes until ctx ends, and then once more: end those who follow before.
func (l *Log) Run(ctx context.Context) {
	beat := time.NewTicker(BeatEvery)
	defer beat.Stop()
	retry := time.NewTimer(RetryEvery)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			l.write(context.WithoutCancel(ctx))
			return
		case <-l.wake:
		case <-beat.C:
		case <-retry.C:
		}
		retry.Stop()
		if !l.write(ctx) {
			retry.Reset(RetryEvery)
		}
	}
}

// write brings the database what it does not have, or a sign of life; false: something
// is left.
func (l *Log) write(ctx context.Context) bool {
	list, follows := l.waiting()
	for first := true; len(list) > 0 || first && follows; first = false {
		batch := list[:min(len(list), store.MaxWatchings)]
		list = list[len(batch):]
		if err := l.put(ctx, batch); err != nil {
			l.p.Logger.Warn("watchings not written, tried again", "waiting", len(batch)+len(list), "err", err)
			return false
		}
	}
	return true
}

// waiting is what the database does not have, the earliest first, and whether anybody
// follows.
func (l *Log) waiting() (list []store.Watching, follows bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.kept {
		follows = follows || k.Ended.IsZero()
		if !k.begun || !k.Ended.IsZero() {
			list = append(list, k.Watching)
		}
	}
	slices.SortFunc(list, func(a, b store.Watching) int { return cmp.Compare(a.ID, b.ID) })
	return list, follows
}

// put writes a batch. Of one that the database refuses, the refused are given up alone.
func (l *Log) put(ctx context.Context, batch []store.Watching) error {
	err := l.p.Store.PutWatchings(ctx, court.SystemScope(), store.WatchingRun{ID: l.run, Node: l.p.Node, Seen: l.now()}, batch)
	switch {
	case err == nil:
		l.written(batch)
		return nil
	case !refused(err) || len(batch) == 0:
		return err
	case len(batch) == 1:
		l.p.Logger.Warn("watching refused by the database", "hearing", batch[0].Hearing, "err", err)
		l.mu.Lock()
		delete(l.kept, batch[0].ID)
		l.mu.Unlock()
		return nil
	}
	for i := range batch {
		if err := l.put(ctx, batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func refused(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid)
}

// written notes what the database has now; what ended meanwhile waits for its end.
func (l *Log) written(batch []store.Watching) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range batch {
		if !w.Ended.IsZero() {
			delete(l.kept, w.ID)
		} else if k := l.kept[w.ID]; k != nil {
			k.begun = true
		}
	}
}
