package pades

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"phientoa/internal/cades"
)

// SignParams of Sign.
type SignParams struct {
	Key         crypto.Signer // ECDSA, or RSA of at least 2048 bits (as PSS)
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // intermediate authorities, without the root
	Time        time.Time           // claimed by the signer, to the second
	Rand        io.Reader
	// Remote, when set, signs instead of Key, which is then elsewhere, as are Certificate
	// and Chain: it gives the detached CAdES signature (DER) over a SHA-256, without a
	// signing time (ETSI EN 319 142-1, 6.3).
	Remote func(digest [sha256.Size]byte) ([]byte, error)
}

// signatureRoom is what a signature value may take, in bytes: its certificates are in it.
const signatureRoom = 16 << 10

// Sign appends a PDF signature (PAdES-BASELINE-B, ETSI EN 319 142-1) to a document of
// package pdf, with or without others: a revision with an invisible field and the form
// that names it. Not a byte before it changes. ErrSyntax: not a document of this kind.
func Sign(doc []byte, p SignParams) ([]byte, error) {
	f, err := readFile(doc)
	if err != nil {
		return nil, err
	}
	a := appending{f: f, objects: map[int]string{}}
	trailer := f.revisions[len(f.revisions)-1].trailer
	if a.size = trailer.keys["Size"].whole(); a.size < 1 || a.size > maxObjects {
		return nil, fmt.Errorf("%w: Size", ErrSyntax)
	}
	root := trailer.keys["Root"].number()
	if err := a.field(root, p.Time); err != nil {
		return nil, err
	}
	keys := map[string]string{"Size": fmt.Sprint(a.size), "Root": fmt.Sprintf("%d 0 R", root), "Prev": fmt.Sprint(f.revisions[len(f.revisions)-1].xref)}
	if o, has := trailer.keys["Info"]; has {
		keys["Info"] = a.raw(o)
	}
	out, err := p.fill(a.append(doc, keys), len(doc))
	if err != nil {
		return nil, err
	}
	if len(out) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrSyntax, len(out))
	}
	return out, nil
}

// appending is a revision that is being made.
type appending struct {
	f       *file
	objects map[int]string // text by number
	size    int            // number behind the last object
}

func (a *appending) raw(o object) string { return string(a.f.in[o.start:o.end]) }

// with is a dictionary's text with other values of some keys.
func (a *appending) with(o object, other map[string]string) string {
	all := map[string]string{}
	for k, v := range o.keys {
		all[k] = a.raw(v)
	}
	maps.Copy(all, other)
	return dictOf(all)
}

func dictOf(all map[string]string) string {
	var b strings.Builder
	b.WriteString("<<")
	for _, k := range slices.Sorted(maps.Keys(all)) {
		b.WriteString(" /" + k + " " + all[k])
	}
	return b.String() + " >>"
}

// Placeholders of the same length as what takes their place.
const emptyRange = "[0 0000000000 0000000000 0000000000]"

// field adds a signature, its field on the last page, and the lists that name it.
func (a *appending) field(root int, at time.Time) error {
	page, err := a.f.lastPage(root)
	if err != nil {
		return err
	}
	is, err := a.f.roles(root, page)
	if err != nil {
		return err
	}
	value, widget := a.size, a.size+1
	a.size += 2
	a.objects[value] = "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (" + at.UTC().Format("D:20060102150405Z") +
		") /ByteRange " + emptyRange + " /Contents <" + strings.Repeat("0", 2*signatureRoom) + "> >>"
	a.objects[widget] = fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (S%d) /F 132 /Rect [0 0 0 0] /P %d 0 R /V %d 0 R >>", value, page, value)
	catalog, err := a.f.object(root)
	if err != nil {
		return err
	}
	form, _, err := a.f.form(root)
	if err != nil {
		return err
	}
	shown, err := a.f.object(page)
	if err != nil {
		return err
	}
	fields, annots := a.list(is.fields, widget), a.list(is.annots, widget)
	if is.annotList > 0 {
		a.objects[is.annotList] = annots
	} else {
		a.objects[page] = a.with(shown, map[string]string{"Annots": annots})
	}
	if is.fieldList > 0 {
		a.objects[is.fieldList] = fields
		return nil
	}
	text := a.with(form, map[string]string{"Fields": fields, "SigFlags": "3"})
	if is.form > 0 {
		a.objects[is.form] = text
	} else {
		a.objects[root] = a.with(catalog, map[string]string{"AcroForm": text})
	}
	return nil
}

func (a *appending) list(before []object, more int) string {
	var b strings.Builder
	b.WriteString("[")
	for _, o := range before {
		b.WriteString(a.raw(o) + " ")
	}
	return fmt.Sprintf("%s%d 0 R]", b.String(), more)
}

// append writes objects, table and trailer behind the document.
func (a *appending) append(doc []byte, trailer map[string]string) []byte {
	out := bytes.Clone(doc)
	if out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	var table strings.Builder
	for _, n := range slices.Sorted(maps.Keys(a.objects)) {
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", n, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", n, a.objects[n])
	}
	at := len(out)
	return fmt.Appendf(out, "xref\n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n", table.String(), dictOf(trailer), at)
}

// fill writes range and value of the one new signature, which begins behind from.
func (p SignParams) fill(out []byte, from int) ([]byte, error) {
	start := from + bytes.Index(out[from:], []byte("/Contents <")) + len("/Contents ")
	end := start + 2*signatureRoom + 2
	at := from + bytes.Index(out[from:], []byte(emptyRange))
	copy(out[at:], fmt.Sprintf("[0 %010d %010d %010d]", start, end, len(out)-end))
	h := sha256.New()
	h.Write(out[:start])
	h.Write(out[end:])
	der, err := p.value([sha256.Size]byte(h.Sum(nil)))
	if err != nil {
		return nil, err
	}
	if len(der) > signatureRoom {
		return nil, fmt.Errorf("pades: a signature of %d bytes, room is for %d", len(der), signatureRoom)
	}
	copy(out[start+1:], hex.EncodeToString(der))
	return out, nil
}

func (p SignParams) value(digest [sha256.Size]byte) ([]byte, error) {
	if p.Remote != nil {
		return p.Remote(digest)
	}
	return cades.Sign(cades.Params{Key: p.Key, Certificate: p.Certificate, Chain: p.Chain, Rand: p.Rand, Digest: digest})
}
