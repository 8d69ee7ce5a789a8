package office

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"phientoa/internal/store"
)

// maxMarks is how many marks may stand on one letter after composition; no
// language of ours needs more than two.
const maxMarks = 3

// tidy is a text as it is kept: composed (NFC), blanks trimmed and single.
func tidy(text string) string { return strings.Join(strings.Fields(norm.NFC.String(text)), " ") }

// hostile tells whether a text could show as another than it is: control and
// format characters (line breaks, bidi overrides, zero width), private or
// unassigned ones, the replacement character, piled-up marks.
func hostile(text string) bool {
	marks := 0
	for _, r := range norm.NFC.String(text) {
		if !unicode.IsGraphic(r) || r == utf8.RuneError {
			return true
		}
		if !unicode.Is(unicode.Mn, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return true
		}
	}
	return false
}

// checkText tidies *text and tells what is wrong with it. max counts characters.
func checkText(field string, text *string, required bool, max int) (f []Finding) {
	if len(*text) > 16*max { // before any work on it
		*text = ""
		return []Finding{tooLong(field, max)}
	}
	if hostile(*text) {
		f = append(f, Finding{
			Code: "hostile_text", Field: field,
			Vi: "Có ký tự điều khiển hoặc ký tự ẩn. Vui lòng gõ lại.",
			En: "It contains control or invisible characters. Please type it again.",
		})
		*text = ""
		return f
	}
	*text = tidy(*text)
	switch n := utf8.RuneCountInString(*text); {
	case n == 0 && required:
		f = append(f, Finding{Code: "missing", Vi: "Chưa nhập nội dung này.", En: "This is missing.", Field: field})
	case n > max:
		f = append(f, tooLong(field, max))
	}
	return f
}

func tooLong(field string, max int) Finding {
	return Finding{
		Code: "too_long", Field: field,
		Vi: fmt.Sprintf("Dài quá %d ký tự.", max), En: fmt.Sprintf("It is longer than %d characters.", max),
	}
}

// checkID takes what package hearing takes as an id.
func checkID(field, id string, max int) []Finding {
	ok := len(id) <= max && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == ""
	if ok {
		return nil
	}
	return []Finding{{Code: "bad_id", Vi: "Mã không hợp lệ.", En: "This is not an id.", Field: field}}
}

// skeleton is equal for names that look alike: without case and diacritics, with
// letters of other scripts and digits that are drawn like Latin ones replaced by
// those (the idea of Unicode TR 39, skeleton, with the few letters that matter).
func skeleton(name string) string {
	folded := store.Fold(name)
	var b strings.Builder
	b.Grow(len(folded))
	for _, r := range folded {
		b.WriteRune(latin(r))
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "rn", "m"), "vv", "w")
}

// latin is the Latin letter that r is drawn like, with i, l, 1 and | as one.
// After Fold all is lower case.
func latin(r rune) rune {
	const (
		cyrillicAndGreek = "аеорсхуѕіјһԁԛԝѵтнкмвгαοντυρχικγ"
		theirLatin       = "aeopcxysljhdqwvthkmbraovtupxlky"
		signs            = "0135|ıłi"
		theirLetter      = "olesllll"
	)
	if r >= 'a' && r <= 'z' && r != 'i' {
		return r
	}
	for n, f := range []rune(cyrillicAndGreek + signs) {
		if f == r {
			return rune((theirLatin + theirLetter)[n])
		}
	}
	return r
}
