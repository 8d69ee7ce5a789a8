//go:build pkcs11

package courtkey

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ThalesGroup/crypto11"
	"github.com/stretchr/testify/require"

	"phientoa/internal/pades"
	"phientoa/internal/pdf"
)

const softHSM = "/usr/lib/softhsm/libsofthsm2.so"

// token is a SoftHSM token with keys of both kinds and their certificates.
func token(t *testing.T) Params {
	t.Helper()
	tool, err := exec.LookPath("softhsm2-util")
	if _, lerr := os.Stat(softHSM); err != nil || lerr != nil {
		t.Skip("softhsm2 is missing")
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tokens"), 0o700))
	conf := put(t, dir, "softhsm2.conf", fmt.Appendf(nil, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", dir))
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.CommandContext(t.Context(), tool, "--init-token", "--free", "--label", "court", "--pin", "123456", "--so-pin", "12345678").CombinedOutput()
	require.NoError(t, err, string(out))
	ctx, err := crypto11.Configure(&crypto11.Config{Path: softHSM, TokenLabel: "court", Pin: "123456", MaxSessions: 4})
	require.NoError(t, err)
	ec, err := ctx.GenerateECDSAKeyPairWithLabel([]byte{1}, []byte("ec"), elliptic.P256())
	require.NoError(t, err)
	rs, err := ctx.GenerateRSAKeyPairWithLabel([]byte{2}, []byte("rsa"), 2048)
	require.NoError(t, err)
	for i, key := range []crypto.Signer{ec, rs} {
		cert, _ := issued(t, key.Public())
		require.NoError(t, ctx.ImportCertificateWithLabel([]byte{byte(i + 1)}, []byte([]string{"ec", "rsa"}[i]), cert))
	}
	require.NoError(t, ctx.Close())
	return Params{Dir: dir, Module: softHSM, Token: "court", Secret: put(t, dir, SecretFile, []byte("123456\n"))}
}

func TestKeysOnAToken(t *testing.T) {
	p := token(t)
	for _, label := range []string{"ec", "rsa"} {
		p.Label = label
		c, end, err := Open(p)
		require.NoError(t, err)
		signs(t, c)
		require.NoError(t, end.Close())
		_, err = os.Stat(filepath.Join(p.Dir, refusedFile))
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	// The certificate, with its authorities, in a file beside the token.
	c, end, err := Open(p)
	require.NoError(t, err)
	p.Certificate = put(t, p.Dir, CertificateFile, pemOf("CERTIFICATE", c.Certificate.Raw))
	require.NoError(t, end.Close())
	c, end, err = Open(p)
	require.NoError(t, err)
	signs(t, c)
	require.NoError(t, end.Close())
	p.Label = "none"
	_, _, err = Open(p)
	require.ErrorContains(t, err, "key pair")
	p.Token = "none"
	_, _, err = Open(p)
	require.ErrorContains(t, err, "no token")
}

// A wrong PIN is tried once, however often the signer is started: until the file of
// the PIN is written anew.
func TestAWrongPINIsNeverRetried(t *testing.T) {
	p := token(t)
	p.Label = "ec"
	logins := 0
	open := func() error {
		before := mtime(t, filepath.Join(p.Dir, refusedFile))
		_, end, err := Open(p)
		if mtime(t, filepath.Join(p.Dir, refusedFile)) != before {
			logins++ // each attempt is noted before it is made
		}
		if err == nil {
			require.NoError(t, end.Close())
		}
		return err
	}
	require.NoError(t, os.WriteFile(p.Secret, []byte("654321"), 0o600))
	for range 20 {
		require.ErrorIs(t, open(), ErrPIN)
	}
	require.Equal(t, 1, logins)
	later := time.Now().Add(time.Second) // also on a disk of coarse times
	require.NoError(t, os.WriteFile(p.Secret, []byte("123456"), 0o600))
	require.NoError(t, os.Chtimes(p.Secret, later, later))
	require.NoError(t, open())
	require.NoError(t, open())
}

func mtime(t *testing.T, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		require.ErrorIs(t, err, os.ErrNotExist)
		return 0
	}
	return info.ModTime().UnixNano()
}

// A person types the PIN: it is asked once, what it opens signs minutes, and a wrong one
// is not tried again by the program.
func TestAPersonTypesThePIN(t *testing.T) {
	p := token(t)
	p.Dir, p.Secret = "", ""
	doc := pdf.New(pdf.Info{Title: "Biên bản", Author: "TAND", Created: time.Unix(1, 0)})
	doc.SignaturePage("Hết.", [][2]string{{"THƯ KÝ", "b"}, {"CHỦ TỌA", "a"}})
	given, err := doc.Bytes()
	require.NoError(t, err)
	for _, label := range []string{"ec", "rsa"} {
		asked := 0
		p.Label, p.Ask = label, func() ([]byte, error) { asked++; return []byte("123456"), nil }
		c, end, err := Open(p)
		require.NoError(t, err)
		signed, err := pades.Sign(given, pades.SignParams{Key: c.Key, Certificate: c.Certificate, Time: time.Now(), Rand: rand.Reader})
		require.NoError(t, err)
		found, err := pades.Check(signed, given)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.NoError(t, end.Close())
		asked2 := 0
		p.Ask = func() ([]byte, error) { asked2++; return []byte("654321"), nil }
		_, _, err = Open(p)
		require.ErrorIs(t, err, ErrPIN)
		require.Equal(t, []int{1, 1}, []int{asked, asked2})
	}
}
