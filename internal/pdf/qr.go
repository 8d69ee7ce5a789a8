package pdf

import (
	"fmt"

	"rsc.io/qr"
)

// quiet is the white margin that readers of QR codes need, in modules (ISO/IEC 18004).
const quiet = 4

// QR draws text as a QR code of mm millimetres, its margin counted, on the left, with
// words beside it. Text that fits into no code is an error.
func (d *Doc) QR(text string, mm float64, words string) error {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return fmt.Errorf("pdf: QR code: %w", err)
	}
	d.room(mm)
	top := d.f.GetY()
	module := mm / float64(code.Size+2*quiet)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := x
			for run < code.Size && code.Black(run, y) {
				run++
			}
			if run == x {
				continue
			}
			d.f.Rect(marginLeft+float64(x+quiet)*module, top+float64(y+quiet)*module, float64(run-x)*module, module, "F")
			x = run
		}
	}
	d.f.SetXY(marginLeft+mm+3, top+module*quiet)
	d.letters("", small)
	d.f.SetLeftMargin(marginLeft + mm + 3)
	d.f.MultiCell(d.width()-mm-3, smallLine, clean(words), "", "L", false)
	d.f.SetLeftMargin(marginLeft)
	d.letters("", body)
	d.f.SetXY(marginLeft, max(d.f.GetY(), top+mm))
	return nil
}
