// Package nodewatch raises the alarms of the machine itself: a disk that fills up and a
// certificate that ends. They are tasks of the operators of every court on the node
// (store.WholeNode), each raised once, also over restarts.
package nodewatch

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Kinds of alarms (store.Alarm.Kind).
const (
	Disk        = "disk"
	Certificate = "certificate"
)

// Bounds.
const (
	diskEvery  = time.Minute
	certEvery  = time.Hour
	answerTime = 5 * time.Second     // of a disk and of the database
	remembered = 40 * 24 * time.Hour // a certificate's alarm that was settled is not raised again
)

// Store keeps the operators' tasks; store.Office has it.
type Store interface {
	PutAlarm(ctx context.Context, a store.Alarm) error
	Alarms(ctx context.Context, sc court.Scope, doneSince time.Time) ([]store.Alarm, error)
}

// Volume is a disk that is looked at.
type Volume struct {
	Key  string                // "evidence", "second", "data"
	Free func() (int64, error) // bytes; may hang
	// stuck: Free did not return.
	stuck atomic.Bool
}

// Paper is a certificate that is looked at.
type Paper struct {
	Key string // "web", "relay", "client_ca", ...
	End time.Time
}

// Params of New. Now defaults to time.Now.
type Params struct {
	Store   Store
	Node    string // stands in store.Alarm.Device
	Least   int64  // bytes; below it a disk is an alarm, at 5/4 of it again none
	Volumes []*Volume
	Papers  func() []Paper // reads them anew
	Now     func() time.Time
	Logger  *slog.Logger
}

// Watch looks at disks and certificates.
type Watch struct {
	p      Params
	low    map[string]bool // disks; of Run's goroutine only
	mu     sync.Mutex
	papers []Paper
}

// New makes a Watch; Run makes it look.
func New(p Params) *Watch {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Watch{p: p, low: map[string]bool{}, papers: p.Papers()}
}

// Run looks at once, at the disks every minute and at the certificates every hour, until
// ctx ends. What the database does not take is tried again a minute later.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	var looked time.Time
	known := false
	for {
		known = known || w.recall(ctx) == nil
		if known {
			w.disks(ctx)
			if now := w.p.Now(); now.Sub(looked) >= certEvery && w.certificates(ctx) == nil {
				looked = now
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Papers are the certificates as read last.
func (w *Watch) Papers() []Paper {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.papers
}

// recall learns which disks a process before this one has alarmed of: who looks after
// one already is not called again.
func (w *Watch) recall(ctx context.Context) error {
	list, err := w.alarms(ctx, w.p.Now())
	for _, a := range list {
		if a.Kind == Disk && a.DoneAt.IsZero() {
			key, _, _ := strings.Cut(a.Detail, " ")
			w.low[key] = true
		}
	}
	return err
}

func (w *Watch) alarms(ctx context.Context, since time.Time) ([]store.Alarm, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	list, err := w.p.Store.Alarms(ctx, court.SystemScope(), since)
	if err != nil {
		w.p.Logger.Warn("alarms of the node not read, tried again", "err", err)
		return nil, err
	}
	var own []store.Alarm
	for _, a := range list {
		if a.Unit == store.WholeNode && a.Device == w.p.Node {
			own = append(own, a)
		}
	}
	return own, nil
}

// disks raises each disk that came below Params.Least, once until it had 5/4 of it.
func (w *Watch) disks(ctx context.Context) {
	for _, v := range w.p.Volumes {
		free, ok := v.ask(ctx)
		switch {
		case !ok: // a disk that is away or hangs is told by the recording and by /readyz
		case free >= w.p.Least+w.p.Least/4:
			delete(w.low, v.Key)
		case free < w.p.Least && !w.low[v.Key]:
			w.low[v.Key] = w.raise(ctx, Disk, fmt.Sprintf("%s %d", v.Key, free>>30)) == nil
		}
	}
}

// ask is Free within a bound; a disk that hangs is not asked again before it answered.
func (v *Volume) ask(ctx context.Context) (free int64, ok bool) {
	if !v.stuck.CompareAndSwap(false, true) {
		return 0, false
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	answer := make(chan int64, 1)
	go func() {
		defer v.stuck.Store(false)
		if free, err := v.Free(); err == nil {
			answer <- free
		} else {
			answer <- -1
		}
	}()
	select {
	case free = <-answer:
		return free, free >= 0
	case <-ctx.Done():
		return 0, false
	}
}

// Levels of a certificate's alarm.
const (
	notice = 30 // days
	urgent = 7
)

// Days are the whole days left; negative when the certificate has ended.
func (p Paper) Days(now time.Time) int {
	left := p.End.Sub(now)
	if left < 0 {
		return -1 - int(-left/(24*time.Hour))
	}
	return int(left / (24 * time.Hour))
}

// level is "" while the end is far.
func (p Paper) level(now time.Time) string {
	switch days := p.Days(now); {
	case days < 0:
		return "ended"
	case days < urgent:
		return "urgent"
	case days < notice:
		return "notice"
	}
	return ""
}

// certificates raises each one whose end has come nearer by a level, once a level: a
// renewed one has another day, and so other alarms.
func (w *Watch) certificates(ctx context.Context) error {
	papers, now := w.p.Papers(), w.p.Now()
	w.mu.Lock()
	w.papers = papers
	w.mu.Unlock()
	var told []store.Alarm
	for i, p := range papers {
		level := p.level(now)
		if level == "" {
			continue
		}
		if told == nil {
			var err error
			if told, err = w.alarms(ctx, now.Add(-remembered)); err != nil {
				return err
			}
		}
		detail := p.Key + " " + level + " " + papers[i].End.UTC().Format(time.DateOnly)
		if known(told, detail) {
			continue
		}
		if err := w.raise(ctx, Certificate, detail); err != nil {
			return err
		}
	}
	return nil
}

func known(list []store.Alarm, detail string) bool {
	for _, a := range list {
		if a.Kind == Certificate && a.Detail == detail {
			return true
		}
	}
	return false
}

func (w *Watch) raise(ctx context.Context, kind, detail string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err = w.p.Store.PutAlarm(ctx, store.Alarm{
		ID: id.String(), At: w.p.Now(), Unit: store.WholeNode, Device: w.p.Node, Kind: kind, Detail: detail,
	})
	if err != nil {
		w.p.Logger.Warn("alarm of the node not written, tried again", "kind", kind, "err", err)
	}
	return err
}
