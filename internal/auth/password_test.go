package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"
)

// cheap is a cost for tests only.
func cheap() Argon2 { return Argon2{Memory: 64, Time: 1, Lanes: 1} }

func TestPasswordIsVerifiedByItsHash(t *testing.T) {
	h := newHasher(cheap(), nil)
	ctx := context.Background()
	stored, err := h.hash(ctx, "một mật khẩu dài")
	require.NoError(t, err)
	again, err := h.hash(ctx, "một mật khẩu dài")
	require.NoError(t, err)
	require.NotEqual(t, stored, again, "salted")
	for password, want := range map[string]bool{
		"một mật khẩu dài": true, "một mật khẩu dà": false, "": false,
		"mo\u0323\u0302t ma\u0323\u0302t kha\u0302\u0309u da\u0300i": true, // the same word, decomposed
		strings.Repeat("x", MaxPassword+1):                           false,
	} {
		ok, err := h.verify(ctx, stored, password)
		require.NoError(t, err)
		require.Equal(t, want, ok, password)
	}
	empty, err := h.hash(ctx, "")
	require.NoError(t, err)
	ok, err := h.verify(ctx, empty, strings.Repeat("x", MaxPassword+1))
	require.NoError(t, err)
	require.False(t, ok, "too long is never right")
	for _, nobody := range []string{"", "!", h.dummy, "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"} {
		ok, err := h.verify(ctx, nobody, "")
		require.NoError(t, err)
		require.False(t, ok, nobody)
	}
}

func TestDefaultCostIsWhatTheDocumentsSay(t *testing.T) {
	stored, err := newHasher(Argon2{}, nil).hash(context.Background(), "password")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(stored, "$argon2id$v=19$m=65536,t=3,p=1$"), stored)
}

// Never more than two hashes are computed at once, however many people come.
func TestHashingIsBounded(t *testing.T) {
	h := newHasher(cheap(), nil)
	ctx := context.Background()
	var now, most atomic.Int32
	var g errgroup.Group
	for range queueing {
		g.Go(func() error {
			done, err := h.turn(ctx)
			if err != nil {
				return err
			}
			defer done()
			n := now.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			now.Add(-1)
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.LessOrEqual(t, most.Load(), int32(hashing))

	one, err := h.turn(ctx)
	require.NoError(t, err)
	two, err := h.turn(ctx)
	require.NoError(t, err)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = h.verify(gone, "", "x")
	require.ErrorIs(t, err, context.Canceled, "who hangs up does not wait")
	h.waiting.Store(queueing)
	_, err = h.verify(ctx, "", "x")
	require.ErrorIs(t, err, ErrBusy)
	h.waiting.Store(0)
	one()
	two()
	_, err = h.verify(ctx, "", "x")
	require.NoError(t, err)
}

// What is written is read back, and nothing else is taken.
func TestPHCIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lanes := rapid.Uint32Range(1, 8).Draw(t, "lanes")
		p := phc{
			cost: Argon2{
				Memory: rapid.Uint32Range(8*lanes, 256<<10).Draw(t, "memory"),
				Time:   rapid.Uint32Range(1, 10).Draw(t, "time"), Lanes: uint8(lanes),
			},
			salt: rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(t, "salt"),
			key:  rapid.SliceOfN(rapid.Byte(), 16, 64).Draw(t, "key"),
		}
		got, err := parsePHC(p.String())
		require.NoError(t, err)
		require.Equal(t, p, got)
	})
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$$")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$0000\r0000000$00000000000000000000000")
	f.Add("$2b$12$abcdefghijklmnopqrstuv")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Fatalf("two texts for one hash: %q and %q", s, p.String())
		}
		if p.cost.Memory > 256<<10 || p.cost.Time > 10 || p.cost.Lanes > 8 || p.cost.Lanes == 0 {
			t.Fatalf("cost out of bounds: %+v", p.cost)
		}
	})
}

func TestNewPasswordsHaveBounds(t *testing.T) {
	for password, ok := range map[string]bool{
		"": false, "mười một kt": false, "mười hai ktu": true, strings.Repeat("ab", 64): true, strings.Repeat("ab", 65): false,
		"Thu.Ky.Nguyen": false, "\xff\xfe2345678901": false, "aaaaaaaaaaaaaaa": false,
	} {
		err := checkPassword("thu.ky.nguyen", password)
		require.Equal(t, ok, err == nil, password)
	}
}

func TestOneTimePasswordIsLongAndAcceptable(t *testing.T) {
	a, err := oneTime(rand.Reader)
	require.NoError(t, err)
	b, err := oneTime(rand.Reader)
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.Len(t, strings.ReplaceAll(a, "-", ""), 20)
	require.NoError(t, checkPassword("login", a))
	_, err = oneTime(bytes.NewReader(nil))
	require.Error(t, err)
}

func TestLoginsHaveOneForm(t *testing.T) {
	for _, x := range [][2]string{{" Thu.Ky ", "thu.ky"}, {"a", "a"}, {"a_b-c@d.9", "a_b-c@d.9"}} {
		got, ok := checkLogin(x[0])
		require.True(t, ok, x[0])
		require.Equal(t, x[1], got)
	}
	for _, typed := range []string{"", "  ", "thư", "a b", strings.Repeat("a", MaxLogin+1), "a\x00"} {
		_, ok := checkLogin(typed)
		require.False(t, ok, typed)
	}
}
