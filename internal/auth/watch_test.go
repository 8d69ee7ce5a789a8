package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// revokedElsewhere is what another process has ended, and whether it can be read.
type revokedElsewhere struct {
	mu     sync.Mutex
	hosted []string
	list   []store.Session
	away   bool
	asked  [][]string
}

func (r *revokedElsewhere) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *revokedElsewhere) hearings() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hosted
}

func (r *revokedElsewhere) RevokedSeats(_ context.Context, hearings []string, since time.Time) ([]store.Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, hearings)
	if r.away {
		return nil, errors.New("away")
	}
	if len(hearings) > store.MaxHearings {
		return nil, store.ErrInvalid
	}
	var out []store.Session
	for _, s := range r.list {
		if s.Created.After(since) && slices.Contains(hearings, s.Hearing) {
			out = append(out, s)
		}
	}
	return out, nil
}

// What another process ends, ends here within a second, once each; a database that
// is away stops nothing for good.
func TestWhatOthersRevokeEndsHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, e := &revokedElsewhere{}, &ended{}
		ctx, stop := context.WithCancel(context.Background())
		over := make(chan struct{})
		go func() {
			defer close(over)
			auth.WatchRevoked(ctx, auth.WatchParams{Store: st, Ender: e, Auth: auth.New(auth.Params{}), Hearings: st.hearings})
		}()
		pass := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // time of the synctest bubble
			synctest.Wait()
		}
		pass(time.Second)
		require.Empty(t, st.asked, "nothing is hosted, nothing is asked")
		one := store.Session{TokenHash: [32]byte{1}, Hearing: hearing, Created: time.Now()}
		st.set(func() { st.hosted, st.list = []string{hearing}, []store.Session{one} })
		pass(time.Second)
		require.Equal(t, [][32]byte{{1}}, e.hashes())
		require.Equal(t, []string{hearing}, st.asked[0])
		two := store.Session{TokenHash: [32]byte{2}, Hearing: hearing, Created: time.Now()}
		st.set(func() { st.away, st.list = true, append(st.list, two) })
		pass(time.Minute)
		require.Len(t, e.hashes(), 1)
		st.set(func() { st.away = false })
		pass(time.Second)
		require.Equal(t, [][32]byte{{1}, {2}}, e.hashes(), "each once")
		pass(auth.SessionMax + time.Second)
		require.Len(t, e.hashes(), 2)
		stop()
		<-over
	})
}

// Who was sent out elsewhere does not come back by this node's memory while the
// database is away.
func TestWhatOthersRevokedStaysOutInAnOutage(t *testing.T) {
	f := setup(t, false)
	f.live = true
	c := f.signIn(t, "p")
	s, err := f.with(c)
	require.NoError(t, err)
	f.db.down.Store(true)
	_, err = f.with(c)
	require.NoError(t, err, "remembered")
	f.db.down.Store(false)
	st := &revokedElsewhere{hosted: []string{hearing}, list: []store.Session{s}}
	e, over := &ended{}, make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(over)
		auth.WatchRevoked(ctx, auth.WatchParams{
			Store: st, Ender: e, Auth: f.Auth, Now: func() time.Time { return f.now }, Hearings: st.hearings,
		})
	}()
	require.Eventually(t, func() bool { return len(e.hashes()) == 1 }, 20*time.Second, 10*time.Millisecond)
	stop()
	<-over
	f.db.down.Store(true)
	f.refused(t, c, "ended elsewhere")
}

// However many hearings a node has open, none is left out.
func TestRevocationsOfManyHearingsAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosted := make([]string, 2*store.MaxHearings+1)
		for i := range hosted {
			hosted[i] = fmt.Sprint("hearing-", i)
		}
		last := store.Session{TokenHash: [32]byte{7}, Hearing: hosted[len(hosted)-1], Created: time.Now()}
		st := &revokedElsewhere{hosted: hosted, list: []store.Session{last}}
		e, over := &ended{}, make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			defer close(over)
			auth.WatchRevoked(ctx, auth.WatchParams{Store: st, Ender: e, Auth: auth.New(auth.Params{}), Hearings: st.hearings})
		}()
		<-time.After(time.Second)
		synctest.Wait()
		stop()
		<-over
		require.Equal(t, [][32]byte{{7}}, e.hashes())
		seen := map[string]bool{}
		for _, some := range st.asked {
			require.LessOrEqual(t, len(some), store.MaxHearings)
			for _, id := range some {
				seen[id] = true
			}
		}
		require.Len(t, seen, len(hosted))
	})
}
