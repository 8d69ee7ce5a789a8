package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
)

// A document for V4: pages of text, each with as many bytes beside it as the scan of a
// page has, which cross the line before it opens.
const (
	documentPages = 6
	bytesOfPage   = 80 << 10
)

// pages is V4. The product has no shared screen: what is shown is a document, whose
// file each seat draws by itself, so that a page that is drawn is as legible as the
// file.
func pages() trial {
	return trial{
		Name: "V4", About: "party's line loses 10 % both ways, its pages and signaling included: a document is shown and its pages are turned (the product has no shared screen): when the page is drawn at the party",
		Source: "reliability table V4", Up: losing(0.10), Down: losing(0.10), WebOverLines: true,
		Control: noControl, Task: taskPages,
		Figures: func(r run) map[string]figure {
			var seen struct {
				First float64   `json:"first"`
				Turns []float64 `json:"turns"`
			}
			if json.Unmarshal(r.Seen, &seen) != nil || len(seen.Turns) == 0 {
				return nil
			}
			return map[string]figure{"first page": figure(seen.First), "slowest turn": figure(slices.Max(seen.Turns))}
		},
		Rules: []rule{atMost("slowest turn", "s").must(3).every(), atMost("first page", "s").goal(3)},
	}
}

// document writes a PDF of documentPages pages.
func document(path string) error {
	var out bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	stream := func(data string) { object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(data), data)) }
	out.WriteString("%PDF-1.4\n")
	kids := ""
	for i := range documentPages {
		kids += fmt.Sprintf("%d 0 R ", 4+3*i)
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids, documentPages))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range documentPages {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+3*i))
		text := ""
		for line := range 50 {
			text += fmt.Sprintf("BT /F1 9 Tf 60 %d Td (Trang %d, dong %d: hop dong mua ban so 45/2026, ben ban giao hang dung han.) Tj ET\n", 800-15*line, i+1, line+1)
		}
		stream(text)
		scan := make([]byte, bytesOfPage)
		for j := range scan {
			scan[j] = 'a' + byte(rng.IntN(26))
		}
		stream(string(scan))
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, table)
	return os.WriteFile(path, out.Bytes(), 0o600)
}
