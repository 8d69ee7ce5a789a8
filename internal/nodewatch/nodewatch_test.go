package nodewatch

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// shelf keeps alarms, with an outage on demand.
type shelf struct {
	list []store.Alarm
	away bool
}

func (s *shelf) PutAlarm(_ context.Context, a store.Alarm) error {
	if s.away {
		return store.ErrUnavailable
	}
	s.list = append(s.list, a)
	return nil
}

func (s *shelf) Alarms(_ context.Context, _ court.Scope, since time.Time) (out []store.Alarm, err error) {
	if s.away {
		return nil, store.ErrUnavailable
	}
	for _, a := range s.list {
		if a.DoneAt.IsZero() || !a.DoneAt.Before(since) {
			out = append(out, a)
		}
	}
	return out, nil
}

func (s *shelf) details() (out []string) {
	for _, a := range s.list {
		out = append(out, a.Detail)
	}
	return out
}

func newWatch(s *shelf, free *int64, papers func() []Paper) *Watch {
	return New(Params{
		Store: s, Node: "n1", Least: 100, Papers: papers, Logger: slog.New(slog.DiscardHandler),
		Volumes: []*Volume{{Key: "evidence", Free: func() (int64, error) {
			if *free < 0 {
				return 0, errors.New("away")
			}
			return *free, nil
		}}},
	})
}

func none() []Paper { return nil }

// Between two alarms of a disk it had room again (5/4 of the least); while it lacks room
// there has been one since; restarts and outages of the database change neither.
func TestADiskIsAnAlarmOnceACrossing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx, s, free := t.Context(), &shelf{}, int64(1000)
		w := newWatch(s, &free, none)
		armed, raised := true, 0
		for range rapid.IntRange(1, 40).Draw(rt, "minutes") {
			free = rapid.SampledFrom([]int64{-1, 0, 99, 100, 101, 124, 125, 1000}).Draw(rt, "free")
			s.away = rapid.IntRange(0, 5).Draw(rt, "away") == 0
			if !s.away && rapid.IntRange(0, 5).Draw(rt, "restart") == 0 {
				w = newWatch(s, &free, none)
				require.NoError(rt, w.recall(ctx))
				armed = raised == 0 || armed || !s.list[raised-1].DoneAt.IsZero()
			}
			w.disks(ctx)
			switch {
			case free >= 125:
				armed = true
				for i := range s.list { // the operators settle it
					s.list[i].DoneAt = time.Now()
				}
			case free >= 0 && free < 100 && armed && !s.away:
				armed = false
				raised++
			}
			require.Len(rt, s.list, raised)
		}
	})
}

func TestADiskThatHangsHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		v := &Volume{Key: "second", Free: func() (int64, error) { <-gate; return 0, nil }}
		_, ok := v.ask(t.Context())
		require.False(t, ok)
		_, ok = v.ask(t.Context())
		require.False(t, ok, "it is not asked twice")
		close(gate)
		synctest.Wait()
		_, ok = v.ask(t.Context())
		require.True(t, ok)
	})
}

// Each certificate is an alarm at 30 days, at 7 and at its end, once each, whatever
// restarts and outages come between; a renewed one is none.
func TestACertificateIsAnAlarmOnceALevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, free := &shelf{away: true}, int64(1000)
		end := time.Now().Add(40 * 24 * time.Hour)
		papers := func() []Paper { return []Paper{{"web", end}, {"authority", time.Now().AddDate(9, 0, 0)}} }
		day := end.UTC().Format(time.DateOnly)
		run := func(days int) {
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); newWatch(s, &free, papers).Run(ctx) }()
			<-time.After(time.Duration(days) * 24 * time.Hour)
			stop()
			<-done
		}
		run(5)
		s.away = false
		run(4)
		require.Empty(t, s.list)
		run(3)
		require.Equal(t, []string{"web notice " + day}, s.details())
		s.list[0].DoneAt = time.Now()
		run(20)
		require.Len(t, s.list, 1, "settled: not raised again")
		run(3)
		require.Equal(t, "web urgent "+day, s.list[1].Detail)
		run(7)
		require.Equal(t, "web ended "+day, s.list[2].Detail)
		run(30)
		require.Len(t, s.list, 3)
		end = time.Now().AddDate(1, 0, 0)
		run(30)
		require.Len(t, s.list, 3)
		for _, a := range s.list {
			require.Equal(t, store.WholeNode, a.Unit)
			require.True(t, strings.HasPrefix(a.Detail, "web "))
		}
	})
}

func TestDaysAreWhole(t *testing.T) {
	now := time.Now()
	for left, days := range map[time.Duration]int{
		-time.Second: -1, -25 * time.Hour: -2, 0: 0, 23 * time.Hour: 0, 24 * time.Hour: 1, 7*24*time.Hour - 1: 6,
	} {
		require.Equal(t, days, Paper{End: now.Add(left)}.Days(now), left.String())
	}
}
