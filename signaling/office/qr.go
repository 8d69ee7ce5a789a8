package office

import (
	"strings"

	"rsc.io/qr"
)

// qrRows draws a link as a QR code (ISO/IEC 18004, byte mode, error correction M,
// which survives a folded sheet): rows from the top, '1' a dark module, without the
// quiet zone of four modules that stands around it on paper. It is drawn here, so
// that the officials' page carries no encoder to every desk. Error: the link is
// longer than a QR code holds (2331 bytes).
func qrRows(link string) ([]string, error) {
	code, err := qr.Encode(link, qr.M)
	if err != nil {
		return nil, err
	}
	rows := make([]string, code.Size)
	for y := range rows {
		var row strings.Builder
		for x := range code.Size {
			if code.Black(x, y) {
				row.WriteByte('1')
			} else {
				row.WriteByte('0')
			}
		}
		rows[y] = row.String()
	}
	return rows, nil
}
