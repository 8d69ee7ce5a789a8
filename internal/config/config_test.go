package config

import (
	"flag"
	"os"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

func TestPageIsUpToDate(t *testing.T) {
	const path = "../../docs/configuration.md"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(Page()), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, Page(), string(got), "run: make generate")
}

func TestEverySettingIsDocumented(t *testing.T) {
	for i := range reflect.TypeFor[Config]().NumField() {
		f := reflect.TypeFor[Config]().Field(i)
		for _, tag := range []string{"name", "env", "help"} {
			require.NotEmpty(t, f.Tag.Get(tag), "%s has no %s", f.Name, tag)
		}
	}
}

func TestCheck(t *testing.T) {
	ok := Config{MediaAddress: []string{"127.0.0.1", "::1"}, Origins: []string{"https://a.example", "http://b.localhost:8080"}}
	require.NoError(t, ok.Check())
	require.Len(t, ok.Addrs(), 2)
	for name, c := range map[string]Config{
		"no address":     {},
		"not an address": {MediaAddress: []string{"localhost"}},
		"path":           {MediaAddress: []string{"::1"}, Origins: []string{"https://a.example/x"}},
		"slash":          {MediaAddress: []string{"::1"}, Origins: []string{"https://a.example/"}},
		"wildcard":       {MediaAddress: []string{"::1"}, Origins: []string{"*"}},
		"null":           {MediaAddress: []string{"::1"}, Origins: []string{"null"}},
	} {
		require.Error(t, c.Check(), name)
	}
}
