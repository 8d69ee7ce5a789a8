package store

import (
	"crypto/sha256"
	"fmt"
)

// LineHash is the chain value of a line: SHA-256(prev || line), where prev is
// the hash of the line before it and zero for the first.
func LineHash(prev [32]byte, line []byte) [32]byte {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(line)
	return [32]byte(h.Sum(nil))
}

// VerifyChain checks that lines follow one another without a hole, that their
// epochs never fall and that their hashes hold, starting from the line with
// sequence `after` whose hash is prev (0 and zero for the start of the log).
func VerifyChain(after uint64, prev [32]byte, lines []Line) error {
	var epoch uint64
	for _, l := range lines {
		switch {
		case l.Seq != after+1:
			return fmt.Errorf("store: line %d follows line %d", l.Seq, after)
		case l.Epoch < epoch:
			return fmt.Errorf("store: line %d of epoch %d after epoch %d", l.Seq, l.Epoch, epoch)
		case l.Prev != prev:
			return fmt.Errorf("store: line %d does not name the hash of line %d", l.Seq, after)
		case l.Hash != LineHash(l.Prev, l.Line):
			return fmt.Errorf("store: hash of line %d does not match its bytes", l.Seq)
		}
		after, prev, epoch = l.Seq, l.Hash, l.Epoch
	}
	return nil
}
