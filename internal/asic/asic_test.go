package asic

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var ctx = context.Background()

// memory is a Target.
type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) { return copy(m.b[at:], p), nil }

type file struct {
	name string
	data []byte
}

func pack(t require.TestingT, files ...file) []byte {
	var m memory
	w, err := NewWriter(&m)
	require.NoError(t, err)
	for _, f := range files {
		sum, err := w.Add(f.name, int64(len(f.data)), bytes.NewReader(f.data))
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(f.data), sum)
	}
	size, err := w.Close()
	require.NoError(t, err)
	require.Equal(t, int64(len(m.b)), size)
	return m.b
}

func open(b []byte) (*Container, error) { return Open(bytes.NewReader(b), int64(len(b))) }

func sample() []file {
	return []file{
		{"log.jsonl", []byte("{}\n")},
		{"media/t001-1.webm", bytes.Repeat([]byte("x"), 1000)},
		{"media/t002-1.webm", nil},
		{"META-INF/signature001.p7s", []byte("sig")},
	}
}

func TestWhatIsWrittenIsReadByEveryone(t *testing.T) {
	b := pack(t, sample()...)
	c, err := open(b)
	require.NoError(t, err)
	require.Len(t, c.Entries(), 5)
	path := filepath.Join(t.TempDir(), "c.asice")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	z, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer z.Close()
	for _, f := range sample() {
		e, ok := c.Entry(f.name)
		require.True(t, ok)
		require.True(t, bytes.Equal(f.data, b[e.Offset():e.Offset()+e.Size]), "stored where it is said")
		sum, crcHolds, err := c.Digest(ctx, e)
		require.NoError(t, err)
		require.True(t, crcHolds)
		require.Equal(t, sha256.Sum256(f.data), sum)
		got, err := fs.ReadFile(z, f.name)
		require.NoError(t, err)
		require.True(t, bytes.Equal(f.data, got))
	}
	// EN 319 162-1, 4.3.3: the type stands at a fixed place for file(1).
	require.Equal(t, "mimetype"+Mimetype, string(b[30:30+8+len(Mimetype)]))
	if _, err := exec.LookPath("python3"); err == nil {
		out, err := exec.CommandContext(ctx, "python3", "-c", "import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;print(len(z.namelist()))", path).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Equal(t, "5\n", string(out))
	}
	if _, err := exec.LookPath("unzip"); err == nil {
		out, err := exec.CommandContext(ctx, "unzip", "-tq", path).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// Whatever is packed has one form, which the reader takes, and any other single
// bit outside the contents it does not.
func TestEveryBitOfAHeaderIsChecked(t *testing.T) {
	b := pack(t, sample()...)
	c, err := open(b)
	require.NoError(t, err)
	payload := map[int]bool{}
	for _, e := range c.Entries() {
		for i := e.Offset(); i < e.Offset()+e.Size; i++ {
			payload[int(i)] = true
		}
	}
	flips := 0
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			c, err := open(b)
			switch {
			case !payload[i]:
				require.Error(t, err, "byte %d bit %d", i, bit)
				flips++
			case err == nil:
				broken := false
				for _, e := range c.Entries() {
					_, holds, err := c.Digest(ctx, e)
					require.NoError(t, err)
					broken = broken || !holds
				}
				require.True(t, broken, "a changed byte has another checksum")
			}
			b[i] ^= 1 << bit
		}
	}
	require.Greater(t, flips, 3000)
}

// The place of a fault is named: the entry whose header or record it is in.
func TestAFaultNamesTheEntry(t *testing.T) {
	clean := pack(t, sample()...)
	c, err := open(clean)
	require.NoError(t, err)
	for i, e := range c.Entries() {
		b := bytes.Clone(clean)
		b[e.offset+16] ^= 1 // the checksum of the local header
		_, err := open(b)
		var f *FormatError
		require.ErrorAs(t, err, &f)
		require.Equal(t, e.Name, f.Entry, "local %d", i)
		b = bytes.Clone(clean)
		b[e.offset] ^= 1 // its signature
		if _, err = open(b); i > 0 {
			require.ErrorAs(t, err, &f)
			require.Equal(t, e.Name, f.Entry)
		}
		at := bytes.LastIndex(clean, []byte(e.Name)) - 10
		b = bytes.Clone(clean)
		b[at] ^= 1 // attributes of the central record
		_, err = open(b)
		require.ErrorAs(t, err, &f)
		require.Equal(t, e.Name, f.Entry, "central %d", i)
		require.Equal(t, int64(at), f.Offset)
	}
}

func TestWhatOthersWriteIsRefused(t *testing.T) {
	var std bytes.Buffer
	z := zip.NewWriter(&std)
	for _, f := range append([]file{{MimetypeName, []byte(Mimetype)}}, sample()...) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		require.NoError(t, err)
		_, err = w.Write(f.data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	clean := pack(t, sample()...)
	c, err := open(clean)
	require.NoError(t, err)
	raw := func(entries []Entry, bodies ...string) []byte {
		var b []byte
		for i := range entries {
			e := &entries[i]
			e.offset, e.Size, e.CRC = int64(len(b)), int64(len(bodies[i])), crc32.ChecksumIEEE([]byte(bodies[i]))
			b = append(e.appendLocal(b), bodies[i]...)
		}
		return append(b, tailOf(entries, int64(len(b)))...)
	}
	named := func(names ...string) []byte {
		entries, bodies := []Entry{{Name: MimetypeName}}, []string{Mimetype}
		for _, n := range names {
			entries, bodies = append(entries, Entry{Name: n}), append(bodies, "x")
		}
		return raw(entries, bodies...)
	}
	_, err = open(named("a", "b/c"))
	require.NoError(t, err, "the helper writes what is taken")
	tail := c.entries[len(c.entries)-1]
	end := int(tail.data + tail.Size)
	for what, b := range map[string][]byte{
		"data descriptors":            std.Bytes(),
		"bytes behind the end":        append(bytes.Clone(clean), 0),
		"a comment":                   append(append(bytes.Clone(clean[:len(clean)-2]), 1, 0), 'c'),
		"a gap before the directory":  append(append(bytes.Clone(clean[:end]), 0), clean[end:]...),
		"a cut end":                   clean[:len(clean)-1],
		"a name twice":                named("a", "a"),
		"a name in two cases":         named("a", "A"),
		"a file that is a directory":  named("a", "a/b"),
		"a directory that is a file":  named("a/b", "a"),
		"a parent":                    named("../a"),
		"an absolute name":            named("/a"),
		"a backslash":                 named(`a\b`),
		"an empty part":               named("a//b"),
		"a directory entry":           named("a/"),
		"an option":                   named("-rf"),
		"another first entry":         raw([]Entry{{Name: "a"}, {Name: MimetypeName}}, "x", Mimetype),
		"another type":                raw([]Entry{{Name: MimetypeName}}, "application/vnd.etsi.asic-e+zap"),
		"no entry":                    tailOf(nil, 0),
		"a directory of other length": append(bytes.Clone(clean[:end]), tailOf(c.entries[:4], int64(end))...),
		"nothing":                     nil,
	} {
		_, err := open(b)
		require.Error(t, err, what)
	}
	_, err = open([]byte("%PDF-1.7 and some more bytes that are no container at all"))
	require.ErrorIs(t, err, ErrNotContainer)
	var many []string
	for i := range MaxEntries {
		many = append(many, fmt.Sprintf("f%d", i))
	}
	_, err = open(named(many[:MaxEntries-1]...))
	require.NoError(t, err)
	_, err = open(named(many...))
	require.Error(t, err, "1001 entries")
}

func TestTheWriterRefusesWhatTheReaderWould(t *testing.T) {
	for what, add := range map[string]func(w *Writer) error{
		"a name twice": func(w *Writer) error {
			_, err := w.Add(MimetypeName, 0, strings.NewReader(""))
			return err
		},
		"a short file": func(w *Writer) error {
			_, err := w.Add("a", 2, strings.NewReader("x"))
			require.ErrorIs(t, err, ErrSize)
			return err
		},
		"a file that grew": func(w *Writer) error {
			_, err := w.Add("a", 2, strings.NewReader("xyz"))
			require.ErrorIs(t, err, ErrSize)
			return err
		},
		"a parent": func(w *Writer) error {
			_, err := w.Add("../a", 0, strings.NewReader(""))
			return err
		},
		"a long name": func(w *Writer) error {
			_, err := w.Add(strings.Repeat("a", MaxName+1), 0, strings.NewReader(""))
			return err
		},
	} {
		w, err := NewWriter(&memory{})
		require.NoError(t, err)
		first := add(w)
		require.Error(t, first, what)
		_, err = w.Close()
		require.Equal(t, first, err, "nothing follows a failure")
	}
}

func TestTheLastEntryIsReplaced(t *testing.T) {
	b := pack(t, sample()...)
	c, err := open(b)
	require.NoError(t, err)
	var m memory
	size, err := c.Rewrite(ctx, &m, len(c.Entries())-1, File{c.Entries()[len(c.Entries())-1].Name, []byte("a longer signature")})
	require.NoError(t, err)
	require.Equal(t, int64(len(m.b)), size)
	want := sample()
	want[3].data = []byte("a longer signature")
	require.Equal(t, pack(t, want...), m.b)
}

func TestTheContainerIsADirectory(t *testing.T) {
	c, err := open(pack(t, sample()...))
	require.NoError(t, err)
	keep := func(name string) bool { return !strings.HasPrefix(name, "META-INF/") && name != MimetypeName }
	require.NoError(t, fstest.TestFS(c.FS(keep), "log.jsonl", "media/t001-1.webm", "media/t002-1.webm"))
	_, err = c.FS(keep).Open("META-INF/signature001.p7s")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Entries beyond 4 GiB need ZIP64, which others must read too. The first is a
// hole in the file, so that the disk is not filled; its checksum is not real.
func TestBeyondFourGiB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.asice")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	w, err := NewWriter(f)
	require.NoError(t, err)
	hole := Entry{Name: "media/t001-1.webm", Size: 5 << 30, CRC: 7, offset: w.at}
	head := hole.appendLocal(nil)
	_, err = f.Write(head)
	require.NoError(t, err)
	hole.data = w.at + int64(len(head))
	w.at = hole.data + hole.Size
	require.NoError(t, f.Truncate(w.at))
	_, err = f.Seek(w.at, io.SeekStart)
	require.NoError(t, err)
	w.entries = append(w.entries, hole)
	_, err = w.Add("after", 5, strings.NewReader("after"))
	require.NoError(t, err)
	size, err := w.Close()
	require.NoError(t, err)
	c, err := Open(f, size)
	require.NoError(t, err)
	got, err := c.ReadFile("after", 10)
	require.NoError(t, err)
	require.Equal(t, "after", string(got))
	e, _ := c.Entry(hole.Name)
	require.Equal(t, int64(5<<30), e.Size)

	z, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer z.Close()
	got, err = fs.ReadFile(z, "after")
	require.NoError(t, err)
	require.Equal(t, "after", string(got))
	if _, err := exec.LookPath("python3"); err == nil {
		out, err := exec.CommandContext(ctx, "python3", "-c", "import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);print(z.read('after'),z.getinfo('media/t001-1.webm').file_size)", path).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Equal(t, "b'after' 5368709120\n", string(out))
	}
	for _, at := range []int64{size - endLen - locatorLen - 3, size - endLen - 5, size - endLen - locatorLen - end64Len + 4} {
		b := make([]byte, 1)
		_, err := f.ReadAt(b, at)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte{b[0] ^ 2}, at)
		require.NoError(t, err)
		_, err = Open(f, size)
		require.Error(t, err)
		_, err = f.WriteAt(b, at)
		require.NoError(t, err)
	}
}

// zeros is a file of any size that costs nothing.
type zeros struct{ n int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := int(min(z.n, int64(len(b))))
	clear(b[:n])
	z.n -= int64(n)
	return n, nil
}

// What is written and read is not held: 64 MiB allocate no more than 1 MiB does.
func TestMemoryIsFlat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flat.asice")
	allocated := func(size int64) uint64 {
		f, err := os.Create(path)
		require.NoError(t, err)
		defer f.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w, err := NewWriter(f)
		require.NoError(t, err)
		_, err = w.Add("media/t001-1.webm", size, &zeros{size})
		require.NoError(t, err)
		total, err := w.Close()
		require.NoError(t, err)
		c, err := Open(f, total)
		require.NoError(t, err)
		e, _ := c.Entry("media/t001-1.webm")
		_, _, err = c.Digest(ctx, e)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := allocated(1<<20), allocated(64<<20)
	require.Less(t, large, small+256<<10, "small %d, large %d", small, large)
}

func TestManifestsHaveOneForm(t *testing.T) {
	m := Manifest{Signature: SignatureName}
	for _, f := range sample() {
		m.Files = append(m.Files, FileDigest{f.name, sha256.Sum256(f.data)})
	}
	b := m.XML()
	got, err := ParseManifest(b)
	require.NoError(t, err)
	require.Equal(t, m, got)
	rapid.Check(t, func(t *rapid.T) {
		c := bytes.Clone(b)
		c[rapid.IntRange(0, len(c)-1).Draw(t, "at")] ^= 1 << rapid.UintRange(0, 7).Draw(t, "bit")
		if got, err := ParseManifest(c); err == nil {
			require.NotEqual(t, m, got, "a change is refused or read")
			require.Equal(t, c, got.XML())
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(pack(f, sample()...))
	f.Add(pack(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := open(b)
		if err != nil {
			return
		}
		// What is taken is byte for byte what the writer makes of its contents.
		var files []file
		for _, e := range c.Entries()[1:] {
			data, err := c.ReadFile(e.Name, int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if _, holds, err := c.Digest(ctx, e); err != nil || !holds {
				return // a wrong checksum is Digest's to tell
			}
			files = append(files, file{e.Name, data})
		}
		if !bytes.Equal(pack(t, files...), b) {
			t.Fatal("read, and not what is written")
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(Manifest{Signature: SignatureName, Files: []FileDigest{{Name: "a"}}}.XML())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b)
		if err == nil && !bytes.Equal(m.XML(), b) {
			t.Fatal("two forms")
		}
		if err != nil && !errors.Is(err, ErrManifest) {
			t.Fatal(err)
		}
	})
}

func archiveSample(previous string) ArchiveManifest {
	return ArchiveManifest{
		Token: "META-INF/timestamp001.tst", Previous: previous,
		Files: []FileDigest{{Name: "a"}, {Name: "META-INF/ASiCArchiveManifest001.xml", SHA256: [32]byte{1}}},
	}
}

// The list of an archive timestamp has one form; the one file that goes on to the list
// before is marked.
func TestArchiveManifestHasOneForm(t *testing.T) {
	for _, previous := range []string{"", "META-INF/ASiCArchiveManifest001.xml"} {
		m := archiveSample(previous)
		got, err := ParseArchiveManifest(m.XML())
		require.NoError(t, err)
		require.Equal(t, m, got)
		require.Equal(t, previous != "", strings.Contains(string(m.XML()), `001.xml" Rootfile="true">`))
	}
	xml := string(archiveSample("a").XML())
	for what, b := range map[string]string{
		"two roots": strings.Replace(xml, `001.xml">`, `001.xml" Rootfile="true">`, 1), "a signature's": string(Manifest{Signature: SignatureName}.XML()),
		"space": strings.Replace(xml, "<asic:Data", " <asic:Data", 1), "comment": strings.Replace(xml, "</asic:ASiCManifest>", "<!-- --></asic:ASiCManifest>", 1),
		"name": strings.Replace(xml, `URI="a"`, `URI="../a"`, 1), "cut": xml[:len(xml)-2], "behind": xml + "\n", "false": strings.Replace(xml, "true", "false", 1),
	} {
		_, err := ParseArchiveManifest([]byte(b))
		require.ErrorIs(t, err, ErrManifest, what)
	}
}

func TestNamesOfArchiveTimestamps(t *testing.T) {
	m, token := ArchiveNames(1, 1)
	require.Equal(t, []string{"META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp001.tst"}, []string{m, token})
	m, token = ArchiveNames(1, 2)
	require.Equal(t, []string{"META-INF/ASiCArchiveManifest001.xml", "META-INF/timestamp001.tst"}, []string{m, token})
	m, token = ArchiveNames(2, 2)
	require.Equal(t, []string{"META-INF/ASiCArchiveManifest.xml", "META-INF/timestamp002.tst"}, []string{m, token})
}

func FuzzArchiveManifest(f *testing.F) {
	f.Add(archiveSample("").XML())
	f.Add(archiveSample("a").XML())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseArchiveManifest(b)
		if err == nil && !bytes.Equal(m.XML(), b) {
			t.Fatal("two forms")
		}
		if err != nil && !errors.Is(err, ErrManifest) {
			t.Fatal(err)
		}
	})
}
