// Package padestest signs documents of package pdf as programs of others do, for tests:
// an appended revision with a field, a signature over everything but itself, and the
// form that names it. It knows nothing of the reader under test.
package padestest

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"
)

// T is what of testing.T is needed.
type T interface {
	require.TestingT
	TempDir() string
	Context() context.Context
	Helper()
}

// Person has a certificate of a Root made by openssl.
type Person struct {
	dir, name string
}

// Root is an authority in a directory of its own.
type Root struct{ Dir string }

// NewRoot makes an authority; Dir/ca.pem is its certificate.
func NewRoot(t T) *Root {
	r := &Root{Dir: t.TempDir()}
	run(t, r.Dir, nil, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
		"-out", "ca.pem", "-days", "30", "-utf8", "-subj", "/CN=Cơ quan chứng thực thử", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
	return r
}

// Person issues a certificate; kind is "ec" or "rsa".
func (r *Root) Person(t T, file, commonName, kind string) *Person {
	key := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}
	if kind == "rsa" {
		key = []string{"-newkey", "rsa:2048"}
	}
	run(t, r.Dir, nil, "openssl", append(append([]string{"req"}, key...), "-nodes", "-keyout", file+".key", "-out", file+".csr", "-utf8", "-subj", "/CN="+commonName)...)
	run(t, r.Dir, nil, "openssl", "x509", "-req", "-in", file+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "20", "-out", file+".pem")
	return &Person{dir: r.Dir, name: file}
}

// List is the authority's list of revoked certificates as of now (PEM in Dir/crl.pem, whose
// path it gives): those of the named people, since a time.
func (r *Root) List(t T, since time.Time, revoked ...string) (string, *x509.RevocationList) {
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(r.Dir, name))
		require.NoError(t, err)
		block, _ := pem.Decode(text)
		require.NotNil(t, block, name)
		return block.Bytes
	}
	ca, err := x509.ParseCertificate(read("ca.pem"))
	require.NoError(t, err)
	key, err := x509.ParsePKCS8PrivateKey(read("ca.key"))
	require.NoError(t, err)
	now := time.Now()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(24 * time.Hour)}
	for _, name := range revoked {
		c, err := x509.ParseCertificate(read(name + ".pem"))
		require.NoError(t, err)
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: since})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca, key.(crypto.Signer))
	require.NoError(t, err)
	path := filepath.Join(r.Dir, "crl.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), 0o600))
	list, err = x509.ParseRevocationList(der)
	require.NoError(t, err)
	return path, list
}

// CMS signs bytes detached; cades binds the certificate by digest.
func (p *Person) CMS(t T, content []byte, cades bool) []byte {
	in := filepath.Join(t.TempDir(), "content")
	require.NoError(t, os.WriteFile(in, content, 0o600))
	args := []string{"cms", "-sign", "-binary", "-in", in, "-signer", p.name + ".pem", "-inkey", p.name + ".key", "-outform", "DER", "-md", "sha256"}
	if cades {
		args = append(args, "-cades")
	}
	return run(t, p.dir, nil, "openssl", args...)
}

func run(t T, dir string, in []byte, name string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Stdin = dir, bytes.NewReader(in)
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	require.NoError(t, c.Run(), complaint.String())
	return out.Bytes()
}

// Revision is what is appended beside the signature, to see that it is found.
type Revision struct {
	// Objects are more objects, by number; 0 takes a new number.
	Objects map[int]string
	// Catalog and Page are more entries of these dictionaries.
	Catalog, Page string
	// Widget are more entries of the field.
	Widget string
	// Rect is where the field stands; empty is nowhere, "[0 0 0 0]".
	Rect string
	// Annots and Fields are more references of the page and of the form.
	Annots, Fields string
	// Size is the number behind the last object, for more Objects than one new one.
	Size int
	// Mine makes the signature of the bytes that it covers; nil leaves zeros.
	Mine func(covered []byte) []byte
}

// room of a signature in bytes.
const room = 8192

// Append appends a revision with one more signature field to a document of package pdf.
func Append(t T, doc []byte, r Revision) []byte {
	t.Helper()
	trailer := string(doc[bytes.LastIndex(doc, []byte("trailer")):])
	size := number(t, trailer, `/Size ([0-9]+)`)
	root := number(t, trailer, `/Root ([0-9]+) 0 R`)
	prev := number(t, trailer, `startxref\s+([0-9]+)`)
	info := regexp.MustCompile(`/Info [0-9]+ 0 R`).FindString(trailer)
	page := lastPage(t, doc, root)

	sig, field := size, size+1
	next := size + 2
	fields, annots := fmt.Sprintf("%d 0 R", field), fmt.Sprintf("%d 0 R", field)
	catalog, pageText := object(t, doc, root), object(t, doc, page)
	if m := regexp.MustCompile(`/Fields \[([^\]]*)\]`).FindStringSubmatch(catalog); m != nil {
		fields = m[1] + " " + fields
		catalog = regexp.MustCompile(`/AcroForm <<.*?>>`).ReplaceAllString(catalog, "")
	}
	if m := regexp.MustCompile(`/Annots \[([^\]]*)\]`).FindStringSubmatch(pageText); m != nil {
		annots = m[1] + " " + annots
		pageText = regexp.MustCompile(`/Annots \[[^\]]*\]`).ReplaceAllString(pageText, "")
	}
	rect := cmp.Or(r.Rect, "[0 0 0 0]")
	objects := map[int]string{
		sig: "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 0000000001 0000000002 0000000003] /Contents <" +
			hex.EncodeToString(make([]byte, room)) + "> >>",
		field: fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (S%d) /F 132 /Rect %s /P %d 0 R /V %d 0 R %s >>", sig, rect, page, sig, r.Widget),
		root:  within(catalog, fmt.Sprintf("/AcroForm << /SigFlags 3 /Fields [%s %s] >> %s", fields, r.Fields, r.Catalog)),
		page:  within(pageText, fmt.Sprintf("/Annots [%s %s] %s", annots, r.Annots, r.Page)),
	}
	for n, text := range r.Objects {
		if n == 0 {
			n, next = next, next+1
		}
		objects[n] = text
	}
	next = max(next, r.Size)
	out := appendObjects(doc, objects, next, fmt.Sprintf("<< /Size %d /Root %d 0 R %s /Prev %d >>", next, root, info, prev))
	return fill(out, len(doc), r.Mine)
}

func number(t T, text, pattern string) int {
	m := regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, m, pattern)
	n, err := strconv.Atoi(m[len(m)-1][1])
	require.NoError(t, err)
	return n
}

// object is the latest text of an object between "obj" and "endobj".
func object(t T, doc []byte, n int) string {
	head := fmt.Appendf(nil, "\n%d 0 obj", n)
	i := bytes.LastIndex(doc, head)
	require.GreaterOrEqual(t, i, 0, "object %d", n)
	text, _, found := bytes.Cut(doc[i+len(head):], []byte("endobj"))
	require.True(t, found)
	return string(text)
}

func lastPage(t T, doc []byte, root int) int {
	pages := number(t, object(t, doc, root), `/Pages ([0-9]+) 0 R`)
	kids := regexp.MustCompile(`(?s)/Kids \[(.*?)\]`).FindStringSubmatch(object(t, doc, pages))
	require.NotNil(t, kids)
	return number(t, kids[1], `([0-9]+) 0 R`)
}

func within(dict, more string) string {
	i := len(dict) - len(">>")
	for dict[i:i+2] != ">>" {
		i--
	}
	return dict[:i] + more + dict[i:]
}

func appendObjects(doc []byte, objects map[int]string, size int, trailer string) []byte {
	out := bytes.Clone(doc)
	if out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	var table bytes.Buffer
	for n := range size {
		text, has := objects[n]
		if !has {
			continue
		}
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", n, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", n, text)
	}
	at := len(out)
	return fmt.Appendf(out, "xref\n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n", table.String(), trailer, at)
}

// fill writes range and value of the one new signature.
func fill(out []byte, from int, mine func([]byte) []byte) []byte {
	start := from + bytes.Index(out[from:], []byte("/Contents <")) + len("/Contents ")
	end := start + 2*room + 2
	ranges := fmt.Appendf(nil, "[0 %010d %010d %010d]", start, end, len(out)-end)
	at := from + bytes.Index(out[from:], []byte("[0 0000000001"))
	copy(out[at:], ranges)
	if mine != nil {
		value := mine(append(bytes.Clone(out[:start]), out[end:]...))
		copy(out[start+1:], hex.EncodeToString(value))
	}
	return out
}
