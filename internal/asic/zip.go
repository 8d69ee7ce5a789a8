// Package asic writes and reads one canonical profile of the ASiC-E container
// (ETSI EN 319 162-1): a ZIP whose entries are stored, in order, without gaps,
// whose metadata follows from names, sizes and checksums alone. What stands
// outside every signature, the headers of the ZIP, therefore has one form only,
// and a reader can compare it byte by byte. The package knows no signatures.
package asic

import (
	"encoding/binary"
	"math"
	"strings"
)

// Names and limits of the profile.
const (
	// MimetypeName is the first entry; its content is Mimetype.
	MimetypeName = "mimetype"
	Mimetype     = "application/vnd.etsi.asic-e+zip"
	// MaxEntries is what independent validators open by default.
	MaxEntries = 1000
	// MaxName is the length of a name in bytes.
	MaxName = 200
)

// Signatures and sizes of APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.
const (
	localSig     = 0x04034b50
	centralSig   = 0x02014b50
	end64Sig     = 0x06064b50
	locatorSig   = 0x07064b50
	endSig       = 0x06054b50
	localLen     = 30
	centralLen   = 46
	end64Len     = 56
	locatorLen   = 20
	endLen       = 22
	extra64      = 0x0001
	localExtra   = 20 // header id, length, two sizes
	versionPlain = 10
	version64    = 45
	dosDate      = 0x21 // 1 January 1980; the time is 0
	far          = math.MaxUint32
)

// Entry is one file of a container.
type Entry struct {
	Name string
	Size int64 // bytes
	CRC  uint32

	offset int64 // of the local header
	data   int64 // of the first byte
}

// Offset is where the bytes of the entry begin in the container.
func (e Entry) Offset() int64 { return e.data }

func (e Entry) big() bool { return e.Size >= far }

// appendLocal renders the local header.
func (e Entry) appendLocal(b []byte) []byte {
	le := binary.LittleEndian
	version, size, extra := uint16(versionPlain), uint32(e.Size), uint16(0)
	if e.big() {
		version, size, extra = version64, far, localExtra
	}
	b = le.AppendUint32(b, localSig)
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, 0) // flags
	b = le.AppendUint16(b, 0) // stored
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, dosDate)
	b = le.AppendUint32(b, e.CRC)
	b = le.AppendUint32(b, size)
	b = le.AppendUint32(b, size)
	b = le.AppendUint16(b, uint16(len(e.Name)))
	b = le.AppendUint16(b, extra)
	b = append(b, e.Name...)
	if e.big() {
		b = le.AppendUint16(b, extra64)
		b = le.AppendUint16(b, 16)
		b = le.AppendUint64(b, uint64(e.Size))
		b = le.AppendUint64(b, uint64(e.Size))
	}
	return b
}

// appendCentral renders the entry's record of the central directory.
func (e Entry) appendCentral(b []byte) []byte {
	le := binary.LittleEndian
	var extra []byte
	size, offset := uint32(e.Size), uint32(e.offset)
	if e.big() {
		size = far
		extra = le.AppendUint64(extra, uint64(e.Size))
		extra = le.AppendUint64(extra, uint64(e.Size))
	}
	if e.offset >= far {
		offset = far
		extra = le.AppendUint64(extra, uint64(e.offset))
	}
	version, extraLen := uint16(versionPlain), uint16(0)
	if len(extra) > 0 {
		version, extraLen = version64, uint16(4+len(extra))
	}
	b = le.AppendUint32(b, centralSig)
	b = le.AppendUint16(b, version) // made by, on the system with number 0
	b = le.AppendUint16(b, version) // needed
	b = le.AppendUint16(b, 0)       // flags
	b = le.AppendUint16(b, 0)       // stored
	b = le.AppendUint16(b, 0)       // time
	b = le.AppendUint16(b, dosDate)
	b = le.AppendUint32(b, e.CRC)
	b = le.AppendUint32(b, size)
	b = le.AppendUint32(b, size)
	b = le.AppendUint16(b, uint16(len(e.Name)))
	b = le.AppendUint16(b, extraLen)
	b = le.AppendUint16(b, 0) // comment
	b = le.AppendUint16(b, 0) // disk
	b = le.AppendUint16(b, 0) // internal attributes
	b = le.AppendUint32(b, 0) // external attributes
	b = le.AppendUint32(b, offset)
	b = append(b, e.Name...)
	if len(extra) > 0 {
		b = le.AppendUint16(b, extra64)
		b = le.AppendUint16(b, uint16(len(extra)))
		b = append(b, extra...)
	}
	return b
}

// appendEnd renders what follows the central directory of size bytes at offset.
func appendEnd(b []byte, entries int, size, offset int64) []byte {
	le := binary.LittleEndian
	short := uint32(offset)
	if offset >= far {
		short = far
		b = le.AppendUint32(b, end64Sig)
		b = le.AppendUint64(b, end64Len-12)
		b = le.AppendUint16(b, version64)
		b = le.AppendUint16(b, version64)
		b = le.AppendUint32(b, 0) // this disk
		b = le.AppendUint32(b, 0) // disk of the directory
		b = le.AppendUint64(b, uint64(entries))
		b = le.AppendUint64(b, uint64(entries))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(offset))
		b = le.AppendUint32(b, locatorSig)
		b = le.AppendUint32(b, 0) // disk
		b = le.AppendUint64(b, uint64(offset+size))
		b = le.AppendUint32(b, 1) // disks
	}
	b = le.AppendUint32(b, endSig)
	b = le.AppendUint16(b, 0) // this disk
	b = le.AppendUint16(b, 0) // disk of the directory
	b = le.AppendUint16(b, uint16(entries))
	b = le.AppendUint16(b, uint16(entries))
	b = le.AppendUint32(b, uint32(size)) // at most MaxEntries records
	b = le.AppendUint32(b, short)
	return le.AppendUint16(b, 0) // comment
}

// ValidName tells whether the profile takes a name: 1 to MaxName bytes of
// a-z, A-Z, 0-9, '.', '_' and '-' in parts separated by '/', no part empty,
// "." or "..". So no name escapes a directory, needs escaping in XML or in a
// shell, or has two spellings.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxName {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || part[0] == '-' {
			return false
		}
		for _, c := range []byte(part) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
				return false
			}
		}
	}
	return true
}

// nameSet refuses names that repeat, that differ in case alone (some file
// systems hold them for one), and files that stand where a directory does.
type nameSet map[string]bool

func (s nameSet) add(name string) bool {
	key := strings.ToLower(name)
	if _, taken := s[key]; taken {
		return false
	}
	for i := range len(key) {
		if key[i] != '/' {
			continue
		}
		if file := s[key[:i]]; file {
			return false
		}
		s[key[:i]] = false // a directory
	}
	s[key] = true
	return true
}
