package asic

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Names of the signatures and of the manifests that they sign. The second signs what
// the first does, and the first with its manifest.
const (
	ManifestName   = "META-INF/ASiCManifest001.xml"
	SignatureName  = "META-INF/signature001.p7s"
	Manifest2Name  = "META-INF/ASiCManifest002.xml"
	Signature2Name = "META-INF/signature002.p7s"
	// MaxManifest bounds a manifest in bytes: MaxEntries of the longest names.
	MaxManifest = 512 << 10
)

// Manifest lists files with their digests and names the signature over itself.
type Manifest struct {
	Signature string // name of the signature
	Files     []FileDigest
}

// Second is the manifest of the second signature: all files of this one, it, which
// has these bytes, and its signature.
func (m Manifest) Second(xml, signature []byte) Manifest {
	return Manifest{
		Signature: Signature2Name,
		Files: append(slices.Clone(m.Files),
			FileDigest{ManifestName, sha256.Sum256(xml)}, FileDigest{SignatureName, sha256.Sum256(signature)}),
	}
}

// FileDigest is one file of a manifest.
type FileDigest struct {
	Name   string
	SHA256 [sha256.Size]byte
}

const (
	manifestHead = `<?xml version="1.0" encoding="UTF-8"?>
<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<asic:SigReference URI="`
	manifestSig  = `" MimeType="application/pkcs7-signature"/>` + "\n"
	manifestFile = `<asic:DataObjectReference URI="`
	manifestHash = `"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>`
	manifestEnd  = `</ds:DigestValue></asic:DataObjectReference>` + "\n"
	manifestTail = `</asic:ASiCManifest>` + "\n"
)

// XML renders the manifest (EN 319 162-1, annex A.4) in its one form, a line
// for each file. Names are ValidName, so that nothing needs escaping.
func (m Manifest) XML() []byte {
	var b bytes.Buffer
	b.WriteString(manifestHead + m.Signature + manifestSig)
	for _, f := range m.Files {
		b.WriteString(manifestFile + f.Name + manifestHash + base64.StdEncoding.EncodeToString(f.SHA256[:]) + manifestEnd)
	}
	b.WriteString(manifestTail)
	return b.Bytes()
}

// ErrManifest: a manifest is not in the one form that XML renders.
var ErrManifest = errors.New("asic: manifest outside the profile")

// ParseManifest reads what XML rendered and nothing else: what two XML parsers
// might read differently is refused.
func ParseManifest(b []byte) (m Manifest, err error) {
	if len(b) > MaxManifest {
		return m, fmt.Errorf("%w: %d bytes", ErrManifest, len(b))
	}
	rest, ok := strings.CutPrefix(string(b), manifestHead)
	if ok {
		m.Signature, rest, ok = strings.Cut(rest, manifestSig)
	}
	if !ok || !ValidName(m.Signature) {
		return m, fmt.Errorf("%w: head", ErrManifest)
	}
	for len(m.Files) < MaxEntries && strings.HasPrefix(rest, manifestFile) {
		var f FileDigest
		var digest string
		line, after, ok := strings.Cut(rest[len(manifestFile):], manifestEnd)
		if ok {
			f.Name, digest, ok = strings.Cut(line, manifestHash)
		}
		sum, err := base64.StdEncoding.Strict().DecodeString(digest)
		if !ok || err != nil || len(sum) != sha256.Size || !ValidName(f.Name) {
			return m, fmt.Errorf("%w: file %d", ErrManifest, len(m.Files)+1)
		}
		copy(f.SHA256[:], sum)
		m.Files = append(m.Files, f)
		rest = after
	}
	if rest != manifestTail || !bytes.Equal(m.XML(), b) {
		return m, fmt.Errorf("%w: end", ErrManifest)
	}
	return m, nil
}
