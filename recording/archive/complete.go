package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/tsa"
)

// State is what stands in a sealed file.
type State struct {
	Stamped      bool // the node's seal has its timestamp
	Court        bool // the court's seal stands behind it
	CourtStamped bool // and has its timestamp
	// LongTerm: what proves that the certificates were not revoked stands in it, for
	// the last timestamp too.
	LongTerm bool
	Archived int // archive timestamps
	// Ends is when a certificate of the last timestamp ends, the first of them; zero:
	// there is no timestamp.
	Ends time.Time
	Made time.Time // when the last timestamp was given; zero: there is none
}

// complete tells whether nothing is to come any more.
func (s State) complete(court bool) bool {
	return s.Stamped && (s.CourtStamped || (!s.Court && !court))
}

// Look tells what stands in a sealed file. It reads headers and seals alone.
func Look(path string) (s State, err error) {
	r, size, closer, err := OpenContainer(path)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	o, err := openSealed(r, size)
	if err != nil {
		return s, err
	}
	return o.state(), nil
}

// about is what a seal is asked for with.
type about struct {
	origin string
	ended  int64 // UTC unix microseconds of the last line of the log
}

// Completed is what Complete did.
type Completed struct {
	Changed bool
	Bytes   int64             // of the whole file as it is then, when it changed
	SHA256  [sha256.Size]byte // likewise
	Report  Report            // likewise, of the file as it was read back
	State   State
}

// Complete gives a sealed file what still lacks: the timestamp of the node's seal,
// then the court's seal where the signer holds the court's key, then its timestamp.
// It asks for all of it, each authority may take up to limit, then writes one copy
// aside, reads it back and takes the file's place. What could be had is put in also
// when an error tells of the rest: errNoTimestamp or errNoCourt.
func Complete(ctx context.Context, path string, s Signer, limit time.Duration, pace Pace) (done Completed, err error) {
	in, size, file, err := openFile(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	work := pace.begin(ctx)
	o, err := openSealed(&pacedReaderAt{work, in}, size)
	if err != nil {
		return done, err
	}
	keep, more, lacks := o.more(ctx, s, limit)
	if done.State = o.state(); len(more) == 0 {
		return done, lacks
	}
	err = replace(path, file, nil, func(f *os.File) error {
		var err error
		if done.Bytes, err = o.c.Rewrite(ctx, f, keep, more...); err == nil {
			var back content
			back, err = work.readBack(f, done.Bytes)
			done.Report, done.SHA256 = back.report, back.sum
		}
		return err
	})
	if err != nil {
		return Completed{}, err
	}
	done.Changed = true
	return done, lacks
}

// What a sealed file lacks.
var (
	errNoTimestamp = errors.New("archive: sealed, the timestamp is still to come")
	errNoCourt     = errors.New("archive: sealed by the node, the court's seal is still to come")
	errNoLists     = errors.New("archive: sealed, the revocation lists of that time are still to come")
)

// opened is a sealed file whose seals hold.
type opened struct {
	c     *asic.Container
	list  asic.Manifest
	xml   []byte
	seals []*cades.Signature
	about about
	// node and court are the seals, DER, as they are to stand.
	node, court []byte
	xml2        []byte
	stamps      []archiveStamp // archive timestamps, the first first
}

func openSealed(r io.ReaderAt, size int64) (*opened, error) {
	c, err := asic.Open(r, size)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	o := &opened{c: c}
	if o.xml, o.node, err = o.seal(asic.ManifestName, asic.SignatureName); err != nil {
		return nil, err
	}
	if o.list, err = asic.ParseManifest(o.xml); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	last := asic.SignatureName
	if _, ok := c.Entry(asic.Signature2Name); ok {
		if o.xml2, o.court, err = o.seal(asic.Manifest2Name, asic.Signature2Name); err != nil {
			return nil, err
		}
		last = asic.Signature2Name
	}
	if o.stamps, err = archiveStamps(c); err != nil {
		return nil, err
	}
	if n := len(o.stamps); n > 0 {
		_, last = asic.ArchiveNames(n, n)
	}
	if e := c.Entries(); e[len(e)-1].Name != last {
		return nil, errors.New("archive: neither the seal nor an archive timestamp is the last entry")
	}
	about, err := readSession(c)
	o.about.origin, o.about.ended = about.Origin, about.EndedT
	return o, err
}

func (o *opened) seal(manifest, signature string) (xml, der []byte, err error) {
	if xml, err = o.c.ReadFile(manifest, asic.MaxManifest); err != nil {
		return nil, nil, err
	}
	if der, err = o.c.ReadFile(signature, cades.MaxSignature); err != nil {
		return nil, nil, err
	}
	sig, err := cades.Verify(der, sha256.Sum256(xml))
	if err != nil {
		return nil, nil, fmt.Errorf("archive: %s: %w", signature, err)
	}
	o.seals = append(o.seals, sig)
	return xml, der, nil
}

func (o *opened) state() (s State) {
	s.Stamped = o.seals[0].Token != nil
	if len(o.seals) > 1 {
		s.Court, s.CourtStamped = true, o.seals[1].Token != nil
	}
	signatures, at := o.last()
	s.Archived = len(o.stamps)
	if !at.IsZero() {
		s.Made, s.Ends = at, ends(signatures)
		s.LongTerm = len(unlisted(signatures, at)) == 0
	}
	return s
}

// more asks for what lacks: how many entries stay and what stands behind them.
func (o *opened) more(ctx context.Context, s Signer, limit time.Duration) (keep int, out []asic.File, lacks error) {
	if n := len(o.stamps); n > 0 { // only the lists of its last timestamp can lack
		keep = len(o.c.Entries())
		token := o.stamps[n-1]
		der, err := withLists(ctx, s, token.signatures(), token.der, limit)
		if bytes.Equal(der, token.der) {
			return keep, nil, err
		}
		return keep - 1, []asic.File{{Name: token.token, Content: der}}, err
	}
	keep, out, lacks = o.moreSeals(ctx, s, limit)
	if errors.Is(lacks, errNoTimestamp) {
		return keep, out, lacks
	}
	stand := []asic.File{{Name: asic.SignatureName, Content: o.node}, {Name: asic.Manifest2Name, Content: o.xml2}, {Name: asic.Signature2Name, Content: o.court}}
	if len(o.seals) == 1 {
		stand = stand[:1]
	}
	for _, f := range out {
		if i := slices.IndexFunc(stand, func(g asic.File) bool { return g.Name == f.Name }); i >= 0 {
			stand[i] = f
		} else {
			stand = append(stand, f)
		}
	}
	last := stand[len(stand)-1]
	der, err := withLists(ctx, s, standing(o.xml, stand), last.Content, limit)
	switch {
	case bytes.Equal(der, last.Content):
	case len(out) > 0:
		out[len(out)-1].Content = der
	default:
		keep, out = keep-1, []asic.File{{Name: last.Name, Content: der}}
	}
	return keep, out, errors.Join(lacks, err)
}

// moreSeals asks for seals and their timestamps.
func (o *opened) moreSeals(ctx context.Context, s Signer, limit time.Duration) (keep int, out []asic.File, lacks error) {
	n := len(o.c.Entries())
	if len(o.seals) > 1 { // only its last timestamp can lack
		if o.seals[1].Token != nil {
			return n, nil, nil
		}
		der, err := stamp(ctx, s, o.court, sha256.Sum256(o.xml2), o.about.ended, limit)
		if err != nil {
			return n, nil, errors.Join(errNoTimestamp, err)
		}
		return n - 1, []asic.File{{Name: asic.Signature2Name, Content: der}}, nil
	}
	keep, node := n, o.node
	if o.seals[0].Token == nil {
		der, err := stamp(ctx, s, node, sha256.Sum256(o.xml), o.about.ended, limit)
		if err != nil {
			return n, nil, errors.Join(errNoTimestamp, err)
		}
		keep, node = n-1, nodeLists(ctx, s, o.xml, der, limit)
		der = node
		out = []asic.File{{Name: asic.SignatureName, Content: der}}
	}
	court, err := countersign(ctx, s, o.list, o.xml, node, o.about, limit)
	switch {
	case errors.Is(err, errNoTimestamp):
		return keep, append(out, court...), err
	case err != nil:
		return keep, out, errors.Join(errNoCourt, err)
	}
	return keep, append(out, court...), nil
}

// countersign asks for the court's seal over everything that the node has sealed,
// and for its timestamp: manifest and signature to be added. None where the signer
// holds no key of the court. When only the timestamp lacks, they stand beside
// errNoTimestamp.
func countersign(ctx context.Context, s Signer, list asic.Manifest, xml, node []byte, a about, limit time.Duration) ([]asic.File, error) {
	xml2 := list.Second(xml, node).XML()
	sum := sha256.Sum256(xml2)
	der, err := s.Countersign(ctx, a.origin, sum)
	if err != nil {
		return nil, fmt.Errorf("archive: the court's seal: %w", err)
	}
	if der == nil {
		return nil, nil
	}
	if _, err := cades.Verify(der, sum); err != nil {
		return nil, fmt.Errorf("archive: the court's seal: %w", err)
	}
	stamped, err := stamp(ctx, s, der, sum, a.ended, limit)
	if err != nil {
		err = errors.Join(errNoTimestamp, err)
	} else {
		der = stamped
	}
	return []asic.File{{Name: asic.Manifest2Name, Content: xml2}, {Name: asic.Signature2Name, Content: der}}, err
}

// stamp asks for a token over the seal of a log that ended then (UTC unix
// microseconds) and puts it in, checked.
func stamp(ctx context.Context, s Signer, seal []byte, manifest [sha256.Size]byte, ended int64, limit time.Duration) ([]byte, error) {
	sig, err := cades.Verify(seal, manifest)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	imprint := sha256.Sum256(sig.Value)
	token, err := s.Stamp(ctx, imprint)
	var info tsa.Info
	if err == nil {
		info, err = tsa.Verify(token, imprint)
	}
	if err == nil {
		err = notBefore(info.Time, time.UnixMicro(ended)) // one of the clocks is wrong
	}
	if err != nil {
		return nil, fmt.Errorf("archive: timestamp: %w", err)
	}
	return cades.AddToken(seal, token)
}
