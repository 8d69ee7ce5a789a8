package asic

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// ArchiveManifestName is the list that the newest archive timestamp covers
// (EN 319 162-1, annex A.7). One that a newer list names is renamed by its number; its
// bytes stay.
const ArchiveManifestName = "META-INF/ASiCArchiveManifest.xml"

// ArchiveNames are the names of the n-th archive timestamp's list and token, from 1,
// of so many.
func ArchiveNames(n, of int) (manifest, token string) {
	manifest = ArchiveManifestName
	if n < of {
		manifest = fmt.Sprintf("META-INF/ASiCArchiveManifest%03d.xml", n)
	}
	return manifest, fmt.Sprintf("META-INF/timestamp%03d.tst", n)
}

// ArchiveManifest lists what an archive timestamp covers: everything that stands in
// the container, former archive timestamps and their lists too.
type ArchiveManifest struct {
	Token    string // name of the token over the list
	Previous string // of Files, the list before, which the chain goes on to; empty: none
	Files    []FileDigest
}

const (
	archiveSig  = `" MimeType="application/vnd.etsi.timestamp-token"/>` + "\n"
	archiveRoot = `" Rootfile="true`
)

// XML renders the list in its one form (EN 319 162-1, annex A.4 and A.7).
func (m ArchiveManifest) XML() []byte {
	var b bytes.Buffer
	b.WriteString(manifestHead + m.Token + archiveSig)
	for _, f := range m.Files {
		b.WriteString(manifestFile + f.Name)
		if f.Name == m.Previous {
			b.WriteString(archiveRoot)
		}
		b.WriteString(manifestHash + base64.StdEncoding.EncodeToString(f.SHA256[:]) + manifestEnd)
	}
	b.WriteString(manifestTail)
	return b.Bytes()
}

// ParseArchiveManifest reads what XML rendered and nothing else.
func ParseArchiveManifest(b []byte) (m ArchiveManifest, err error) {
	if len(b) > MaxManifest {
		return m, fmt.Errorf("%w: %d bytes", ErrManifest, len(b))
	}
	rest, ok := strings.CutPrefix(string(b), manifestHead)
	if ok {
		m.Token, rest, ok = strings.Cut(rest, archiveSig)
	}
	if !ok || !ValidName(m.Token) {
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
		name, root := strings.CutSuffix(f.Name, archiveRoot)
		if !ok || err != nil || len(sum) != sha256.Size || !ValidName(name) || (root && m.Previous != "") {
			return m, fmt.Errorf("%w: file %d", ErrManifest, len(m.Files)+1)
		}
		if root {
			m.Previous = name
		}
		f.Name = name
		copy(f.SHA256[:], sum)
		m.Files = append(m.Files, f)
		rest = after
	}
	if rest != manifestTail || !bytes.Equal(m.XML(), b) {
		return m, fmt.Errorf("%w: end", ErrManifest)
	}
	return m, nil
}
