package accesslog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// book keeps what is written into it, and knows the hearings of two courts.
type book struct {
	mu    sync.Mutex
	calls [][]store.Access
	asked int
	away  bool
	gate  chan struct{} // writing waits here when not nil
}

func (b *book) LogAccess(_ context.Context, a []store.Access) error {
	if b.gate != nil {
		<-b.gate
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("away")
	}
	b.calls = append(b.calls, a)
	return nil
}

func (b *book) Hearing(_ context.Context, _ court.Scope, id string) (store.Hearing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	unit, ok := map[string]court.UnitID{"h": "unit-hn", "g": "unit-dn"}[id]
	if !ok {
		return store.Hearing{}, store.ErrNotFound
	}
	return store.Hearing{ID: id, Unit: unit}, nil
}

func (b *book) written() [][]store.Access {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// counts adds up what was written, by unit, person and kind.
func (b *book) counts() map[string]int {
	out := map[string]int{}
	for _, call := range b.written() {
		for _, a := range call {
			out[fmt.Sprintf("%s %s %s", a.Unit, a.Person, a.What)] += a.Count
		}
	}
	return out
}

func inLog(t *testing.T, b *book, f func(l *Log)) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Params{Store: b, Logger: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx) }()
		f(l)
		stop()
		<-done
	})
}

// pass lets time of the synctest bubble pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestEntriesAreCountedBySpan(t *testing.T) {
	b := &book{}
	inLog(t, b, func(l *Log) {
		for range 3 {
			l.Note("", "h", "a", "denied.room")
		}
		l.Note("", "h", "b", "denied.room")
		l.Note("unit-dn", "h", "a", "denied.room")
		l.Note("", "h", "a", "denied.media")
		pass(9 * time.Second)
		require.Empty(t, b.written())
		pass(2 * time.Second)
		require.Len(t, b.written(), 1)
		require.Len(t, b.written()[0], 4)
		l.Note("", "h", "a", "denied.room")
	})
	require.Len(t, b.written(), 2, "the end writes the rest at once")
	require.Equal(t, map[string]int{
		"unit-hn a denied.room": 4, "unit-hn b denied.room": 1, "unit-dn a denied.room": 1, "unit-hn a denied.media": 1,
	}, b.counts())
}

// Every entry has the unit of whom it is about: their own, or the hearing's.
func TestEntriesNameTheUnit(t *testing.T) {
	b := &book{}
	inLog(t, b, func(l *Log) {
		for i := range 100 {
			l.Note("", "h", fmt.Sprint("p", i), "denied.room")
		}
		l.Note("", "g", "p", "denied.room")
		l.Note("", "nothing", "p", "denied.room")
		l.Note("", "", "", "denied.invitation")
	})
	got := b.counts()
	require.Len(t, got, 103)
	require.Equal(t, 1, got["unit-hn p7 denied.room"])
	require.Equal(t, 1, got["unit-dn p denied.room"])
	require.Equal(t, 1, got[" p denied.room"])
	require.Equal(t, 1, got["  denied.invitation"])
	require.LessOrEqual(t, b.asked, 3, "each hearing is looked up once")
}

func TestEntriesBeyondTheBoundShareOne(t *testing.T) {
	b := &book{}
	inLog(t, b, func(l *Log) {
		for i := range MaxKeys + 500 {
			l.Note("unit-hn", "h", fmt.Sprint("p", i), "denied.room")
		}
		require.LessOrEqual(t, len(l.counts), MaxKeys+1)
	})
	total := 0
	for _, call := range b.written() {
		require.LessOrEqual(t, len(call), store.MaxAccess)
	}
	for _, n := range b.counts() {
		total += n
	}
	require.Equal(t, MaxKeys+500, total, "none is lost")
	require.Equal(t, 500, b.counts()["  denied.room"])
}

func TestEntriesOutliveAnOutageAndWaitForNobody(t *testing.T) {
	b := &book{away: true}
	inLog(t, b, func(l *Log) {
		b.gate = make(chan struct{}) // of the bubble, so that waiting for it is seen
		l.Note("", "h", "a", "denied.room")
		pass(11 * time.Second) // the writing hangs
		l.Note("", "h", "a", "denied.room")
		close(b.gate)
		synctest.Wait()
		require.Empty(t, b.written())
		b.mu.Lock()
		b.away = false
		b.mu.Unlock()
		pass(11 * time.Second)
		require.Equal(t, map[string]int{"unit-hn a denied.room": 2}, b.counts())
	})
}

func TestKindsAreTold(t *testing.T) {
	var kinds []string
	l := New(Params{Store: &book{}, Logger: slog.New(slog.DiscardHandler), Noted: func(what string) { kinds = append(kinds, what) }})
	l.Note("u", "h", "a", "denied.room")
	l.Note("u", "h", "a", "view.people")
	require.Equal(t, []string{"denied.room", "view.people"}, kinds)
	var none *Log
	none.Note("u", "h", "a", "x")
}
