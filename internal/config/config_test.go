package config

import (
	"flag"
	"os"
	"reflect"
	"testing"
	"time"

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
	ok := Config{Listen: "127.0.0.1:8080", MediaAddress: []string{"127.0.0.1", "::1"}, Origins: []string{"https://a.example", "http://b.localhost:8080"}}
	require.NoError(t, ok.Check())
	require.Len(t, ok.Addrs(), 2)
	ok.HelpPhone = "(+84) 236.382-1234"
	require.NoError(t, ok.Check())
	for name, c := range map[string]Config{
		"no address":     {Listen: "127.0.0.1:1"},
		"not an address": {Listen: "127.0.0.1:1", MediaAddress: []string{"localhost"}},
		"path":           {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, Origins: []string{"https://a.example/x"}},
		"slash":          {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, Origins: []string{"https://a.example/"}},
		"wildcard":       {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, Origins: []string{"*"}},
		"phone in words": {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, HelpPhone: "gọi Thư ký"},
		"phone too long": {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, HelpPhone: "0123456789 0123456789 0123456789"},
		"phone of signs": {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, HelpPhone: "+-()"},
		"null":           {Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, Origins: []string{"null"}},
	} {
		require.Error(t, c.Check(), name)
	}
}

// A server that nobody could join does not start, and says what to give.
func TestServeNeedsAnOrigin(t *testing.T) {
	c := Config{Listen: "127.0.0.1:8080", MediaAddress: []string{"127.0.0.1"}}
	require.NoError(t, c.Check())
	require.ErrorContains(t, c.CheckServe(), "--origin https://")
	c.Origins = []string{"https://a.example"}
	require.NoError(t, c.CheckServe())
	c.Origins = []string{"a.example"}
	require.Error(t, c.CheckServe())
}

// Cookies and invitations never cross a network in clear by mistake.
func TestCheckOfTheEdge(t *testing.T) {
	at := func(listen string, change func(*Config)) error {
		c := Config{Listen: listen, MediaAddress: []string{"::1"}}
		if change != nil {
			change(&c)
		}
		return c.Check()
	}
	tls := func(c *Config) { c.TLSCert, c.TLSKey = "a", "b" }
	proxy := func(c *Config) { c.TrustedProxy = []string{"10.0.0.0/8"} }
	for _, l := range []string{"127.0.0.1:8080", "[::1]:8080", "localhost:8080"} {
		require.NoError(t, at(l, nil), l)
	}
	for _, l := range []string{"", ":8080", "0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "court.example:8080"} {
		require.Error(t, at(l, nil), l)
		require.NoError(t, at(l, tls), l)
		require.NoError(t, at(l, proxy), l)
	}
	for name, change := range map[string]func(*Config){
		"key without certificate": func(c *Config) { c.TLSKey = "b" },
		"certificate without key": func(c *Config) { c.TLSCert = "a" },
		"client-ca without TLS":   func(c *Config) { c.ClientCA = "c" },
		"everybody is trusted":    func(c *Config) { c.TrustedProxy = []string{"0.0.0.0/0"} },
		"long drain":              func(c *Config) { c.DrainDelay = 6 * time.Minute },
		"long stop":               func(c *Config) { c.StopTimeout = time.Hour },
	} {
		require.Error(t, at("127.0.0.1:1", change), name)
	}
}
