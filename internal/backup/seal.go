package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// sealedHeader begins every file of age (age-encryption.org/v1).
const sealedHeader = "age-encryption.org/v1\n"

// ErrSealed: the archive is encrypted, and no key was given that opens it.
var ErrSealed = errors.New("backup: the archive is encrypted")

// sealed encrypts what is written to w for the recipients; without any it passes
// through. Close writes the end and leaves w open.
func sealed(w io.Writer, to []age.Recipient) (io.WriteCloser, error) {
	if len(to) == 0 {
		return unsealed{w}, nil
	}
	out, err := age.Encrypt(w, to...)
	if err != nil {
		return nil, fmt.Errorf("backup: encrypt: %w", err)
	}
	return out, nil
}

// unsealed passes through.
type unsealed struct{ io.Writer }

// Close implements io.Closer.
func (unsealed) Close() error { return nil }

// Unseal returns the archive that r holds, encrypted or not. What was altered is
// an error of reading it (ErrArchive of Check and Restore).
func Unseal(r io.Reader, keys ...age.Identity) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	start, err := b.Peek(len(sealedHeader))
	if !bytes.Equal(start, []byte(sealedHeader)) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("backup: %w", err)
		}
		return b, nil // Check and Restore say what is wrong with it
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: give the secret key with --identity", ErrSealed)
	}
	plain, err := age.Decrypt(b, keys...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("%w for somebody else: the given keys do not open it", ErrSealed)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	return plain, nil
}
