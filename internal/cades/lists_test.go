package cades

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// list is an authority's list of revoked certificates.
func (a *authority) list(t testing.TB, number int64) []byte {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(number), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(99), RevocationTime: time.Now()}},
	}, a.cert, a.key)
	require.NoError(t, err)
	return der
}

// Lists join before or behind the timestamp and again later; what was signed stays as
// it is, and the same list twice stands once.
func TestListsJoinTheSignature(t *testing.T) {
	a := newAuthority(t, nil)
	p := params(t, a, newKey(t))
	bare, err := Sign(p)
	require.NoError(t, err)
	token, err := AddToken(bare, wrap(0x30, []byte{5, 0}))
	require.NoError(t, err)
	one, two := a.list(t, 1), a.list(t, 2)
	for what, der := range map[string][]byte{"bare": bare, "stamped": token} {
		before, err := Verify(der, p.Digest)
		require.NoError(t, err)
		with, err := AddLists(der, two, one, one)
		require.NoError(t, err)
		again, err := AddLists(with, one)
		require.NoError(t, err)
		require.Equal(t, with, again, what)
		after, err := Verify(with, p.Digest)
		require.NoError(t, err)
		require.Len(t, after.Lists, 2)
		require.Equal(t, before.Value, after.Value)
		require.Equal(t, before.Token, after.Token)
		for _, l := range after.Lists {
			require.NoError(t, l.CheckSignatureFrom(a.cert))
		}
		none, err := AddLists(der)
		require.NoError(t, err)
		require.Equal(t, der, none)
	}
	with, err := AddLists(bare, one)
	require.NoError(t, err)
	stamped, err := AddToken(with, wrap(0x30, []byte{5, 0}))
	require.NoError(t, err)
	other, err := AddLists(token, one)
	require.NoError(t, err)
	require.Equal(t, stamped, other, "the order in which they come does not matter")
}

// A set outside DER's order, a list twice, another form of list and bytes behind a
// list's signature are refused.
func TestListsOutsideTheProfile(t *testing.T) {
	a := newAuthority(t, nil)
	p := params(t, a, newKey(t))
	der, err := Sign(p)
	require.NoError(t, err)
	parts, err := parse(der)
	require.NoError(t, err)
	one, two := a.list(t, 1), a.list(t, 2)
	if bytes.Compare(one, two) > 0 {
		one, two = two, one
	}
	build := func(set ...[]byte) []byte {
		return signedData(bytes.Join([][]byte{parts.bare, wrap(byte(tag1), bytes.Join(set, nil)), parts.infos}, nil))
	}
	_, err = Verify(build(one, two), p.Digest)
	require.NoError(t, err)
	open := one[4:] // behind the SEQUENCE's head, of a length of two bytes
	for what, b := range map[string][]byte{
		"order": build(two, one), "twice": build(one, one), "none": build(), "another form": build(wrap(0xa1, one)),
		"no list": build(wrap(0x30, []byte{5, 0})), "bytes behind": build(wrap(0x30, append(bytes.Clone(open), 5, 0))),
	} {
		_, err := Verify(b, p.Digest)
		require.ErrorIs(t, err, ErrSyntax, what)
	}
	_, err = AddLists(der, []byte("no list"))
	require.ErrorIs(t, err, ErrSyntax)
	many := make([][]byte, maxLists+1)
	for i := range many {
		many[i] = a.list(t, int64(i+1))
	}
	_, err = AddLists(der, many...)
	require.ErrorIs(t, err, ErrSyntax)
}

// Nothing but the issuer's own signature binds a list: a change of any bit is refused
// by form or by that.
func TestEveryBitOfAListCounts(t *testing.T) {
	a := newAuthority(t, nil)
	der := a.list(t, 1)
	for i := range der {
		for bit := range 8 {
			der[i] ^= 1 << bit
			if l, err := ParseList(der); err == nil {
				require.Error(t, l.CheckSignatureFrom(a.cert), "byte %d bit %d", i, bit)
			}
			der[i] ^= 1 << bit
		}
	}
}

func FuzzLists(f *testing.F) {
	a := newAuthority(f, nil)
	p := params(f, a, newKey(f))
	der, err := Sign(p)
	require.NoError(f, err)
	parts, err := parse(der)
	require.NoError(f, err)
	f.Add(a.list(f, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		with := signedData(bytes.Join([][]byte{parts.bare, wrap(byte(tag1), b), parts.infos}, nil))
		s, err := Verify(with, p.Digest)
		if err != nil {
			return
		}
		var set [][]byte
		for _, l := range s.Lists {
			set = append(set, l.Raw)
		}
		if !bytes.Equal(bytes.Join(set, nil), b) {
			t.Fatal("bytes beside the lists")
		}
		if again, err := AddLists(der, set...); err != nil || !bytes.Equal(again, with) {
			t.Fatal("two forms")
		}
	})
}
