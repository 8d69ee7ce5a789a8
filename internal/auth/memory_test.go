package auth

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/store"
)

// The bounded map agrees with a list that is searched from its recent end.
func TestLRUForgetsTheLeastRecentlyUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 3
		l := newLRU[int, int](size)
		var model [][2]int // most recent last
		use := func(k int) (v int, ok bool) {
			for i, e := range model {
				if e[0] == k {
					model = append(append(model[:i:i], model[i+1:]...), e)
					return e[1], true
				}
			}
			return 0, false
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := rapid.IntRange(0, 5).Draw(t, "k"), rapid.Int().Draw(t, "v")
				l.put(k, v)
				if _, ok := use(k); ok {
					model[len(model)-1][1] = v
				} else {
					model = append(model, [2]int{k, v})
					model = model[max(0, len(model)-size):]
				}
			},
			"get": func(t *rapid.T) {
				k := rapid.IntRange(0, 5).Draw(t, "k")
				wantV, wantOK := use(k)
				v, ok := l.get(k)
				require.Equal(t, wantOK, ok)
				require.Equal(t, wantV, v)
			},
			"drop": func(t *rapid.T) {
				k := rapid.IntRange(0, 5).Draw(t, "k")
				l.drop(k)
				if _, ok := use(k); ok {
					model = model[:len(model)-1]
				}
			},
			"": func(t *rapid.T) {
				require.Len(t, l.items, len(model))
				require.Equal(t, len(model), l.order.Len())
			},
		})
	})
}

func TestFullListOfRevocationsRemembersNobody(t *testing.T) {
	m, now := newMemory(), time.Unix(1000, 0)
	ses := store.Session{TokenHash: [32]byte{1}, Hearing: "h", Person: "p", Created: now}
	for i := range maxRevocations {
		m.revoke(subject{"h", fmt.Sprint(i)}, now)
	}
	m.keep(ses)
	_, ok := m.find(ses.TokenHash)
	require.True(t, ok)
	m.revoke(subject{"h", "one more"}, now)
	_, ok = m.find(ses.TokenHash)
	require.False(t, ok)
	m.keep(ses)
	_, ok = m.find(ses.TokenHash)
	require.False(t, ok)
	require.Len(t, m.unsettled(), maxRevocations)
}

// A revocation made while an earlier one of the same person is being written is
// written too.
func TestRevokedAgainWhileSettling(t *testing.T) {
	m, who := newMemory(), subject{"h", "p"}
	m.revoke(who, time.Unix(1, 0))
	first := m.unsettled()
	m.revoke(who, time.Unix(1, 0))
	m.settled(first[0])
	again := m.unsettled()
	require.Len(t, again, 1)
	m.settled(again[0])
	require.Empty(t, m.unsettled())
}

// An answer of the database that is older than a revocation is not remembered.
func TestStaleAnswerIsNotKept(t *testing.T) {
	m, now := newMemory(), time.Unix(1000, 0)
	ses := store.Session{TokenHash: [32]byte{1}, Hearing: "h", Person: "p", Created: now}
	m.revoke(subject{"h", "p"}, now)
	m.keep(ses)
	_, ok := m.find(ses.TokenHash)
	require.False(t, ok)
}

func FuzzNetwork(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "1.2.3.4:5", "[::1]:5", "fe80::1%eth0", "::ffff:1.2.3.4", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := network(s)
		if n == "unknown" {
			return
		}
		if p, err := netip.ParsePrefix(n); err == nil {
			require.Equal(t, p.Masked(), p)
			require.Equal(t, 64, p.Bits())
			return
		}
		ip, err := netip.ParseAddr(n)
		require.NoError(t, err)
		require.True(t, ip.Is4())
		require.Equal(t, n, network(n))
	})
}
