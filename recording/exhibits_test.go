package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/ledger"
)

func bodyOf(text string) (body []byte, digest string) {
	sum := sha256.Sum256([]byte(text))
	return []byte(text), hex.EncodeToString(sum[:])
}

func admitted(t testing.TB, p *Part, seq uint64, no int, digest string) {
	line := fmt.Sprintf(`{"seq":%d,"kind":"exhibit.admitted","body":{"exhibit":%d,"sha256":%q}}`, seq, no, digest)
	require.NoError(t, p.Event(context.Background(), seq, []byte(line), true, true))
}

func give(p *Part, no int, mediaType, text string) error {
	body, digest := bodyOf(text)
	return p.Exhibit(context.Background(), Exhibited{No: no, Type: mediaType, SHA256: digest, Body: func(context.Context) ([]byte, error) { return body, nil }})
}

// withExhibits is a closed part with two documents, one handed over again after a restart.
func withExhibits(t *testing.T) (o opener, digest string) {
	o = newOpener(t, bubble)
	_, digest = bodyOf("%PDF-hợp đồng")
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		admitted(t, part, 1, 3, digest)
		require.NoError(t, give(part, 3, "application/pdf", "%PDF-hợp đồng"))
		require.NoError(t, part.Suspend(context.Background()))
		part, _ = o.open(nil)
		require.NoError(t, give(part, 3, "application/pdf", "%PDF-hợp đồng")) // stands there
		require.NoError(t, give(part, 4, "image/png", "ảnh"))
		require.NoError(t, part.Close(context.Background()))
		require.Error(t, give(part, 5, "image/png", "muộn"))
	})
	return o, digest
}

// J2.6: what was admitted stands in the part with the digest that the log names, once.
func TestDocumentsStandInThePart(t *testing.T) {
	o, digest := withExhibits(t)
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Exhibits, 2)
	require.Equal(t, Exhibit{Part: 1, No: 3, SHA256: digest, File: "exhibits/003-" + digest[:8] + ".pdf", Bytes: 18}, r.Exhibits[0])
	require.Contains(t, r.Text("vi"), digest)
	b, err := os.ReadFile(filepath.Join(o.dir, "h-1", "part-0001", r.Exhibits[0].File))
	require.NoError(t, err)
	require.Equal(t, "%PDF-hợp đồng", string(b))
}

// Any changed byte of a document, a file more or less, is found and named.
func TestAChangedDocumentIsFound(t *testing.T) {
	o, digest := withExhibits(t)
	clean := load(t, filepath.Join(o.dir, "h-1", "part-0001"))
	name := "exhibits/003-" + digest[:8] + ".pdf"
	codes := func(m fstest.MapFS) (out []string) {
		r, err := VerifyDir(context.Background(), m, Options{Roots: o.id.Roots()})
		require.NoError(t, err)
		for _, d := range r.Damages {
			out = append(out, d.Code+" "+d.File)
		}
		return out
	}
	require.Empty(t, codes(clean))
	rapid.Check(t, func(t *rapid.T) {
		m := copyOf(clean)
		at := rapid.IntRange(0, len(m[name].Data)-1).Draw(t, "at")
		m[name].Data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		require.Equal(t, []string{"exhibit " + name}, codes(m))
	})
	m := copyOf(clean)
	m[name].Data = append(m[name].Data, 'x')
	require.Equal(t, []string{"uncovered " + name}, codes(m))
	m = copyOf(clean)
	delete(m, name)
	require.Equal(t, []string{"missing " + name}, codes(m))
	m = copyOf(clean)
	m["exhibits/009-00000000.pdf"] = &fstest.MapFile{Data: []byte("lạ")}
	require.Equal(t, []string{"foreign exhibits/009-00000000.pdf"}, codes(m))
}

// A document other than the one of the court's event is damage, and one that is not
// there is told.
func TestTheDocumentIsTheOneThatWasAdmitted(t *testing.T) {
	o := newOpener(t, bubble)
	_, other := bodyOf("bản gốc")
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		admitted(t, part, 1, 1, other)
		admitted(t, part, 2, 2, other)
		require.NoError(t, give(part, 1, "image/jpeg", "bản khác"))
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 1, r.ExitCode())
	require.Len(t, r.Damages, 1)
	require.Equal(t, DamageExhibit, r.Damages[0].Code)
	require.Equal(t, Exhibit{Part: 1, No: 2, SHA256: other}, r.Exhibits[1])
	require.Contains(t, r.Text("en"), "not in this part")
}

// What a process had written of a document when it died is named as what it is, and the
// document is written anew.
func TestATornDocumentIsWrittenAnew(t *testing.T) {
	o := newOpener(t, bubble)
	body, digest := bodyOf("%PDF-hợp đồng")
	name := "exhibits/003-" + digest[:8]
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		require.NoError(t, part.Suspend(context.Background()))
		dir := filepath.Join(o.dir, "h-1", "part-0001")
		require.NoError(t, os.Mkdir(filepath.Join(dir, "exhibits"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".pdf"), body[:7], 0o600))
		part, _ = o.open(nil)
		require.NoError(t, give(part, 3, "application/pdf", string(body)))
		time.Sleep(time.Second) //nolint:forbidigo // the clock of the bubble
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, []Exhibit{{Part: 1, No: 3, SHA256: digest, File: name + "-2.pdf", Bytes: int64(len(body))}}, r.Exhibits)
}

// A disk that fails leaves no document half named, and the next attempt brings it.
func TestADocumentSurvivesAFailingDisk(t *testing.T) {
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		var disk *failingDocuments
		part, _ := o.open(func(p *Params) {
			p.FS = func(dir string) (PartFS, error) {
				fsys, err := ledger.DirFS(dir)
				disk = &failingDocuments{PartFS: fsys, left: 1}
				return disk, err
			}
		})
		require.Error(t, give(part, 1, "image/png", "ảnh"))
		require.NoError(t, give(part, 1, "image/png", "ảnh"))
		require.ErrorIs(t, give(part, 0, "image/png", "ảnh"), ErrExhibit)
		require.ErrorIs(t, give(part, 1, "text/html", "trang"), ErrExhibit)
		require.ErrorIs(t, part.Exhibit(context.Background(), Exhibited{
			No: 2, Type: "image/png", SHA256: strings.Repeat("0", 64),
			Body: func(context.Context) ([]byte, error) { return []byte("khác"), nil },
		}), ErrExhibit)
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Exhibits, 1)
}

// failingDocuments loses the first writes to documents.
type failingDocuments struct {
	PartFS
	left int
}

func (f *failingDocuments) Create(name string) (ledger.File, error) {
	file, err := f.PartFS.Create(name)
	if err == nil && f.left > 0 && strings.HasPrefix(name, exhibitDir+"/") {
		f.left--
		return halfWritten{file}, nil
	}
	return file, err
}

type halfWritten struct{ ledger.File }

func (h halfWritten) Write(b []byte) (int, error) {
	n, err := h.File.Write(b[:len(b)/2])
	if err == nil {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

func TestNamesOfDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		no := rapid.IntRange(1, maxExhibit).Draw(t, "no")
		ext := rapid.SampledFrom([]string{"pdf", "png", "jpg"}).Draw(t, "ext")
		_, digest := bodyOf(rapid.String().Draw(t, "text"))
		got, ok := parseExhibitName(exhibitName(no, digest, rapid.IntRange(1, 50).Draw(t, "attempt"), ext))
		require.True(t, ok)
		require.Equal(t, no, got)
	})
	for _, bad := range []string{"", "exhibits/", "exhibits/1-ab12cd34.pdf", "exhibits/001-ab12cd34.svg", "exhibits/001-ab12cd34-1.pdf", "media/001-ab12cd34.pdf", "exhibits/000-ab12cd34.pdf", "exhibits/../x.pdf"} {
		_, ok := parseExhibitName(bad)
		require.False(t, ok, bad)
	}
}

// What a failed write left is named before the part ends, though no attempt follows.
func TestHalfADocumentIsNamedAtTheEnd(t *testing.T) {
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(func(p *Params) {
			p.FS = func(dir string) (PartFS, error) {
				fsys, err := ledger.DirFS(dir)
				return &failingDocuments{PartFS: fsys, left: 1}, err
			}
		})
		require.Error(t, give(part, 3, "application/pdf", "%PDF-x"))
		require.NoError(t, part.Close(context.Background()))
		require.ErrorIs(t, give(part, 3, "application/pdf", "%PDF-x"), ledger.ErrClosed)
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
}

// Who gives up while the line is written names no file twice and cuts none.
func TestAGivenUpDocumentIsNamedOnce(t *testing.T) {
	o := newOpener(t, bubble)
	body, digest := bodyOf("%PDF-x")
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		admitted(t, part, 1, 3, digest)
		for range 3 {
			ctx, cancel := context.WithCancel(context.Background())
			_ = part.Exhibit(ctx, Exhibited{No: 3, Type: "application/pdf", SHA256: digest, Body: func(context.Context) ([]byte, error) {
				cancel()
				return body, nil
			}})
			synctest.Wait()
		}
		require.NoError(t, give(part, 3, "application/pdf", "%PDF-x"))
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Exhibits, 1)
}
