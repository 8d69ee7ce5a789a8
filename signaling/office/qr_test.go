package office

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	"rsc.io/qr/coding"
)

// unread reads the rows as a camera's program does after it has found the modules:
// the version from the size, the mask taken off, mode, length, bytes.
func unread(t require.TestingT, rows []string) string {
	version := coding.Version((len(rows) - 17) / 4)
	plan, err := coding.NewPlan(version, coding.M, 0)
	require.NoError(t, err)
	require.Len(t, plan.Pixel, len(rows))
	data := make([]byte, plan.DataBytes)
	for y, line := range plan.Pixel {
		require.Len(t, rows[y], len(rows))
		for x, p := range line {
			dark := rows[y][x] == '1'
			switch {
			case p.Role() == coding.Data && dark != (p&coding.Black != 0):
				data[p.Offset()/8] |= 1 << (7 - p.Offset()%8)
			case p.Role() == coding.Position || p.Role() == coding.Timing || p.Role() == coding.Format:
				require.Equal(t, p&coding.Black != 0, dark, "module %d,%d", x, y)
			}
		}
	}
	bits := func(from, n int) int {
		v := 0
		for i := from; i < from+n; i++ {
			v = v<<1 | int(data[i/8]>>(7-i%8))&1
		}
		return v
	}
	require.Equal(t, 4, bits(0, 4), "byte mode")
	wide := 8
	if version > 9 {
		wide = 16
	}
	var out strings.Builder
	for i := range bits(4, wide) {
		out.WriteByte(byte(bits(4+wide+8*i, 8)))
	}
	return out.String()
}

func TestQRHoldsTheLinkAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		link := "https://" + rapid.StringMatching(`[a-z0-9.-]{1,200}`).Draw(t, "host") + "/#i=" + rapid.StringMatching(`[A-Za-z0-9_-]{16,64}`).Draw(t, "token")
		rows, err := qrRows(link)
		require.NoError(t, err)
		require.Equal(t, link, unread(t, rows))
	})
	_, err := qrRows(strings.Repeat("a", 3000))
	require.Error(t, err)
}
