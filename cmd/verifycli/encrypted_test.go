package verifycli_test

import (
	"bytes"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"phientoa/cmd/verifycli"
)

// A file as an object store holds it is not called damaged or foreign: it has to be
// opened first, and the page says so. Other bytes are what the verifier says.
func TestAnEncryptedFileHasToBeOpenedFirst(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, key.Recipient())
	require.NoError(t, err)
	_, err = w.Write([]byte("PK"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for text, refused := range map[string]string{sealed.String(): "encrypted", "age-encryption.org/v": "", "PK": "", "": ""} {
		a := verifycli.VerifyChosen(t.Context(), bytes.NewReader([]byte(text)), int64(len(text)), verifycli.Chosen{})
		require.Equal(t, 2, a.Exit)
		require.Equal(t, refused, a.Refused)
		require.Equal(t, refused == "", a.Report != nil)
	}
}
