package minutebook

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
	"phientoa/internal/store"
)

// live keeps a hearing's minutes made so far: lines never change, so that only what is
// new is read.
type live struct {
	mu      sync.Mutex
	used    time.Time // guarded by Book.mu
	hearing store.Hearing
	maker   *minutes.Maker
	seq     uint64 // events taken
}

// open finds the hearing's minutes and brings them up to date. The caller holds the
// lock that comes with them until it calls done.
func (b *Book) open(ctx context.Context, id string) (l *live, done func(), err error) {
	b.mu.Lock()
	l = b.live[id]
	if l == nil {
		l = &live{}
		b.makeRoom()
		b.live[id] = l
	}
	l.used = b.p.Now()
	b.mu.Unlock()
	l.mu.Lock()
	if err := b.refresh(ctx, id, l); err != nil {
		l.maker = nil // half taken: begin anew
		l.mu.Unlock()
		return nil, nil, err
	}
	return l, l.mu.Unlock, nil
}

// makeRoom forgets the hearing that was not asked for the longest.
func (b *Book) makeRoom() {
	if len(b.live) < maxLive {
		return
	}
	oldest := ""
	for id, l := range b.live {
		if oldest == "" || l.used.Before(b.live[oldest].used) {
			oldest = id
		}
	}
	delete(b.live, oldest)
}

// refresh reads the hearing's log first and the minutes' log after it, and takes those
// items that stand behind events which were read: the one order of both.
func (b *Book) refresh(ctx context.Context, id string, l *live) error {
	sys := court.SystemScope()
	if l.maker == nil {
		h, err := b.p.Store.Hearing(ctx, sys, id)
		if err != nil {
			return err
		}
		rows, err := b.p.Store.Names(ctx, sys, id)
		if err != nil {
			return err
		}
		names := minutes.Names{}
		for _, n := range rows {
			names[hearing.PersonID(n.Person)] = n.Name
		}
		l.hearing, l.maker, l.seq = h, minutes.NewMaker(names), 0
	}
	events, err := pages(func(from uint64) ([]store.Line, error) {
		return b.p.Store.Read(ctx, sys, id, from, store.MaxReadLines)
	}, l.seq+1)
	if err != nil {
		return err
	}
	items, err := pages(func(from uint64) ([]store.MinutesLine, error) {
		return b.p.Store.MinutesFrom(ctx, sys, id, from, store.MaxReadLines)
	}, l.maker.State().N+1)
	if err != nil {
		return err
	}
	return l.take(events, items)
}

// pages reads rows until a page is not full.
func pages[T any](read func(from uint64) ([]T, error), from uint64) (all []T, err error) {
	for {
		page, err := read(from)
		if err != nil {
			return nil, err
		}
		all, from = append(all, page...), from+uint64(len(page))
		if len(page) < store.MaxReadLines {
			return all, nil
		}
	}
}

func (l *live) take(events []store.Line, items []store.MinutesLine) error {
	next := 0
	behind := func(seq uint64) error {
		for ; next < len(items) && items[next].Seq == seq; next++ {
			i, err := minutes.Parse(items[next].Line)
			if err != nil {
				return fmt.Errorf("item %d: %w", items[next].N, err)
			}
			if i.N != items[next].N || i.Seq != items[next].Seq {
				return fmt.Errorf("item %d: %w", items[next].N, minutes.ErrItem)
			}
			if err := l.maker.Item(i); err != nil {
				return err
			}
		}
		return nil
	}
	if err := behind(l.seq); err != nil {
		return err
	}
	for _, e := range events {
		event, err := hearing.ParseEvent(e.Line)
		if err != nil {
			return fmt.Errorf("line %d: %w", e.Seq, err)
		}
		if err := l.maker.Event(event); err != nil {
			return fmt.Errorf("line %d: %w", e.Seq, err)
		}
		l.seq = e.Seq
		if err := behind(e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// append writes what decide answers behind everything that stands, deciding again when
// something else came first. Nothing to write (nil) is a success.
func (b *Book) append(ctx context.Context, id string, l *live, by minutes.Writer, decide func(m *minutes.Maker) (minutes.Body, error)) error {
	for range 5 {
		if l.maker.Hearing() == nil {
			return store.ErrNotFound // booked, and nothing in its log yet
		}
		body, err := decide(l.maker)
		if err != nil || body == nil {
			return err
		}
		i := minutes.Item{N: l.maker.State().N + 1, Seq: l.seq, At: b.p.Now().UnixMicro(), By: by, Body: body}
		line, err := minutes.Marshal(i)
		if err != nil {
			return err
		}
		err = b.p.Store.AppendMinutes(ctx, court.SystemScope(), id, i.N, i.Seq, line)
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		if again := b.refresh(ctx, id, l); again != nil {
			return again
		}
		if err == nil {
			return nil
		}
	}
	return busy()
}
