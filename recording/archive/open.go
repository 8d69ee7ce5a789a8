package archive

import (
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// sealedHeader begins every file of age (age-encryption.org/v1).
const sealedHeader = "age-encryption.org/v1\n"

// Errors of OpenContainer.
var (
	// ErrEncrypted: the file is encrypted, and no key was given that opens it.
	ErrEncrypted = errors.New("archive: the file is encrypted and no given key opens it")
	// ErrCipher: the file is encrypted and was altered or cut short.
	ErrCipher = errors.New("archive: the encryption of the file is damaged")
)

// OpenContainer opens the sealed file of a part for reading at any offset, with
// its size in bytes: one as it lies on the disk, or with a key one as it lies in an
// object store, encrypted by age. Size and bytes are those of the file in clear,
// and memory does not grow with it. Everybody who reads a sealed file opens it
// here, so that how it rests is one function's knowledge. What is not a regular
// file is refused. The caller closes it.
func OpenContainer(path string, keys ...age.Identity) (r io.ReaderAt, size int64, c io.Closer, err error) {
	r, size, f, err := openFile(path, keys...)
	if err != nil {
		return nil, 0, nil, err
	}
	return r, size, f, nil
}

// openFile is OpenContainer with the file itself.
func openFile(path string, keys ...age.Identity) (r io.ReaderAt, size int64, f *os.File, err error) {
	// A pipe under the name would hang the opening.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, 0, nil, fmt.Errorf("archive: %s is no regular file", path)
	}
	f, err = os.Open(path)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("archive: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(fmt.Errorf("archive: %w", err), f.Close())
	}
	if r, size, err = unseal(f, info.Size(), keys); err != nil {
		return nil, 0, nil, errors.Join(err, f.Close())
	}
	return r, size, f, nil
}

// Encrypted tells whether a file is encrypted as an object store holds it: nothing in it
// can be verified before it is opened with its key.
func Encrypted(r io.ReaderAt) bool {
	start := make([]byte, len(sealedHeader))
	n, _ := r.ReadAt(start, 0) // what cannot be read says so when it is verified
	return string(start[:n]) == sealedHeader
}

// unseal is the reader itself where it is in clear.
func unseal(r io.ReaderAt, size int64, keys []age.Identity) (io.ReaderAt, int64, error) {
	start := make([]byte, len(sealedHeader))
	if n, err := r.ReadAt(start, 0); n < len(start) || string(start) != sealedHeader {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, fmt.Errorf("archive: %w", err)
		}
		return r, size, nil // what it is instead says who reads it
	}
	if len(keys) == 0 {
		return nil, 0, ErrEncrypted
	}
	plain, size, err := age.DecryptReaderAt(r, size, keys...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, 0, ErrEncrypted
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %w", ErrCipher, err)
	}
	return quiet{plain}, size, nil
}

// quiet reads as a file does: what was read whole is no error, also at the very end,
// where io.ReaderAt leaves the choice.
type quiet struct{ io.ReaderAt }

func (q quiet) ReadAt(b []byte, at int64) (int, error) {
	n, err := q.ReaderAt.ReadAt(b, at)
	if n == len(b) && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
