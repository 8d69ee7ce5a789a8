// Package model runs the Spin models of this folder: each must hold, and each of
// its mutants must be refuted, so that the model is known to be able to fail.
package model

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLease(t *testing.T) {
	need(t, "spin", "spin")
	need(t, "gcc", "gcc")
	for _, c := range []struct {
		name, define string
		holds        bool
	}{
		{"the database checks the epoch", "", true},
		{"mutant without the epoch check", "NO_EPOCH_CHECK", false},
		{"mutant without the row lock", "NO_ROW_LOCK", false},
		{"mutant whose takeover keeps the epoch", "SAME_EPOCH", false},
		{"a second epoch is reached", "REACH", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := verify(t, "lease.pml", c.define)
			if c.holds {
				require.Contains(t, out, "errors: 0", out)
				require.NotContains(t, out, "search depth too small", out)
				require.NotContains(t, out, "Search not completed", out)
				return
			}
			require.Contains(t, out, "errors: 1", out)
			require.Contains(t, out, "assertion violated", out)
		})
	}
}

// need fails the test unless the command of the Debian package is there.
func need(t *testing.T, command, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		t.Fatalf("%s is missing: install the package %s", command, pkg)
	}
}

// verify searches every state of the model and returns what the verifier says.
func verify(t *testing.T, model, define string) string {
	t.Helper()
	path, err := filepath.Abs(model)
	require.NoError(t, err)
	dir := t.TempDir()
	args := []string{"-a"}
	if define != "" {
		args = append(args, "-D"+define)
	}
	run(t, dir, "spin", append(args, path)...)
	run(t, dir, "gcc", "-O2", "-w", "-DSAFETY", "-DMEMLIM=2048", "-o", "pan", "pan.c")
	// The claim is a safety property: a violation is a finite run. The depth is
	// far above what the complete search reaches.
	return run(t, dir, "./pan", "-m2000000")
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if strings.HasPrefix(name, "./") {
		name = filepath.Join(dir, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, fmt.Sprintf("%s %v: %s", name, args, out))
	if m := regexp.MustCompile(`\d+ states, stored`).Find(out); m != nil {
		t.Logf("%s", m)
	}
	return string(out)
}
