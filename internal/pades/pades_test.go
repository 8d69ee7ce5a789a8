package pades_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"

	"phientoa/internal/cades"
	"phientoa/internal/pades"
	"phientoa/internal/pades/padestest"
	"phientoa/internal/pdf"
)

func document(t require.TestingT) []byte {
	d := pdf.New(pdf.Info{Title: "Biên bản", Created: time.Unix(0, 0)})
	d.Paragraph("Dòng 1.")
	d.SignaturePage("Biên bản gồm các dòng từ 1 đến 1.", [][2]string{{"THƯ KÝ", "Trần Thị Bưởi"}, {"CHỦ TỌA", "Nguyễn Văn Ước"}})
	b, err := d.Bytes()
	require.NoError(t, err)
	return b
}

type people struct {
	root         *padestest.Root
	judge, clerk *padestest.Person
}

func newPeople(t *testing.T) people {
	r := padestest.NewRoot(t)
	return people{root: r, judge: r.Person(t, "judge", "Nguyễn Văn Ước", "ec"), clerk: r.Person(t, "clerk", "Trần Thị Bưởi", "rsa")}
}

func (p people) sign(t *testing.T, doc []byte, by *padestest.Person, r padestest.Revision) []byte {
	r.Mine = func(b []byte) []byte { return by.CMS(t, b, true) }
	return padestest.Append(t, doc, r)
}

// Two people sign one after the other with openssl, one with ECDSA and one with RSA
// PKCS #1: both are found, in order, by name, and chain to the authority. Another
// reader still takes the file.
func TestTwoPeopleSign(t *testing.T) {
	p, doc := newPeople(t), document(t)
	one := p.sign(t, doc, p.judge, padestest.Revision{})
	two := padestest.Append(t, one, padestest.Revision{Mine: func(b []byte) []byte { return p.clerk.CMS(t, b, false) }})
	for _, given := range [][]byte{doc, one} {
		got, err := pades.Check(two, given)
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.Equal(t, "Nguyễn Văn Ước", got[0].Certificate.Subject.CommonName)
		require.Equal(t, "Trần Thị Bưởi", got[1].Certificate.Subject.CommonName)
		require.Equal(t, []int{len(one), len(two)}, []int{got[0].Covers, got[1].Covers})
		pem, err := os.ReadFile(filepath.Join(p.root.Dir, "ca.pem"))
		require.NoError(t, err)
		roots := x509.NewCertPool()
		require.True(t, roots.AppendCertsFromPEM(pem))
		for _, s := range got {
			require.NoError(t, s.Trusted(roots, time.Now(), x509.ExtKeyUsageAny))
			require.WithinDuration(t, time.Now(), s.SigningTime, time.Hour)
		}
	}
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationRelaxed
	require.NoError(t, api.Validate(bytes.NewReader(two), conf))
}

// Every bit of a signed file counts: none can be changed without being found, but in
// the room behind the signature's value, where only zeros are taken.
func TestNoBitCanBeChanged(t *testing.T) {
	p, doc := newPeople(t), document(t)
	signed := p.sign(t, doc, p.judge, padestest.Revision{})
	step := 97
	for bit := 0; bit < len(signed)*8; bit += step {
		if bit/8 >= len(doc) {
			step = 7 // the appended bytes more closely
		}
		bad := bytes.Clone(signed)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := pades.Check(bad, doc); err == nil {
			// A digit of the value in the other case is the same value.
			require.True(t, bytes.EqualFold(signed, bad), "bit %d of byte %d: %q", bit%8, bit/8, signed[bit/8-20:bit/8+20])
		}
	}
}

// What is appended besides a signature is refused, although it is signed: the person
// signed something else than what was given out.
func TestOnlySignaturesMayBeAppended(t *testing.T) {
	p, doc := newPeople(t), document(t)
	page, content, font := 3, 4, 1
	for i := range 40 { // find objects of ours by what they are
		text := bytes.Index(doc, fmt.Appendf(nil, "\n%d 0 obj", i))
		if text < 0 {
			continue
		}
		switch body := doc[text:min(text+60, len(doc))]; {
		case bytes.Contains(body, []byte("/Type /Page\n")) && page == 3:
			page = i
		case bytes.Contains(body, []byte("/Type /Font")):
			font = i
		}
	}
	for name, r := range map[string]padestest.Revision{
		"the first page":      {Objects: map[int]string{page: "<< /Type /Page >>"}},
		"a page's content":    {Objects: map[int]string{content: "<< /Length 0 >>\nstream\nendstream"}},
		"letters":             {Objects: map[int]string{font: "<< /Type /Font >>"}},
		"an action":           {Catalog: "/OpenAction << /S /JavaScript /JS (x) >>"},
		"more pages' content": {Page: "/Contents [4 0 R]"},
		"a button":            {Widget: "/AA << /E << /S /URI >> >>"},
		"an action of touch":  {Widget: "/A << /S /URI >>"},
	} {
		_, err := pades.Check(p.sign(t, doc, p.judge, r), doc)
		require.Error(t, err, name)
		require.False(t, errors.Is(err, pades.ErrUnsigned), "%s: %v", name, err)
	}
	_, err := pades.Check(p.sign(t, doc, p.judge, padestest.Revision{Objects: map[int]string{0: "<< /Type /XObject /Subtype /Form >>"}}), doc)
	require.NoError(t, err, "a stamp of the signature's own")
}

func TestWhatIsNotASignedCopyIsRefused(t *testing.T) {
	p, doc := newPeople(t), document(t)
	signed := p.sign(t, doc, p.judge, padestest.Revision{})
	other := bytes.Replace(doc, []byte("D:1970"), []byte("D:1971"), 1)
	require.False(t, bytes.Equal(doc, other))
	for name, c := range map[string]struct {
		file, given []byte
		err         error
	}{
		"unsigned":                    {doc, doc, pades.ErrOther},
		"of another document":         {p.sign(t, other, p.judge, padestest.Revision{}), doc, pades.ErrOther},
		"empty signature":             {padestest.Append(t, doc, padestest.Revision{}), doc, pades.ErrSyntax},
		"bytes behind":                {append(bytes.Clone(signed), "%%EOF\n"...), doc, pades.ErrSyntax},
		"an unsigned revision behind": {padestest.Append(t, signed, padestest.Revision{Mine: func([]byte) []byte { return p.judge.CMS(t, doc, true) }}), doc, cades.ErrDigest},
		"not a PDF":                   {[]byte("hello"), []byte("h"), pades.ErrSyntax},
	} {
		_, err := pades.Check(c.file, c.given)
		require.ErrorIs(t, err, c.err, name)
	}
}

// The reader takes any bytes without panic and without taking much.
func FuzzCheck(f *testing.F) {
	doc := document(f)
	f.Add([]byte("\n5 0 obj\n<< /A [1 0 R (x) <41>] >>\nendobj\nxref\n5 1\n0000000001 00000 n \ntrailer\n<< /Prev 9 >>\nstartxref\n9\n%%EOF\n"))
	f.Fuzz(func(t *testing.T, more []byte) {
		if s, err := pades.Check(append(bytes.Clone(doc), more...), doc); err == nil {
			t.Fatalf("taken as signed: %v", s)
		}
	})
}
