package court

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The word of a capacity in the minutes is the word on the screens.
func TestCapacityWordsAreThoseOfTheScreens(t *testing.T) {
	capital := func(s string) string {
		r, n := utf8.DecodeRuneInString(s)
		return string(unicode.ToUpper(r)) + s[n:]
	}
	entry := regexp.MustCompile(`(?m)^\s*capacity_(\w+):\s*"([^"]*)"`)
	known := 0
	for _, name := range []string{"vi.ts", "vi.room.ts"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "web", "src", "i18n", name))
		require.NoError(t, err)
		for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
			c := Capacity(m[1])
			if !c.Valid() {
				require.Equal(t, "other", m[1])
				continue
			}
			known++
			require.Equal(t, capital(m[2]), c.Words(), m[1])
		}
	}
	require.Equal(t, known, strings.Count(source(t), `Capacity = "`), "every capacity has its word on the screens")
}

// source is where the capacities are declared.
func source(t *testing.T) string {
	text, err := os.ReadFile("court.go")
	require.NoError(t, err)
	return string(text)
}
