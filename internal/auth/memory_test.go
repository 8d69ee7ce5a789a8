package auth

import (
	"net/netip"
	"testing"

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

// An answer of the database that is older than a sign-out is not remembered.
func TestStaleAnswerIsNotKept(t *testing.T) {
	m := newMemory()
	ses := store.Session{TokenHash: [32]byte{1}, Hearing: "h", Person: "p"}
	m.end(ses.TokenHash)
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
