// Package pdftest reads documents of package pdf back, for tests.
package pdftest

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"
)

// Text is every string that the document's pages show, in the order of drawing. The
// library writes strings as UTF-16 (its character codes are code points).
func Text(t require.TestingT, doc []byte) []string {
	ctx, err := api.ReadValidateAndOptimize(bytes.NewReader(doc), model.NewDefaultConfiguration())
	require.NoError(t, err)
	var out []string
	for n := 1; n <= ctx.PageCount; n++ {
		r, err := pdfcpu.ExtractPageContent(ctx, n)
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		out = append(out, shown(content)...)
	}
	return out
}

// shown finds the literal strings of a content stream (ISO 32000-1, 7.3.4.2).
func shown(content []byte) (out []string) {
	for i := 0; i < len(content); i++ {
		if content[i] != '(' {
			continue
		}
		var s []byte
		for i++; i < len(content) && content[i] != ')'; i++ {
			if content[i] == '\\' {
				i++
				switch content[i] {
				case 'r':
					s = append(s, '\r')
					continue
				case 'n':
					s = append(s, '\n')
					continue
				}
			}
			s = append(s, content[i])
		}
		var u []uint16
		for k := 0; k+1 < len(s); k += 2 {
			u = append(u, binary.BigEndian.Uint16(s[k:]))
		}
		out = append(out, string(utf16.Decode(u)))
	}
	return out
}

// Glyph is the glyph of a character in a TrueType font, 0 for none (OpenType, cmap
// format 4).
func Glyph(t require.TestingT, font []byte, r rune) uint16 {
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(font[at:])) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(font[at:])) }
	cmap := 0
	for i := range u16(4) {
		if e := 12 + 16*i; string(font[e:e+4]) == "cmap" {
			cmap = u32(e + 8)
		}
	}
	require.NotZero(t, cmap)
	for i := range u16(cmap + 2) {
		sub := cmap + u32(cmap+4+8*i+4)
		if u16(sub) != 4 {
			continue
		}
		n := u16(sub+6) / 2
		for k := range n {
			end, start := u16(sub+14+2*k), u16(sub+16+2*n+2*k)
			if int(r) > end || int(r) < start {
				continue
			}
			delta, at := u16(sub+16+4*n+2*k), sub+16+6*n+2*k
			if u16(at) == 0 {
				return uint16(int(r) + delta)
			}
			g := u16(at + u16(at) + 2*(int(r)-start))
			if g == 0 {
				return 0
			}
			return uint16(g + delta)
		}
		return 0
	}
	return 0
}
