package minutes_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/minutes"
	"phientoa/internal/pdf/pdftest"
)

// The file says every line, in order, and nothing of it depends on when it is made but
// what says so.
func TestTheFileSaysEveryLine(t *testing.T) {
	st := scripted(t)
	clerk := minutes.Writer{Account: "a2", Person: "h2", Capacity: court.Clerk}
	at := st.events[40].At
	items := []minutes.Item{{N: 1, Seq: st.events[40].Seq, At: at, By: clerk, Body: minutes.Noted{Text: "Bị cáo khai: tối hôm đó bị cáo ở nhà.", About: at - 1}}}
	m := made(t, st.events, items)
	p, ref := m.Propose(clerk)
	require.Nil(t, ref)
	one, err := m.Write(p.Document, st.now, false)
	require.NoError(t, err)
	two, err := made(t, st.events, items).Write(p.Document, st.now, false)
	require.NoError(t, err)
	require.Equal(t, one, two)
	if out := os.Getenv("PDF_OUT"); out != "" {
		require.NoError(t, os.WriteFile(out, one, 0o600))
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	// Cells break lines, and pages repeat heads; what a cell says stands together.
	said := squeeze(strings.Join(pdftest.Text(t, one), " "))
	for _, l := range m.Lines() {
		if len(l.Text) < 150 { // longer ones may go over a page
			require.Contains(t, said, squeeze(l.Text))
		}
	}
	for _, word := range []string{p.Document.Head, "45/2026/TLST-HS", "Nguyễn Văn Ước", "THƯ KÝ PHIÊN TÒA", "Bị cáo khai: tối hôm đó"} {
		require.Contains(t, said, squeeze(word))
	}
	require.NotContains(t, said, squeeze("DỰ THẢO"))

	draft, err := m.Preview(st.now.Add(time.Hour))
	require.NoError(t, err)
	said = squeeze(strings.Join(pdftest.Text(t, draft), " "))
	require.Contains(t, said, squeeze("DỰ THẢO"))
	require.NotContains(t, said, squeeze("THẨM PHÁN - CHỦ TỌA"), "a draft has no place to sign")
}
