package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"phientoa/recording"
)

// parcel is a sealed file as it goes out: encrypted, durable, and the same bytes at
// every attempt, so that what arrived before a crash is known again.
type parcel struct {
	path   string
	plain  digest // of the sealed file
	cipher digest // of the parcel
	size   int64
}

const (
	parcelExt = ".age"
	parcelNew = "new" // one that is being written
)

// pack encrypts a sealed file into the outbox, or finds what an earlier process put
// there.
func (m *Mirror) pack(ctx context.Context, part Part) (*parcel, error) {
	left, err := filepath.Glob(filepath.Join(m.p.Outbox, "*"+parcelExt))
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if len(left) > 0 {
		found, err := m.unpacked(ctx, part)
		if found != nil || err != nil {
			return found, err
		}
	}
	free, err := recording.Free(m.p.Outbox)
	if err != nil {
		return nil, err
	}
	// Age adds one part in four thousand and its header.
	if need := part.Size + part.Size/1024 + 64<<10 + m.p.Reserve; free < need {
		return nil, fmt.Errorf("storage: %d bytes free, %d needed to encrypt a sealed file beside the reserve for recordings", free, need)
	}
	in, err := os.Open(part.Path)
	if err != nil {
		return nil, &fileError{fmt.Errorf("storage: %w", err)}
	}
	defer in.Close()
	return m.encrypt(ctx, in, part)
}

// unpacked looks for the parcel of an earlier process.
func (m *Mirror) unpacked(ctx context.Context, part Part) (*parcel, error) {
	plain, _, err := hashFile(ctx, part.Path)
	if err != nil {
		return nil, &fileError{err}
	}
	path := filepath.Join(m.p.Outbox, hex.EncodeToString(plain[:])+parcelExt)
	cipher, size, err := hashFile(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &parcel{path, plain, cipher, size}, nil
}

// encrypt writes the parcel aside and gives it its name when it is durable.
func (m *Mirror) encrypt(ctx context.Context, in io.Reader, part Part) (_ *parcel, err error) {
	tmp := filepath.Join(m.p.Outbox, parcelNew)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("storage: %w", err)
	}
	out, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	plain, cipher := sha256.New(), sha256.New()
	counted := &counter{w: io.MultiWriter(out, cipher)}
	seal, err := age.Encrypt(counted, m.p.Recipients...)
	if err == nil {
		err = copyAll(ctx, io.MultiWriter(plain, seal), in, part.Size, m.p.Target.limiter())
	}
	if err == nil {
		err = seal.Close()
	}
	if err == nil {
		err = out.Sync()
	}
	p := &parcel{size: counted.n}
	plain.Sum(p.plain[:0])
	cipher.Sum(p.cipher[:0])
	p.path = filepath.Join(m.p.Outbox, hex.EncodeToString(p.plain[:])+parcelExt)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(tmp, p.path)
	}
	if err == nil {
		err = syncDir(m.p.Outbox)
	}
	if err != nil {
		return nil, fmt.Errorf("storage: encrypt %s: %w", filepath.Base(part.Path), err)
	}
	return p, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// hashFile is the SHA-256 and the size of a file.
func hashFile(ctx context.Context, path string) (sum digest, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, 0, fmt.Errorf("storage: %w", err)
	}
	defer f.Close()
	h := &counter{w: io.Discard}
	hash := sha256.New()
	h.w = hash
	if err := copyAll(ctx, h, f, -1, nil); err != nil {
		return sum, 0, fmt.Errorf("storage: %w", err)
	}
	hash.Sum(sum[:0])
	return sum, h.n, nil
}

// copyAll copies until the end, which must come at the size unless that is below 0,
// no faster than the limit. A fault of reading is the file's own.
func copyAll(ctx context.Context, w io.Writer, r io.Reader, size int64, limit waiter) error {
	buf := make([]byte, step)
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if limit != nil {
				if err := limit.WaitN(ctx, n); err != nil {
					return err
				}
			}
			total += int64(n)
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			if size >= 0 && total != size {
				return &fileError{fmt.Errorf("the file has %d bytes and had %d", total, size)}
			}
			return nil
		case err != nil:
			return &fileError{err}
		}
	}
}

// step is how much is copied between two looks at the limit.
const step = 256 << 10

// waiter is a *rate.Limiter.
type waiter interface {
	WaitN(ctx context.Context, n int) error
}
