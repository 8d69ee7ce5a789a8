package minutebook

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"phientoa/internal/court"
	"phientoa/internal/minutes"
)

// Final is a document with both signatures, with everything that a sealed copy of it
// carries.
type Final struct {
	minutes.Finished
	Follows string       // SHA-256, hex, of the final document before; empty: there was none
	Before  minutes.Head // of the lines before its first
	File    []byte       // the signed PDF
	Given   int64        // how many of its bytes were given out to be signed
	// Lines are the document's, each the JSON that the head was made of, ended by a line
	// feed.
	Lines []byte
}

// ErrNotFinal: no document with both signatures has this digest.
var ErrNotFinal = errors.New("minutebook: the document is not final")

// Final returns the hearing's document whose signed file has this SHA-256.
func (b *Book) Final(ctx context.Context, id string, sha256 [32]byte) (f Final, err error) {
	l, done, err := b.open(ctx, id)
	if err != nil {
		return f, err
	}
	defer done()
	want := hex.EncodeToString(sha256[:])
	found := false
	for _, x := range l.maker.State().Finals {
		if f.Finished = x; x.SHA256 == want {
			found = true
			break
		}
		f.Follows = x.SHA256
	}
	if !found {
		return Final{}, ErrNotFinal
	}
	given, err := hex.DecodeString(f.Document.SHA256)
	if err != nil || len(given) != len(sha256) {
		return Final{}, fmt.Errorf("minutebook: digest of document %d", f.Document.Version)
	}
	first, err := b.p.Store.Document(ctx, court.SystemScope(), id, [32]byte(given))
	if err != nil {
		return Final{}, err
	}
	if f.File, err = b.p.Store.Document(ctx, court.SystemScope(), id, sha256); err != nil {
		return Final{}, err
	}
	f.Given, f.Before = int64(len(first)), l.maker.Head(f.Document.From-1)
	var lines bytes.Buffer
	for _, x := range l.maker.Lines()[f.Document.From-1 : f.Document.Lines] {
		text, err := json.Marshal(x)
		if err != nil {
			return Final{}, fmt.Errorf("minutebook: line %d: %w", x.N, err)
		}
		lines.Write(append(text, '\n'))
	}
	f.Lines = lines.Bytes()
	return f, nil
}
