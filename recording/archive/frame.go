package archive

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/recording"
)

// What stands here serves files that are made of a sealed part (package excerpt):
// they have its form, its list and its seal, and other things inside.

// SessionName is the description inside a sealed part.
const SessionName = sessionName

// VerifyFrame checks everything of a container but what its files say: the form of the
// ZIP, the list of files with its seals, every digest. inside may read the files in the
// meantime; what it reads from end to end is not read again. It is not called when the
// headers are damaged. An error means that the file could not be read.
func VerifyFrame(ctx context.Context, r io.ReaderAt, size int64, o Options, inside func(files fs.FS, c *asic.Container) error) (Container, error) {
	v := verifier{ctx: ctx, o: o}
	v.r.Container = Container{Bytes: size, Damages: []Damage{}}
	if v.o.Now.IsZero() {
		v.o.Now = time.Now()
	}
	err := v.frame(r, size, inside)
	return v.r.Container, err
}

func (v *verifier) frame(r io.ReaderAt, size int64, inside func(files fs.FS, c *asic.Container) error) (err error) {
	v.c, err = asic.Open(r, size)
	var format *asic.FormatError
	if errors.As(err, &format) {
		v.damage(DamageZIP, format.Entry, format.Offset, format.What)
		return nil
	}
	if err != nil {
		return err
	}
	v.r.Container.Entries = len(v.c.Entries())
	if err := v.manifests(); err != nil {
		return err
	}
	d := newDigester(v.c, ofPart)
	err = inside(d, v.c)
	d.close()
	if err != nil {
		return err
	}
	err = v.digests(d)
	v.archives()
	v.trust()
	return err
}

// JudgeSeal judges a signature over a manifest of this SHA-256 that stands in a file
// of its own; nil when it does not hold, with why.
func JudgeSeal(der []byte, manifest [sha256.Size]byte, o Options) (*Seal, error) {
	v := verifier{o: o, c: &asic.Container{}}
	if v.o.Now.IsZero() {
		v.o.Now = time.Now()
	}
	s := v.judge(der, manifest, asic.ManifestName, asic.SignatureName)
	if len(v.r.Container.Damages) > 0 {
		d := v.r.Container.Damages[0]
		return nil, fmt.Errorf("archive: %s: %s", d.Code, d.Detail)
	}
	v.trust()
	return s, nil
}

// Certificate is whose seal it is; nil of one that was read from JSON.
func (s *Seal) Certificate() *x509.Certificate { return s.cert }

// SameKey tells whether one of the certificates (DER) is of the key of this seal.
func (s *Seal) SameKey(certificates ...[]byte) bool {
	return s.cert != nil && sameKey(s.cert, certificates)
}

// About is what the description of a sealed part says of its log.
type About struct {
	Origin, Hearing, Node string
	Part                  int
	BeganT, EndedT        int64 // of its first and last line, UTC unix microseconds
	Lines                 uint64
	Root                  [sha256.Size]byte
}

// MaxSession bounds a description in bytes.
const MaxSession = maxSession

// ParseSession reads the description of a sealed part.
func ParseSession(b []byte) (a About, err error) {
	if len(b) > maxSession {
		return a, fmt.Errorf("archive: %s: %d bytes", sessionName, len(b))
	}
	var s session
	if err := json.Unmarshal(b, &s); err != nil {
		return a, fmt.Errorf("archive: %s: %w", sessionName, err)
	}
	root, err := hex.DecodeString(s.Root)
	if err != nil || len(root) != sha256.Size || s.Format != 1 || s.Lines == 0 || s.Lines > 1<<40 || !ledger.ValidOrigin(s.Origin) {
		return a, fmt.Errorf("archive: %s is not a description of format 1", sessionName)
	}
	return About{s.Origin, s.Hearing, s.Node, s.Part, s.BeganT, s.EndedT, s.Lines, [sha256.Size]byte(root)}, nil
}

// SealManifest has a list of files sealed, durably written before, and the seal
// stamped where the authority answers in time, with the revocation lists that can be
// had at once. ended is of what is sealed, UTC unix
// microseconds: no timestamp lies before it.
func SealManifest(ctx context.Context, s Signer, origin string, xml []byte, ended int64) ([]byte, error) {
	manifest := sha256.Sum256(xml)
	der, err := s.Seal(ctx, origin, manifest)
	if err != nil {
		return nil, fmt.Errorf("archive: seal: %w", err)
	}
	if stamped, err := stamp(ctx, s, der, manifest, ended, stampFor); err == nil {
		return nodeLists(ctx, s, xml, stamped, stampFor), nil
	}
	return der, nil
}

// WriteWhole writes a file aside, durably, and gives it its name: it is there as a
// whole or not at all, and only the node's own user reads it.
func WriteWhole(path string, write func(f *os.File) error) error {
	return replace(path, nil, nil, write)
}

// PrintSeal writes what is known of a node's seal for people; nil: none holds.
func PrintSeal(b *strings.Builder, s *Seal, lang string) {
	w := wordsOf(lang)
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	if s == nil {
		line("%s", w.unsealed)
		return
	}
	s.tell(w, w.sealed, line)
}

// PrintCourtSeal is PrintSeal of a court's; nothing of one that is not there.
func PrintCourtSeal(b *strings.Builder, s *Seal, lang string) {
	if w := wordsOf(lang); s != nil {
		s.tell(w, w.court, func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) })
	}
}

// DamageText is a code of this package in words.
func DamageText(code, lang string) string {
	if s, ok := wordsOf(lang).code[code]; ok {
		return s
	}
	return recording.Clean(code)
}
