package signaling

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

func gone(t *testing.T, r *Room) {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the room stays")
	}
}

func TestAClosedHearingIsLetGo(t *testing.T) {
	for name, lim := range map[string]Limits{
		"everybody has left": {RoomIdle: 10 * time.Millisecond},
		"somebody stays":     {ClosedStay: 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, lim)
			t.Cleanup(func() { b.rooms.Close() })
			b.inSession()
			j, p := b.sit(judge), b.sit(party)
			b.must(judge, hearing.Close{})
			if lim.ClosedStay == 0 {
				b.room.leave(j.place, j.link)
				b.room.leave(p.place, p.link)
			}
			gone(t, b.room)
			require.True(t, b.ev.over())
			if lim.ClosedStay != 0 {
				_, bye, _ := j.place.seat.next(j.link)
				require.NotNil(t, bye)
				require.False(t, bye.Retry, "nobody comes back by itself")
			}
			room, ref := b.rooms.Open(context.Background(), testHearing)
			for ref == nil && room == b.room {
				room, ref = b.rooms.Open(context.Background(), testHearing)
			}
			require.Nil(t, ref)
			require.Equal(t, hearing.Closed, room.Status(), "who asks later still sees it")
		})
	}
}

func TestAScheduledHearingWithoutAnybodyIsLetGo(t *testing.T) {
	b := newBench(t, Limits{RoomIdle: 10 * time.Millisecond})
	defer b.rooms.Close()
	gone(t, b.room)
}

// A hearing in progress stays although nobody is connected.
func TestAHearingInProgressIsNeverLetGo(t *testing.T) {
	b := newBench(t, Limits{LostAfter: time.Nanosecond, ResumeWindow: time.Nanosecond, ClosedStay: time.Nanosecond})
	t.Cleanup(func() { b.rooms.Close() })
	j, _ := b.sit(judge), b.sit(party)
	b.must(judge, hearing.CheckIn{RulesAccepted: true})
	b.must(party, hearing.CheckIn{RulesAccepted: true})
	b.must(judge, hearing.Admit{Person: party})
	b.must(judge, hearing.Open{OverrideReason: "thử"})
	// Not from the beginning: the scheduled room would go before anybody came.
	require.NoError(t, b.room.post(context.Background(), func() { b.room.limits.RoomIdle = time.Nanosecond }))
	b.room.leave(j.place, j.link)
	for range 3 {
		require.NoError(t, b.room.post(context.Background(), func() { b.room.onTime() }))
	}
	select {
	case <-b.room.Done():
		t.Fatal("let go in session")
	default:
	}
}

// What the rules must hear of a device is said before its seat is forgotten.
func TestSigningOutShowsAtOnce(t *testing.T) {
	b := newBench(t, Limits{LostAfter: time.Hour, ResumeWindow: 2 * time.Hour})
	defer b.rooms.Close()
	b.inSession()
	b.room.signOut(context.Background(), sessionOf(party), refuseSignedOut())
	seen := make(chan bool, 1)
	for {
		require.NoError(t, b.room.post(context.Background(), func() {
			seen <- b.room.connected(hearing.DeviceID(device(party)))
		}))
		if !<-seen {
			break // disconnected without a tick: the next one is a minute away
		}
	}
}

// events arrive more often than attempts are due.
func TestNewEventsDoNotPutTheRetryOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &fakeStore{away: true, epoch: 1}
		lim := Limits{RetryEvery: time.Second}.withDefaults()
		w := newLogWriter(st, nil, lim, discard())
		w.lease = func() store.Lease { return store.Lease{Hearing: testHearing, Epoch: 1} }
		w.wake, w.fatal = func() {}, func(err error) { t.Errorf("fatal: %v", err) }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.run(ctx) }()
		for i := range 20 {
			w.put(&batch{after: uint64(i), lines: [][]byte{[]byte("x")}})
			<-time.After(lim.RetryEvery / 2)
			st.set(func(f *fakeStore) { f.away = false })
		}
		require.NotEmpty(t, st.log(), "retried although events kept coming")
		cancel()
		<-done
	})
}
