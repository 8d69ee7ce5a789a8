package pdf_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"phientoa/internal/pdf"
	"phientoa/internal/pdf/pdftest"
)

// Every letter of Vietnamese with every tone, and what the minutes also write.
const letters = "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXYaăâbcdđeêghiklmnoôơpqrstuưvxy" +
	"àáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ" +
	"ÀÁẢÃẠẰẮẲẴẶẦẤẨẪẬÈÉẺẼẸỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌỒỐỔỖỘỜỚỞỠỢÙÚỦŨỤỪỨỬỮỰỲÝỶỸỴ" +
	"0123456789 .,:;!?()/-–“”…%+=§₫"

func sample() *pdf.Doc {
	d := pdf.New(pdf.Info{
		Title: "Biên bản phiên tòa", Author: "TAND khu vực 1 - Hà Nội", Created: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC),
		Footer: "Thụ lý số 45/2026/TLST-HS", Draft: "DỰ THẢO",
	})
	d.Emblem("TÒA ÁN NHÂN DÂN\nKHU VỰC 1 - HÀ NỘI", "Số: 45/2026/TLST-HS")
	d.Title("BIÊN BẢN PHIÊN TÒA", "Sơ thẩm vụ án hình sự")
	d.Facts([][2]string{{"Thụ lý số", "45/2026/TLST-HS"}, {"Chủ tọa phiên tòa", "Ông Nguyễn Văn Ước"}})
	d.Heading("I. Diễn biến phiên tòa")
	d.Paragraph(letters)
	d.Table([]pdf.Column{{Title: "Dòng", Share: 1}, {Title: "Giờ", Share: 2}, {Title: "Nội dung", Share: 9}}, [][]string{
		{"1", "08:30:00", "Chủ tọa phiên tòa tuyên bố khai mạc phiên tòa."}, {"2", "08:31:10", strings.Repeat("Kiểm sát viên công bố cáo trạng. ", 300)},
	})
	d.Small("Bản này được lập tự động.")
	d.NewPage()
	d.Signatures([][2]string{{"THƯ KÝ PHIÊN TÒA", "Trần Thị Bưởi"}, {"THẨM PHÁN - CHỦ TỌA PHIÊN TÒA", "Nguyễn Văn Ước"}})
	return d
}

func bytesOf(t require.TestingT, d *pdf.Doc) []byte {
	b, err := d.Bytes()
	require.NoError(t, err)
	return b
}

func TestTheSameCallsMakeTheSameBytes(t *testing.T) {
	one := bytesOf(t, sample())
	require.Equal(t, one, bytesOf(t, sample()))
	if out := os.Getenv("PDF_OUT"); out != "" {
		require.NoError(t, os.WriteFile(out, one, 0o600))
	}
}

func TestAnotherReaderFindsTheDocumentSound(t *testing.T) {
	conf := model.NewDefaultConfiguration()
	b := bytesOf(t, sample())
	require.NoError(t, api.Validate(bytes.NewReader(b), conf))
	n, err := api.PageCount(bytes.NewReader(b), conf)
	require.NoError(t, err)
	require.Equal(t, 5, n)
}

// What is written is read, whether the letters came composed or decomposed.
func TestEveryLetterIsReadBack(t *testing.T) {
	for name, text := range map[string]string{"composed": letters, "decomposed": norm.NFD.String(letters)} {
		d := pdf.New(pdf.Info{Created: time.Unix(0, 0)})
		d.Paragraph(text)
		got := pdftest.Text(t, bytesOf(t, d))
		require.Equal(t, strings.ReplaceAll(norm.NFC.String(letters), " ", ""), strings.ReplaceAll(strings.Join(got, ""), " ", "")[:len(strings.ReplaceAll(letters, " ", ""))], name)
	}
}

// The letters embedded have a shape for every one of them: a missing one would be
// printed as an empty box and still be read back.
func TestTheFontsHaveEveryLetter(t *testing.T) {
	for _, f := range []string{"fonts/LiberationSerif-Regular.ttf", "fonts/LiberationSerif-Bold.ttf"} {
		font, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, r := range letters {
			require.NotZero(t, pdftest.Glyph(t, font, r), "%s has no %q", f, r)
		}
		require.Zero(t, pdftest.Glyph(t, font, '字'))
	}
}

// Law: every word of every cell is in the document once, in order, however long the
// cells are, and the page count stands on every page.
func TestTablesLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := pdf.New(pdf.Info{Created: time.Unix(0, 0)})
		var want []string
		var rows [][]string
		for i := range rapid.IntRange(0, 12).Draw(t, "rows") {
			var words []string
			for k := range rapid.IntRange(0, 900).Draw(t, "words") {
				words = append(words, fmt.Sprintf("w%d.%d", i, k))
			}
			want = append(want, words...)
			rows = append(rows, []string{fmt.Sprint(i), strings.Join(words, " ")})
		}
		d.Table([]pdf.Column{{Title: "N", Share: 1}, {Title: "Text", Share: 5}}, rows)
		b := bytesOf(t, d)
		var got []string
		for _, line := range pdftest.Text(t, b) {
			for _, w := range strings.Fields(line) {
				if strings.HasPrefix(w, "w") {
					got = append(got, w)
				}
			}
		}
		require.Equal(t, want, got)
		n, err := api.PageCount(bytes.NewReader(b), model.NewDefaultConfiguration())
		require.NoError(t, err)
		require.Contains(t, strings.Join(pdftest.Text(t, b), "\n"), fmt.Sprintf("%d/%d", n, n))
	})
}

// No text breaks the document: neither its characters nor its length.
func FuzzAnyTextMakesASoundDocument(f *testing.F) {
	f.Add("Bị cáo (Nguyễn) \\ khai:\n\x00\u202e𝕏", "\x01n\x01")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 4000 || len(b) > 4000 {
			t.Skip()
		}
		d := pdf.New(pdf.Info{Title: a, Footer: b, Draft: a, Created: time.Unix(0, 0)})
		d.Title(a, b)
		d.Paragraph(b)
		d.Table([]pdf.Column{{Title: a, Share: 1}, {Title: b, Share: 1}}, [][]string{{a, b}})
		d.Signatures([][2]string{{a, b}})
		out := bytesOf(t, d)
		require.NoError(t, api.Validate(bytes.NewReader(out), model.NewDefaultConfiguration()))
	})
}

// Nothing of ours reaches into the block for stamps: two lines fit, more are an error.
func TestTheSignatureBlockStaysEmpty(t *testing.T) {
	for lines, ok := range map[int]bool{1: true, 2: true, 3: false} {
		d := pdf.New(pdf.Info{Created: time.Unix(0, 0)})
		d.SignaturePage("a"+strings.Repeat("\na", lines-1), [][2]string{{"a", "b"}, {"a" + strings.Repeat("\na", 1), "b"}})
		_, err := d.Bytes()
		require.Equal(t, ok, err == nil, "%d lines: %v", lines, err)
	}
}
