package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The codes of docs/archive-format.md; what they mean is tested with the command.
func TestItVerifies(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 2, run(context.Background(), []string{filepath.Join(t.TempDir(), "none")}, &out, &out))
	require.Equal(t, 2, run(context.Background(), nil, &out, &out))
	out.Reset()
	require.Equal(t, 2, run(context.Background(), []string{t.TempDir(), "--lang", "en"}, &out, &out))
	require.Contains(t, out.String(), "CANNOT BE READ")
	require.Equal(t, 0, run(context.Background(), []string{"--help"}, &out, &out))
}

// Who only verifies runs neither a database nor a server of ours, and no recorder.
func TestWhatIsLinked(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags", "verifier", "-deps", ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as scripts/build.sh builds it
	list, err := cmd.Output()
	require.NoError(t, err)
	for _, banned := range []string{"database/sql\n", "modernc.org/", "github.com/jackc/", "phientoa/internal/store", "phientoa/signaling", "phientoa/web", "phientoa/sfu", "github.com/pion/", "net/http\n", "runtime/cgo"} {
		for line := range strings.Lines(string(list)) {
			require.False(t, strings.HasPrefix(line, banned), line)
		}
	}
}
