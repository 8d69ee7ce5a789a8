package minutes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/minutes"
)

// What is read is written back the same, byte for byte; anything else is refused.
func FuzzItemsHaveOneForm(f *testing.F) {
	by := minutes.Writer{Account: "a", Person: "p", Capacity: court.Clerk}
	for _, b := range []minutes.Body{
		minutes.Noted{Text: "Bị cáo khai."},
		minutes.Proposed{Document: minutes.Document{Version: 1, From: 1, Lines: 3}},
		minutes.Signed{SHA256: "00", Signers: []minutes.Signer{{Capacity: court.Clerk}}},
		minutes.Read{},
		minutes.Asked{Line: 2},
		minutes.Answered{Request: 1},
	} {
		line, err := minutes.Marshal(minutes.Item{N: 1, Seq: 1, At: 1, By: by, Body: b})
		require.NoError(f, err)
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		i, err := minutes.Parse(line)
		if err != nil {
			require.ErrorIs(t, err, minutes.ErrItem)
			return
		}
		again, err := minutes.Marshal(i)
		require.NoError(t, err)
		require.Equal(t, string(line), string(again))
	})
}
