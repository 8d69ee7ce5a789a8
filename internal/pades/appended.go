package pades

import (
	"fmt"
	"slices"
	"strconv"

	"phientoa/internal/pdf"
)

// onlySigned: revisions may write no object again but the catalog (a form, for the
// signatures), the document's information, the last page's annotations, and the lists of
// form and page, which only grow. Whoever signs second sees what the first one saw.
func (f *file) onlySigned() error {
	trailer := f.revisions[0].trailer
	catalog := trailer.keys["Root"].number()
	before := f.upTo(0)
	page, err := before.lastPage(catalog)
	if err != nil {
		return err
	}
	was, err := before.roles(catalog, page)
	if err != nil {
		return err
	}
	for i, r := range f.revisions[1:] {
		if !r.trailer.keys["Root"].same(trailer.keys["Root"]) {
			return fmt.Errorf("%w: another catalog", ErrChanged)
		}
		now := f.upTo(i + 1)
		is, err := now.roles(catalog, page)
		if err != nil {
			return err
		}
		for n, at := range r.objects {
			if at < f.revisions[i].end || at >= r.xref {
				return fmt.Errorf("%w: object %d stands elsewhere", ErrChanged, n)
			}
			if _, had := before.objects[n]; !had {
				continue
			}
			if err := f.mayChange(n, now, was, is); err != nil {
				return err
			}
		}
		if !startsWith(is.fields, was.fields) || !startsWith(is.annots, was.annots) {
			return fmt.Errorf("%w: an earlier signature is hidden", ErrChanged)
		}
		before, was = now, is
	}
	return f.onlyWidgets(was)
}

// upTo is the file as it was after revision i.
func (f *file) upTo(i int) *file {
	out := &file{in: f.in, revisions: f.revisions[:i+1], objects: map[int]int{}}
	for _, r := range out.revisions {
		for n, at := range r.objects {
			out.objects[n] = at
		}
	}
	return out
}

// lastPage is the number of the last page's object.
func (f *file) lastPage(catalog int) (int, error) {
	root, err := f.object(catalog)
	if err != nil {
		return 0, err
	}
	n := root.keys["Pages"].number()
	for range maxDepth {
		o, err := f.object(n)
		if err != nil {
			return 0, err
		}
		if o.keys["Type"].word == "Page" {
			return n, nil
		}
		kids := o.keys["Kids"]
		if len(kids.list) == 0 {
			break
		}
		n = kids.list[len(kids.list)-1].number()
	}
	return 0, fmt.Errorf("%w: pages", ErrSyntax)
}

// roles are the objects that revisions write again when they add a signature: -1 for
// those that are no objects of their own; and what the lists name.
type roles struct {
	catalog, page, form, fieldList, annotList int
	fields, annots                            []object
}

func (f *file) roles(catalog, page int) (roles, error) {
	x := roles{catalog: catalog, page: page}
	root, err := f.object(catalog)
	if err != nil {
		return x, err
	}
	x.form = root.keys["AcroForm"].number()
	form, fields, err := f.form(catalog)
	if err != nil {
		return x, err
	}
	x.fields, x.fieldList = fields, form.keys["Fields"].number()
	p, err := f.object(page)
	if err != nil {
		return x, err
	}
	x.annotList = p.keys["Annots"].number()
	x.annots, err = f.references(p, "Annots")
	return x, err
}

// form of the signatures and its fields; both empty where there is none.
func (f *file) form(catalog int) (form object, fields []object, err error) {
	root, err := f.object(catalog)
	if err != nil {
		return object{}, nil, err
	}
	o, has := root.keys["AcroForm"]
	if !has {
		return object{}, nil, nil
	}
	if form, err = f.resolve(o); err != nil {
		return object{}, nil, err
	}
	// No key of a stream: an appearance that is the form as well could be written again.
	if !form.only("Fields", "SigFlags", "DR", "DA", "Q", "NeedAppearances") {
		return object{}, nil, fmt.Errorf("%w: a form", ErrChanged)
	}
	fields, err = f.references(form, "Fields")
	return form, fields, err
}

// references of an array, which stands in the dictionary or is one object.
func (f *file) references(o object, key string) ([]object, error) {
	if _, has := o.keys[key]; !has {
		return nil, nil
	}
	l, err := f.resolve(o.keys[key])
	if err != nil {
		return nil, err
	}
	if l.kind != array || slices.ContainsFunc(l.list, func(x object) bool { return x.kind != ref }) {
		return nil, fmt.Errorf("%w: %s is no list of objects", ErrChanged, key)
	}
	return l.list, nil
}

// mayChange judges object n, which was there and is written again in now. An object
// keeps its role: nothing that is seen becomes one that may change, nor the reverse.
func (f *file) mayChange(n int, now *file, was, is roles) error {
	o, err := now.object(n)
	if err != nil {
		return err
	}
	first, ours := f.revisions[0].objects[n]
	old := object{}
	if ours {
		if old, err = f.objectAt(n, first); err != nil {
			return err
		}
	}
	switch {
	case ours && n == is.catalog && o.sameBut(old, "AcroForm", "Extensions", "Perms"):
	case ours && n == is.page && o.sameBut(old, "Annots"):
	case ours && n == f.revisions[0].trailer.keys["Info"].number() && o.isInfo():
	case !ours && n == was.form && n == is.form:
	case !ours && n == was.fieldList && n == is.fieldList:
	case !ours && n == was.annotList && n == is.annotList:
	default:
		return fmt.Errorf("%w: object %d", ErrChanged, n)
	}
	return nil
}

// isInfo: words about the document (ISO 32000-1, 14.3.3), and nothing that a page could
// show.
func (o object) isInfo() bool {
	for _, v := range o.keys {
		if v.kind != text && v.kind != name {
			return false
		}
	}
	return o.only("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate", "Trapped")
}

// only: a dictionary with no other keys.
func (o object) only(keys ...string) bool {
	for k := range o.keys {
		if !slices.Contains(keys, k) {
			return false
		}
	}
	return o.kind == dict
}

func startsWith(list, with []object) bool {
	return len(list) >= len(with) && slices.EqualFunc(list[:len(with)], with, object.same)
}

// onlyWidgets: every annotation is a field of the form, and every field a signature in
// the block for signatures, beside the others.
func (f *file) onlyWidgets(x roles) error {
	for _, a := range x.annots {
		if !slices.ContainsFunc(x.fields, a.same) {
			return fmt.Errorf("%w: an annotation that is no field", ErrChanged)
		}
	}
	var taken [][4]float64
	for i, a := range x.fields {
		o, err := f.resolve(a)
		if err != nil {
			return err
		}
		if !o.isWidget(x.page) || slices.ContainsFunc(x.fields[:i], a.same) {
			return fmt.Errorf("%w: a field that is no signature", ErrChanged)
		}
		r, ok := o.keys["Rect"].rect()
		if !ok || !mayStand(r) || slices.ContainsFunc(taken, func(t [4]float64) bool { return overlap(r, t) }) {
			return fmt.Errorf("%w: a signature outside its block", ErrChanged)
		}
		taken = append(taken, r)
	}
	return nil
}

// isWidget: a field for a signature and its only annotation (12.5.6.19, 12.7.4.5), on
// this page, that does nothing, inherits nothing and hides nothing by layers.
func (o object) isWidget(page int) bool {
	p, has := o.keys["P"]
	// NoZoom, NoRotate and ToggleNoView (8, 16, 256): shown elsewhere than in Rect, or
	// not always.
	const elsewhere = 8 | 16 | 256
	flags, flagged := o.keys["F"]
	return o.keys["FT"].word == "Sig" && o.keys["Subtype"].word == "Widget" &&
		(!has || p.number() == page) && (!flagged || flags.whole() >= 0 && flags.whole()&elsewhere == 0) &&
		o.only("Type", "Subtype", "FT", "Ff", "T", "TU", "TM", "F", "Rect", "P", "V", "AP", "MK", "DA", "Q", "Lock", "SV",
			"BS", "Border", "H", "M", "NM", "StructParent")
}

// rect is a rectangle of four direct numbers: left, bottom, right, top.
func (o object) rect() (r [4]float64, ok bool) {
	if o.kind != array || len(o.list) != 4 {
		return r, false
	}
	for i, x := range o.list {
		v, err := strconv.ParseFloat(x.word, 64)
		if x.kind != number || err != nil {
			return r, false
		}
		r[i] = v
	}
	return [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}, true
}

// mayStand: nowhere to be seen ("[0 0 0 0]"), or in the block and at most half as wide.
// An appearance is fitted into the rectangle (12.5.5), so it draws nothing outside.
func mayStand(r [4]float64) bool {
	b := pdf.SignatureBlock()
	in := r[0] >= b[0] && r[1] >= b[1] && r[2] <= b[2] && r[3] <= b[3]
	return r == [4]float64{} || in && r[2]-r[0] <= (b[2]-b[0])/2
}

func overlap(a, b [4]float64) bool {
	return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}
