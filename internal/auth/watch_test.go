package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// revokedElsewhere is what another process has ended, and whether it can be read.
type revokedElsewhere struct {
	list  []store.Session
	away  bool
	asked [][]string
}

func (r *revokedElsewhere) RevokedSeats(_ context.Context, hearings []string, since time.Time) ([]store.Session, error) {
	r.asked = append(r.asked, hearings)
	if r.away {
		return nil, errors.New("away")
	}
	var out []store.Session
	for _, s := range r.list {
		if s.Created.After(since) {
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
		var hosted []string
		ctx, stop := context.WithCancel(context.Background())
		over := make(chan struct{})
		go func() {
			defer close(over)
			auth.WatchRevoked(ctx, auth.WatchParams{Store: st, Ender: e, Hearings: func() []string { return hosted }})
		}()
		pass := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // time of the synctest bubble
			synctest.Wait()
		}
		pass(time.Second)
		require.Empty(t, st.asked, "nothing is hosted, nothing is asked")
		hosted = []string{hearing}
		one := store.Session{TokenHash: [32]byte{1}, Hearing: hearing, Created: time.Now()}
		st.list = []store.Session{one}
		pass(time.Second)
		require.Equal(t, [][32]byte{{1}}, e.hashes())
		require.Equal(t, []string{hearing}, st.asked[0])
		st.away = true
		st.list = append(st.list, store.Session{TokenHash: [32]byte{2}, Hearing: hearing, Created: time.Now()})
		pass(time.Minute)
		require.Len(t, e.hashes(), 1)
		st.away = false
		pass(time.Second)
		require.Equal(t, [][32]byte{{1}, {2}}, e.hashes(), "each once")
		pass(auth.SessionMax + time.Second)
		require.Len(t, e.hashes(), 2)
		stop()
		<-over
	})
}
