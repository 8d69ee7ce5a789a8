package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"phientoa/internal/asic"
	"phientoa/recording"
)

// Final is what becomes of a part.
type Final struct {
	Hearing  string
	Part     int
	Root     [sha256.Size]byte // of the log's last checkpoint
	Lines    uint64
	Size     int64             // of the sealed file in bytes
	SHA256   [sha256.Size]byte // of the sealed file
	Manifest [sha256.Size]byte // of the list of its files
}

// finalOf reads what a sealed file says of itself, without its SHA-256.
func finalOf(path string) (f Final, r io.ReaderAt, closer io.Closer, err error) {
	r, size, closer, err := OpenContainer(path)
	if err != nil {
		return f, nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("archive: %w", err), closer.Close())
		}
	}()
	c, err := asic.Open(r, size)
	if err != nil {
		return f, nil, nil, err
	}
	list, err := c.ReadFile(asic.ManifestName, asic.MaxManifest)
	if err != nil {
		return f, nil, nil, err
	}
	s, err := readSession(c)
	if err != nil {
		return f, nil, nil, err
	}
	root, err := hex.DecodeString(s.Root)
	if err != nil || len(root) != sha256.Size {
		return f, nil, nil, errors.New("its root is none")
	}
	f = Final{Hearing: filepath.Base(filepath.Dir(path)), Lines: s.Lines, Root: [sha256.Size]byte(root), Size: size, Manifest: sha256.Sum256(list)}
	if f.Part, err = partNumber(path); err != nil {
		return f, nil, nil, err
	}
	return f, r, closer, nil
}

// partNumber is N of …/part-NNNN.asice.
func partNumber(path string) (n int, err error) {
	base := filepath.Base(path)
	n, ok := recording.PartNumber(base, Ext)
	if !ok {
		return 0, fmt.Errorf("archive: %q is not named like a part", base)
	}
	return n, nil
}
