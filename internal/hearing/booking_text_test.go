package hearing

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A name that reads backwards would say another thing in the minutes than it is.
func TestTextsReadAsTheyAreWritten(t *testing.T) {
	name := "Hợp đồng \u202efdp.exe\u2066\n  số\t12\u200f"
	require.Equal(t, "Hợp đồng fdp.exe số 12", exhibitName(name))
	text, r := reason(name)
	require.Nil(t, r)
	require.Equal(t, "Hợp đồng fdp.exe số 12", text)
	require.Empty(t, exhibitName("\u202e\u2069"))
}
