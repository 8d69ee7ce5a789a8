package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bill of materials lists every module that is linked in, by the version
// that is linked in, and what the browser gets; nothing of the tools.
func TestBillOfMaterialsIsComplete(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	make := func() []byte {
		out := filepath.Join(t.TempDir(), "dist", "sbom.json")
		msg, err := exec.Command("../../scripts/sbom.sh", self, out).CombinedOutput()
		require.NoError(t, err, string(msg))
		b, err := os.ReadFile(out)
		require.NoError(t, err)
		return b
	}
	b := make()
	require.Equal(t, string(b), string(make()), "the same binary gives the same bytes")
	var bom struct {
		BOMFormat, SpecVersion, SerialNumber string
		Components                           []struct {
			Name, Version, Purl string
			Hashes              []struct{ Alg, Content string }
		}
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	require.NoError(t, json.Unmarshal(b, &bom))
	require.Equal(t, "CycloneDX", bom.BOMFormat)
	require.Regexp(t, `^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`, bom.SerialNumber)
	got := map[string]string{}
	for _, c := range bom.Components {
		require.NotContains(t, got, c.Purl, "twice")
		got[c.Purl] = c.Version
		if strings.HasPrefix(c.Purl, "pkg:npm/") {
			require.Len(t, c.Hashes, 1, c.Purl)
			require.Len(t, c.Hashes[0].Content, 128, c.Purl)
		}
	}
	info, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	require.Greater(t, len(info.Deps), 20)
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		require.Contains(t, got, "pkg:golang/"+d.Path+"@"+strings.ReplaceAll(d.Version, "+", "%2B"))
	}
	require.Contains(t, got, "pkg:golang/std@"+strings.TrimPrefix(runtime.Version(), "go"))

	lock, err := os.ReadFile("../../web/package.json")
	require.NoError(t, err)
	var pkg struct{ Dependencies, DevDependencies map[string]string }
	require.NoError(t, json.Unmarshal(lock, &pkg))
	for name, version := range pkg.Dependencies {
		require.Contains(t, got, "pkg:npm/"+strings.Replace(name, "@", "%40", 1)+"@"+version)
	}
	for name, version := range pkg.DevDependencies {
		require.NotContains(t, got, "pkg:npm/"+strings.Replace(name, "@", "%40", 1)+"@"+version)
	}
	require.Len(t, bom.Dependencies[0].DependsOn, len(bom.Components))
}
