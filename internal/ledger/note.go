package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNote bounds one signed note in bytes.
const maxNote = 4096

// ErrNote wraps every refusal of ParseNote.
var ErrNote = errors.New("ledger: not a checkpoint note")

// Note is a parsed checkpoint: a C2SP signed note (c2sp.org/signed-note) whose
// text is a C2SP checkpoint (c2sp.org/tlog-checkpoint) with two extension lines.
type Note struct {
	Checkpoint
	// Previous is the SHA-256 of the text of the previous note, zero for the first.
	Previous Hash
	Text     []byte // signed bytes, newline at the end
	KeyHash  uint32
	Sig      []byte // Ed25519, 64 bytes
}

// TextHash is what the next note names as previous and what a key statement
// names as last.
func (n Note) TextHash() Hash { return sha256.Sum256(n.Text) }

// ValidOrigin tells whether a name may stand as origin and key name of a note.
func ValidOrigin(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsRune(s, '+') &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

func noteText(origin string, size uint64, root Hash, micros int64, previous Hash) []byte {
	prev := "-"
	if previous != (Hash{}) {
		prev = base64.StdEncoding.EncodeToString(previous[:])
	}
	return fmt.Appendf(nil, "%s\n%d\n%s\ntime %d\nprevious %s\n",
		origin, size, base64.StdEncoding.EncodeToString(root[:]), micros, prev)
}

// KeyHash is the key id of a signature line (C2SP signed note, Ed25519).
func KeyHash(name string, pub ed25519.PublicKey) uint32 {
	h := sha256.New()
	_, _ = h.Write([]byte(name + "\n\x01"))
	_, _ = h.Write(pub)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// SignatureLine builds "— name base64(keyhash || signature)\n".
func SignatureLine(name string, pub ed25519.PublicKey, sig []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, KeyHash(name, pub))
	return fmt.Appendf(nil, "— %s %s\n", name, base64.StdEncoding.EncodeToString(append(b, sig...)))
}

// ParseNote reads one signed note with exactly one signature line. It accepts
// only the canonical bytes, so that no bit of a note is free to change.
func ParseNote(msg []byte) (Note, error) {
	if len(msg) > maxNote {
		return Note{}, fmt.Errorf("%w: %d bytes", ErrNote, len(msg))
	}
	text, sigLine, ok := bytes.Cut(msg, []byte(noteEnd))
	if !ok {
		return Note{}, fmt.Errorf("%w: no signature", ErrNote)
	}
	n, err := ParseText(append(bytes.Clone(text), '\n'))
	if err != nil {
		return n, err
	}
	n.Note = bytes.Clone(msg)
	prefix := "— " + n.Origin + " "
	enc, ok := strings.CutPrefix(strings.TrimSuffix(string(sigLine), "\n"), prefix)
	raw, err := base64.StdEncoding.Strict().DecodeString(enc)
	if !ok || err != nil || len(raw) != 4+ed25519.SignatureSize ||
		string(sigLine) != prefix+base64.StdEncoding.EncodeToString(raw)+"\n" {
		return n, fmt.Errorf("%w: signature line", ErrNote)
	}
	n.KeyHash, n.Sig = binary.BigEndian.Uint32(raw), raw[4:]
	return n, nil
}

// ReceiptHead begins the file in which a participant's computer saves its latest note:
// words for people follow, then a line "---", then the note.
const ReceiptHead = "BIÊN NHẬN BẢN GHI PHIÊN TÒA (phientoa receipt 1)\n"

// Notes takes apart notes that somebody kept: one, or several each followed by an
// empty line as in CheckpointsName. A line may end by "\r\n", as some programs
// write it. A receipt (ReceiptHead) is
// taken as well. What is not a note is ErrNote, with how many stand before it.
func Notes(b []byte) ([][]byte, error) {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	if bytes.HasPrefix(b, []byte(ReceiptHead)) {
		_, b, _ = bytes.Cut(b, []byte("\n---\n"))
	}
	b = append(bytes.TrimRight(b, "\n"), '\n', '\n')
	var out [][]byte
	for p := newNotes(bytes.NewReader(b)); ; {
		piece, _, err := p.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var n Note
		if err == nil {
			n, err = ParseNote(piece[:len(piece)-1])
		}
		if err != nil {
			return nil, fmt.Errorf("%w: after %d", ErrNote, len(out))
		}
		out = append(out, n.Note)
	}
}

// ParseText reads the signed text of a checkpoint, which is all that a signer
// of checkpoints may sign.
func ParseText(text []byte) (n Note, err error) {
	n.Text = text
	body, ok := strings.CutSuffix(string(text), "\n")
	lines := strings.Split(body, "\n")
	if !ok || len(text) > maxNote || len(lines) != 5 || !ValidOrigin(lines[0]) {
		return n, fmt.Errorf("%w: not the text of a checkpoint", ErrNote)
	}
	n.Origin = lines[0]
	if n.Size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return n, fmt.Errorf("%w: size", ErrNote)
	}
	if n.Root, err = parseB64Hash(lines[2]); err != nil {
		return n, fmt.Errorf("%w: root", ErrNote)
	}
	if n.Time, err = strconv.ParseInt(strings.TrimPrefix(lines[3], "time "), 10, 64); err != nil {
		return n, fmt.Errorf("%w: time", ErrNote)
	}
	if prev := strings.TrimPrefix(lines[4], "previous "); prev != "-" {
		if n.Previous, err = parseB64Hash(prev); err != nil {
			return n, fmt.Errorf("%w: previous", ErrNote)
		}
	}
	if !bytes.Equal(noteText(n.Origin, n.Size, n.Root, n.Time, n.Previous), text) {
		return n, fmt.Errorf("%w: text not in canonical form", ErrNote)
	}
	return n, nil
}

// Verify checks the signature under a key.
func (n Note) Verify(pub ed25519.PublicKey) bool {
	return len(pub) == ed25519.PublicKeySize && n.KeyHash == KeyHash(n.Origin, pub) && ed25519.Verify(pub, n.Text, n.Sig)
}

func parseB64Hash(s string) (h Hash, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, errors.New("not a base64 SHA-256")
	}
	return Hash(b), nil
}
