package store

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold is text as it is searched: compatibility forms resolved, without
// diacritics (đ is d), in lower case, words parted by one blank. "Thụ lý",
// "THU LY" and its decomposed spelling are the same then, and so are the two ways
// of placing a tone ("hoà", "hòa").
func Fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r): // a mark of tone or vowel
		case r == 'đ' || r == 'Đ': // has no decomposition
			b.WriteByte('d')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
