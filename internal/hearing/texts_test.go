package hearing

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// Every refusal of texts*.go has a code of its own and a sentence in both
// languages; Vietnamese is composed (NFC) and uses the glossary's words.
func TestRefusalsSpeakBothLanguages(t *testing.T) {
	files, err := filepath.Glob("texts*.go")
	require.NoError(t, err)
	codes := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		requireTexts(t, file, codes)
	}
	require.Greater(t, len(codes), 90)
}

func requireTexts(t *testing.T, file *ast.File, codes map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "refuse" {
			return true
		}
		require.Len(t, call.Args, 3)
		code, vi, en := literal(t, call.Args[0]), literal(t, call.Args[1]), literal(t, call.Args[2])
		require.False(t, codes[code], "code %s twice", code)
		codes[code] = true
		for _, text := range []string{vi, en} {
			require.True(t, strings.HasSuffix(text, "."), "%s: %q", code, text)
			for _, r := range text {
				require.False(t, unicode.Is(unicode.Mn, r), "%s: not composed", code)
			}
			for _, word := range []string{"meeting", "host", "user", "cuộc họp", "phòng họp"} {
				require.NotContains(t, strings.ToLower(text), word, code)
			}
		}
		require.NotEqual(t, vi, en)
		return true
	})
}

// literal is the string of an argument, or the format of its Sprintf.
func literal(t *testing.T, e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok {
		e = call.Args[0]
	}
	lit, ok := e.(*ast.BasicLit)
	require.True(t, ok)
	text, err := strconv.Unquote(lit.Value)
	require.NoError(t, err)
	return text
}
