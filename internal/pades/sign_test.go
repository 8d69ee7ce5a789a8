package pades_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/cades"
	"phientoa/internal/pades"
	"phientoa/internal/pades/padestest"
)

func certified(t *testing.T, name string, key crypto.Signer) *x509.Certificate {
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

// Two people sign one after the other, each over everything before; what other programs
// append in between changes nothing of it; and another program reads it.
func TestWhatIsSignedHereIsChecked(t *testing.T) {
	doc := document(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	at := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	sign := func(in []byte, key crypto.Signer, name string) []byte {
		out, err := pades.Sign(in, pades.SignParams{Key: key, Certificate: certified(t, name, key), Time: at, Rand: rand.Reader})
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(out, in), "not a byte before it changes")
		return out
	}
	one := sign(doc, ec, "Nguyễn Văn Ước")
	other := padestest.NewRoot(t).Person(t, "x", "Ai Khác", "ec")
	between := padestest.Append(t, one, padestest.Revision{Mine: func(b []byte) []byte { return other.CMS(t, b, true) }})
	all := sign(between, rs, "Trần Thị Bưởi")
	found, err := pades.Check(all, doc)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.Equal(t, "Nguyễn Văn Ước", found[0].Certificate.Subject.CommonName)
	require.Equal(t, "Trần Thị Bưởi", found[2].Certificate.Subject.CommonName)
	require.Equal(t, at, found[0].SigningTime, "stated in the dictionary")
	require.Equal(t, len(all), found[2].Covers)
	elsewhere, err := pades.Sign(doc, pades.SignParams{Time: at, Remote: func(digest [sha256.Size]byte) ([]byte, error) {
		return cades.Sign(cades.Params{Key: ec, Certificate: certified(t, "máy chủ", ec), Rand: rand.Reader, Digest: digest})
	}})
	require.NoError(t, err)
	found, err = pades.Check(elsewhere, doc)
	require.NoError(t, err)
	require.Equal(t, "máy chủ", found[0].Certificate.Subject.CommonName, "a key that is elsewhere")
	_, err = pades.Sign(doc, pades.SignParams{Remote: func([sha256.Size]byte) ([]byte, error) { return nil, os.ErrPermission }})
	require.ErrorIs(t, err, os.ErrPermission)
	all[len(doc)/2] ^= 1
	_, err = pades.Check(all, doc)
	require.Error(t, err)
	_, err = pades.Sign([]byte("%PDF-1.4 nothing"), pades.SignParams{})
	require.ErrorIs(t, err, pades.ErrSyntax)

	// Another program finds the same, with the bytes that the signature's range names.
	at0 := bytes.Index(one, []byte("/Contents <")) + len("/Contents ")
	end := at0 + bytes.IndexByte(one[at0:], '>') + 1
	value, err := hex.DecodeString(string(one[at0+1 : end-1]))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sig"), value, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "covered"), append(bytes.Clone(one[:at0]), one[end:]...), 0o600))
	cmd := exec.CommandContext(t.Context(), "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "sig", "-content", "covered", "-noverify", "-out", "/dev/null")
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
}
