package ledger

import (
	"bytes"
	"encoding/json"
)

// NoteText and BuildLine let tests forge.
var NoteText = noteText

// BuildLine makes the bytes of one line.
func BuildLine(i uint64, t, mono int64, k Kind, members json.RawMessage, salt [16]byte, prev Hash) []byte {
	return appendLine(nil, lineHead{i, t, mono, k, salt, prev}, members)
}

// RootOf is the root of whole lines.
func RootOf(log []byte) Hash {
	var f frontier
	for l := range bytes.Lines(log) {
		f.add(LeafHash(bytes.TrimSuffix(l, []byte("\n"))))
	}
	return f.root()
}
