package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"phientoa/internal/asic"
)

// SupplementKind says what a supplement adds to sealed parts.
type SupplementKind string

// Kinds of supplements. Of others a verifier judges seals, list and citations alone.
const (
	MinutesSupplement   SupplementKind = "minutes"           // final minutes with their personal signatures
	AmendmentSupplement SupplementKind = "amendment"         // lines appended to final minutes, signed likewise (BLTTHS art. 258.4)
	CourtSealSupplement SupplementKind = "court-seal"        // the court's seal over what a node has sealed
	TimestampSupplement SupplementKind = "archive-timestamp" // of a part whose file must not be written again
)

// Names of the entries of a supplement beside seals and lists.
const (
	supplementName = "supplement.json"
	// DocumentName is the signed PDF of minutes and amendments, LinesName the lines in
	// it: each the JSON that the head of the minutes was made of, ended by a line feed.
	DocumentName = "minutes.pdf"
	LinesName    = "lines.jsonl"
	// PartManifestName and PartSignatureName are copies from the part: what the node
	// has sealed.
	PartManifestName  = "part/ASiCManifest001.xml"
	PartSignatureName = "part/signature001.p7s"
)

// Bounds of a supplement.
const (
	maxAbout      = 1 << 20  // bytes of supplement.json
	maxDocument   = 24 << 20 // bytes of a PDF, as package pades has them
	maxLines      = 64 << 20 // bytes of the lines
	maxNumber     = 9999
	maxCitedParts = 1000
)

// Cited is a sealed part as it was when the supplement was made.
type Cited struct {
	Part     int    `json:"part"` // from 1
	Size     int64  `json:"size"` // bytes of its file
	SHA256   string `json:"sha256"`
	Manifest string `json:"manifest_sha256"` // of the list that the node sealed: what the part is
	Root     string `json:"root"`            // of its log's last checkpoint
	Lines    uint64 `json:"lines"`           // of its log
}

// MinutesInfo describes the signed document of a supplement. Digests are hex.
type MinutesInfo struct {
	Version int    `json:"version"` // of the document, from 1
	From    int    `json:"from"`    // its first line
	Lines   int    `json:"lines"`   // its last line
	Before  string `json:"before"`  // head of the lines before From; zeros where there are none
	Head    string `json:"head"`    // of line Lines: SHA-256(head of the line before || the line)
	SHA256  string `json:"sha256"`  // of minutes.pdf
	// Given is how many bytes of the file were given out to be signed: what stands
	// behind them is signatures.
	Given   int64          `json:"given"`
	Follows string         `json:"follows"` // SHA-256 of the final document before; empty: there was none
	Signers []PersonSigned `json:"signers"`
}

// PersonSigned is a person whose signature stands on a document, as the court's server
// judged it when it took the file.
type PersonSigned struct {
	Capacity string `json:"capacity"`
	Name     string `json:"name"`   // in the certificate
	Issuer   string `json:"issuer"` // of the certificate
	Serial   string `json:"serial"` // hex
	SHA256   string `json:"certificate_sha256"`
	// Bound: the certificate's key was registered for this person's account; otherwise
	// only its name and its issuer were compared.
	Bound bool `json:"bound"`
}

// Supplement is supplement.json of format 1.
type Supplement struct {
	Format  int            `json:"format"`
	Kind    SupplementKind `json:"kind"`
	Subject string         `json:"subject"` // what it is of; one supplement of a hearing for each
	Hearing string         `json:"hearing"`
	Node    string         `json:"node"`
	Number  int            `json:"number"` // of the hearing, from 1, never given twice
	MadeT   int64          `json:"made_t"` // UTC unix microseconds
	Cites   []Cited        `json:"cites"`  // by part
	Minutes *MinutesInfo   `json:"minutes"`
}

// SupplementFile is the name of a hearing's supplement, beside its parts.
func SupplementFile(number int) string { return fmt.Sprintf("supplement-%04d%s", number, Ext) }

// SupplementNumber is N of …/supplement-NNNN.asice; ok is false for other names.
func SupplementNumber(path string) (n int, ok bool) {
	base := filepath.Base(path)
	_, err := fmt.Sscanf(base, "supplement-%d"+Ext, &n)
	return n, err == nil && n >= 1 && n <= maxNumber && base == SupplementFile(n)
}

// origin names a supplement where a log's name stands for a part.
func (s Supplement) origin() string {
	return fmt.Sprintf("phientoa/%s/hearing/%s/supplement/%04d", s.Node, s.Hearing, s.Number)
}

func (s Supplement) json() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, fmt.Errorf("archive: %s: %w", supplementName, err)
	}
	return append(b, '\n'), nil
}

// parseSupplement reads what json rendered and nothing else.
func parseSupplement(b []byte) (s Supplement, err error) {
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("archive: %s: %w", supplementName, err)
	}
	again, err := s.json()
	if err != nil {
		return s, err
	}
	if !bytes.Equal(again, b) {
		return s, fmt.Errorf("archive: %s is not in its one form", supplementName)
	}
	return s, s.check()
}

// check wants what every reader relies on.
func (s Supplement) check() error {
	ok := s.Format == 1 && s.Kind != "" && s.Subject != "" && s.Hearing != "" && s.Node != "" &&
		s.Number >= 1 && s.Number <= maxNumber && len(s.Cites) >= 1 && len(s.Cites) <= maxCitedParts
	for i, c := range s.Cites {
		ok = ok && c.Part >= 1 && c.Size > 0 && isDigest(c.SHA256) && isDigest(c.Manifest) && isDigest(c.Root) && (i == 0 || s.Cites[i-1].Part < c.Part)
	}
	written := s.Kind == MinutesSupplement || s.Kind == AmendmentSupplement
	if m := s.Minutes; m != nil {
		ok = ok && m.From >= 1 && m.Lines >= m.From && m.Given > 0 && isDigest(m.Before) && isDigest(m.Head) && isDigest(m.SHA256) &&
			(s.Kind == AmendmentSupplement) == isDigest(m.Follows) && (m.Follows == "") == (m.From == 1)
	}
	if !ok || written != (s.Minutes != nil) || (s.Kind == CourtSealSupplement && len(s.Cites) != 1) {
		return fmt.Errorf("archive: %s says what no supplement can say", supplementName)
	}
	return nil
}

func isDigest(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == text
}

// SupplementParams makes a supplement.
type SupplementParams struct {
	Out    string // the file, which must not be there yet; afterwards it is there as a whole or not at all
	About  Supplement
	Files  []asic.File // what stands behind supplement.json
	Signer Signer
	// Limit is how long a timestamp authority may take.
	Limit time.Duration
}

// SupplementBuilt is a supplement's file.
type SupplementBuilt struct {
	About    Supplement
	Bytes    int64
	SHA256   [sha256.Size]byte // of the file
	Manifest [sha256.Size]byte // of the list that the node sealed
}

// BuildSupplement writes a supplement aside, with the node's seal, its timestamp and,
// where the signer holds the court's key, the court's seal with its own. It reads it
// back and only then gives it its name: a supplement that lacks one of them is made
// later, as a whole, for it is small.
func BuildSupplement(ctx context.Context, p SupplementParams) (b SupplementBuilt, err error) {
	if err := p.About.check(); err != nil {
		return b, err
	}
	if _, err := os.Lstat(p.Out); err == nil {
		return b, fmt.Errorf("archive: %s stands already", filepath.Base(p.Out))
	}
	court, err := p.Signer.Holds(ctx)
	if err != nil {
		return b, fmt.Errorf("archive: signer: %w", err)
	}
	if p.About.Kind == CourtSealSupplement && !court {
		return b, errNoCourt
	}
	text, err := p.About.json()
	if err != nil {
		return b, err
	}
	b.About = p.About
	err = replace(p.Out, nil, nil, func(f *os.File) error {
		if b.Bytes, b.Manifest, err = p.write(ctx, f, append([]asic.File{{Name: supplementName, Content: text}}, p.Files...)); err != nil {
			return err
		}
		r := VerifySupplement(ctx, f, b.Bytes, SupplementOptions{})
		if len(r.Container.Damages) > 0 || r.Unreadable != "" {
			return fmt.Errorf("archive: read back: %s", r.Text("en"))
		}
		b.SHA256, err = sumOf(f, b.Bytes)
		return err
	})
	return b, err
}

func (p SupplementParams) write(ctx context.Context, f *os.File, files []asic.File) (size int64, manifest [sha256.Size]byte, err error) {
	list := asic.Manifest{Signature: asic.SignatureName}
	for _, x := range files {
		list.Files = append(list.Files, asic.FileDigest{Name: x.Name, SHA256: sha256.Sum256(x.Content)})
	}
	xml := list.XML()
	manifest = sha256.Sum256(xml)
	of := about{p.About.origin(), p.About.MadeT}
	seal, err := p.Signer.Seal(ctx, of.origin, manifest)
	if err != nil {
		return 0, manifest, fmt.Errorf("archive: seal: %w", err)
	}
	if seal, err = stamp(ctx, p.Signer, seal, manifest, of.ended, p.Limit); err != nil {
		return 0, manifest, err
	}
	seal = nodeLists(ctx, p.Signer, xml, seal, p.Limit)
	court, err := countersign(ctx, p.Signer, list, xml, seal, of, p.Limit)
	if err != nil {
		return 0, manifest, err
	}
	if len(court) > 0 { // what can be had at once, as in the node's
		last, all := &court[len(court)-1], append([]asic.File{{Name: asic.SignatureName, Content: seal}}, court...)
		last.Content, _ = withLists(ctx, p.Signer, standing(xml, all), last.Content, p.Limit)
	}
	z, err := asic.NewWriter(f)
	if err != nil {
		return 0, manifest, err
	}
	files = append(files, asic.File{Name: asic.ManifestName, Content: xml}, asic.File{Name: asic.SignatureName, Content: seal})
	for _, x := range append(files, court...) {
		if _, err := z.Add(x.Name, int64(len(x.Content)), bytes.NewReader(x.Content)); err != nil {
			return 0, manifest, err
		}
	}
	size, err = z.Close()
	return size, manifest, err
}

// SealedByNode returns the copies from a part's file that a supplement of the court's
// seal carries.
func SealedByNode(path string) (_ []asic.File, err error) {
	r, size, closer, err := OpenContainer(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	o, err := openSealed(r, size)
	if err != nil {
		return nil, err
	}
	return []asic.File{{Name: PartManifestName, Content: o.xml}, {Name: PartSignatureName, Content: o.node}}, nil
}

// ReadSupplement reads what the file of a supplement says of itself, with its size and
// digests. It judges nothing.
func ReadSupplement(path string) (b SupplementBuilt, err error) {
	r, size, closer, err := OpenContainer(path)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	c, err := asic.Open(r, size)
	if err != nil {
		return b, fmt.Errorf("archive: %w", err)
	}
	text, err := c.ReadFile(supplementName, maxAbout)
	if err != nil {
		return b, fmt.Errorf("archive: %w", err)
	}
	if b.About, err = parseSupplement(text); err != nil {
		return b, err
	}
	list, err := c.ReadFile(asic.ManifestName, asic.MaxManifest)
	if err != nil {
		return b, fmt.Errorf("archive: %w", err)
	}
	b.Bytes, b.Manifest = size, sha256.Sum256(list)
	b.SHA256, err = sumOf(r, size)
	return b, err
}
