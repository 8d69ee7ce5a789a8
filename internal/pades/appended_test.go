package pades_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/pades"
	"phientoa/internal/pades/padestest"
)

// Places inside the block for signatures, side by side, in points.
const left, right = "[100 660 200 700]", "[320.5 660 420 700.25]"

// sizeOf is the number that the next object gets.
func sizeOf(t *testing.T, doc []byte) int {
	m := regexp.MustCompile(`/Size ([0-9]+)`).FindAllSubmatch(doc, -1)
	require.NotEmpty(t, m)
	n, err := strconv.Atoi(string(m[len(m)-1][1]))
	require.NoError(t, err)
	return n
}

const stamp = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 3 >>\nstream\nq Q\nendstream"

// A stamp may stand in the block for signatures; each of two beside the other.
func TestStampsStandInTheBlock(t *testing.T) {
	p, doc := newPeople(t), document(t)
	n := sizeOf(t, doc)
	one := p.sign(t, doc, p.judge, padestest.Revision{Rect: left, Widget: fmt.Sprintf("/AP << /N %d 0 R >>", n+2), Objects: map[int]string{0: stamp}})
	two := p.sign(t, one, p.clerk, padestest.Revision{Rect: right})
	got, err := pades.Check(two, doc)
	require.NoError(t, err)
	require.Len(t, got, 2)
}

// Nothing of the page, and no stamp of another, can be covered or moved.
func TestAStampCoversNothing(t *testing.T) {
	p, doc := newPeople(t), document(t)
	n := sizeOf(t, doc)
	widget := func(rect string) string {
		return "<< /Type /Annot /Subtype /Widget /FT /Sig /T (X) /Rect " + rect + " >>"
	}
	more := fmt.Sprintf("%d 0 R", n+2)
	for name, r := range map[string]padestest.Revision{
		"the whole page":       {Rect: "[0 0 595 842]"},
		"over the names":       {Rect: "[100 600 200 660]"},
		"over the words":       {Rect: "[100 700 200 760]"},
		"the whole block":      {Rect: "[86 650 546 710]"},
		"turned round":         {Rect: "[200 842 100 0]"},
		"no rectangle":         {Rect: "[100 660 200]"},
		"a rectangle by name":  {Rect: fmt.Sprintf("%d 0 R", n+2), Objects: map[int]string{0: left}},
		"numbers by name":      {Rect: fmt.Sprintf("[100 660 200 %d 0 R]", n+2), Objects: map[int]string{0: "700"}},
		"heirs":                {Widget: "/Parent 1 0 R"},
		"a layer":              {Widget: "/OC << /Type /OCG >>"},
		"a widget in no form":  {Annots: more, Objects: map[int]string{0: widget(left)}},
		"a place of no one":    {Annots: more, Fields: more, Objects: map[int]string{0: widget(left)}},
		"a field's cover":      {Fields: more, Annots: more, Objects: map[int]string{0: widget("[0 0 595 842]")}},
		"a note":               {Annots: more, Objects: map[int]string{0: "<< /Type /Annot /Subtype /FreeText /Rect " + left + " >>"}},
		"a widget in the page": {Annots: widget(left)},
		"twice":                {Fields: fmt.Sprintf("%d 0 R", n+1)},
	} {
		_, err := pades.Check(p.sign(t, doc, p.judge, r), doc)
		require.Error(t, err, name)
	}
	one := p.sign(t, doc, p.judge, padestest.Revision{Rect: left})
	_, err := pades.Check(p.sign(t, one, p.clerk, padestest.Revision{Rect: "[150 670 250 690]"}), doc)
	require.ErrorIs(t, err, pades.ErrChanged, "over the first one's stamp")
}

// What the first one signed stays as it was when the second one signs.
func TestTheSecondRevisionChangesNothingOfTheFirst(t *testing.T) {
	p, doc := newPeople(t), document(t)
	n := sizeOf(t, doc)
	first := padestest.Revision{Rect: left, Widget: fmt.Sprintf("/AP << /N %d 0 R >>", n+2), Objects: map[int]string{0: stamp}}
	one := p.sign(t, doc, p.judge, first)
	_, err := pades.Check(one, doc)
	require.NoError(t, err)
	widget := fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (S%d) /Rect %s /V %d 0 R >>", n, right, n)
	for name, r := range map[string]padestest.Revision{
		"the appearance": {Objects: map[int]string{n + 2: stamp + " "}},
		"the widget":     {Objects: map[int]string{n + 1: widget}},
	} {
		_, err := pades.Check(p.sign(t, one, p.clerk, r), doc)
		require.ErrorIs(t, err, pades.ErrChanged, name)
	}
	// The document's information may change, but not be what a stamp shows.
	info := regexp.MustCompile(`/Info ([0-9]+) 0 R`).FindSubmatch(doc)
	k, err := strconv.Atoi(string(info[1]))
	require.NoError(t, err)
	_, err = pades.Check(p.sign(t, doc, p.judge, padestest.Revision{Objects: map[int]string{k: "<< /Producer (x) /ModDate (D:2026) >>"}}), doc)
	require.NoError(t, err)
	shown := padestest.Revision{Rect: left, Widget: fmt.Sprintf("/AP << /N %d 0 R >>", k), Objects: map[int]string{k: stamp}}
	_, err = pades.Check(p.sign(t, doc, p.judge, shown), doc)
	require.ErrorIs(t, err, pades.ErrChanged)
}

// The page's annotations are a list in the page or one object; a reference to a
// reference, which readers follow and a check might not, is refused.
func TestAnnotationsAreAList(t *testing.T) {
	p, doc := newPeople(t), document(t)
	n := sizeOf(t, doc)
	page := regexp.MustCompile(`(?s)\n([0-9]+) 0 obj\n(<</Type /Page\n[^>]*)>>`).FindAllSubmatch(doc, -1)
	last := page[len(page)-1]
	k, err := strconv.Atoi(string(last[1]))
	require.NoError(t, err)
	annots := func(what string, more map[int]string) error {
		objects := map[int]string{k: string(last[2]) + " /Annots " + what + " >>"}
		for i, o := range more {
			objects[i] = o
		}
		_, err := pades.Check(p.sign(t, doc, p.judge, padestest.Revision{Objects: objects, Size: n + 10}), doc)
		return err
	}
	list := fmt.Sprintf("[%d 0 R]", n+1)
	require.NoError(t, annots(list, nil))
	require.NoError(t, annots(fmt.Sprintf("%d 0 R", n+5), map[int]string{n + 5: list}))
	note := "<< /Type /Annot /Subtype /FreeText /Rect [0 0 595 842] >>"
	require.ErrorIs(t, annots(fmt.Sprintf("%d 0 R", n+5), map[int]string{n + 5: fmt.Sprintf("%d 0 R", n+6), n + 6: fmt.Sprintf("[%d 0 R]", n+7), n + 7: note}), pades.ErrChanged)
	require.ErrorIs(t, annots("<< >>", nil), pades.ErrChanged)
}
