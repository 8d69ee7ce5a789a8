package archive

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// OpenContainer opens the sealed file of a part for reading at any offset, with
// its size in bytes. Everybody who reads a sealed file opens it here, so that how
// it rests on the disk is one function's knowledge. What is not a regular file is
// refused. The caller closes it.
func OpenContainer(path string) (r io.ReaderAt, size int64, c io.Closer, err error) {
	// A pipe under the name would hang the opening.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, 0, nil, fmt.Errorf("archive: %s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("archive: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(fmt.Errorf("archive: %w", err), f.Close())
	}
	return f, info.Size(), f, nil
}
