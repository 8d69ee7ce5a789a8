// Package backup writes the database and the files of a data directory into one
// archive and brings it back.
//
// The archive is a gzip'ed tar, encrypted with age for the recipients that were
// named. Files come first, then the database, then
// manifest.json, so that an archive whose manifest can be read is complete and
// its database is never older than its evidence: each event in an evidence log
// was in the database before. Within a part of the evidence the log is read
// before the tracks that it names. A hearing in progress is in the archive as a
// kill at that moment would have left it.
package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// ManifestName is the last entry of an archive.
const ManifestName = "manifest.json"

// Names of the database inside an archive.
const (
	sqliteName   = "database.sqlite"
	postgresName = "database.pgdump"
)

// Names in a data directory that this package knows.
const (
	evidenceDir = "evidence"
	pkiDir      = "pki"
	// oldPKIDir takes the certificates of a backup without keys: a new authority
	// is made beside them, and records of before are verified against these.
	oldPKIDir = "pki-of-backup"
	lockName  = "lock"
	// outboxDir holds copies on their way to an object store, which are made again.
	outboxDir = "outbox"
	// rendersDir holds films made of sealed parts, which are made again, and which a
	// disposal takes away here: a backup would bring them back.
	rendersDir = "renders"
	// excerptsDir likewise: files that somebody had made of sealed parts.
	excerptsDir = "excerpts"
	// ReplicaDir holds copies of sealed files that came from elsewhere.
	ReplicaDir = "replica"
	sqliteDB   = "phientoa.db"
	// Marker is the directory in which a restore works. While it is there, the
	// data directory is not whole and no server may use it.
	Marker = ".restore"
)

// Errors of this package.
var (
	// ErrArchive: not an archive of ours, or damaged, or cut short.
	ErrArchive = errors.New("backup: archive is not usable")
	// ErrNotEmpty: the target of a restore holds something already.
	ErrNotEmpty = errors.New("backup: target is not empty")
	// ErrNewer: evidence knows of events that the database of the backup does not.
	ErrNewer = errors.New("backup: the evidence is newer than the database")
)

// Bounds of an archive that is read; beyond them it is ErrArchive.
const (
	maxFiles    = 10_000_000
	maxManifest = 4 << 30 // bytes; a file's entry has about 200
	maxPath     = 4096
)

// Manifest describes an archive.
type Manifest struct {
	Format   int       `json:"format"` // 1
	Created  time.Time `json:"created"`
	Version  string    `json:"version"`  // of the program
	Node     string    `json:"node"`     // whose files these are
	Database string    `json:"database"` // "sqlite" or "postgres"
	Keys     bool      `json:"keys"`     // private keys of the signer are in it
	Heads    []Head    `json:"heads"`    // of every state log, by hearing
	Files    []File    `json:"files"`    // in the order of the archive, without this manifest
}

// Head is the end of one hearing's state log.
type Head struct {
	Hearing string `json:"hearing"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"` // of the chain, 64 hex digits
}

// File is an entry of the archive.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // 64 hex digits
}

// check looks at what a manifest says of itself.
func (m *Manifest) check() error {
	if m.Format != 1 {
		return fmt.Errorf("%w: format %d, this program knows 1", ErrArchive, m.Format)
	}
	want := map[string]string{"sqlite": sqliteName, "postgres": postgresName}[m.Database]
	if want == "" {
		return fmt.Errorf("%w: database %q", ErrArchive, m.Database)
	}
	if n := len(m.Files); n == 0 || m.Files[n-1].Path != want {
		return fmt.Errorf("%w: no database in it", ErrArchive)
	}
	return nil
}

// validPath accepts the names that Write gives, and nothing that leaves the
// target or hits what this package keeps there.
func validPath(p string) bool {
	top, _, _ := strings.Cut(p, "/")
	return fs.ValidPath(p) && len(p) <= maxPath && p != "." && !strings.ContainsAny(p, "\\\x00\n") &&
		!strings.HasPrefix(top, ".") && top != lockName && !strings.HasPrefix(top, sqliteDB)
}

// isKey tells whether a file is a private key of the signer.
func isKey(p string) bool {
	return strings.HasPrefix(p, pkiDir+"/") && !strings.HasSuffix(p, ".pem")
}

// isSealed tells whether a file is the sealed file of a part of the evidence.
func isSealed(p string) bool {
	return strings.HasPrefix(p, evidenceDir+"/") && strings.HasSuffix(p, ".asice")
}

// isHalf tells whether a file is a sealed file that is being written: nothing to
// keep, for it is made of what stands beside it.
func isHalf(p string) bool {
	return strings.HasPrefix(p, evidenceDir+"/") && strings.HasSuffix(p, ".asice.new")
}
