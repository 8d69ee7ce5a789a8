package config

import (
	"flag"
	"fmt"
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

// Copies leave this machine encrypted for two keys, over TLS, locked for a time that
// somebody chose; half a setting does not start.
func TestCheckOfTheObjectStore(t *testing.T) {
	at := func(change func(*Config)) error {
		c := Config{
			Listen: "127.0.0.1:1", MediaAddress: []string{"::1"}, S3Endpoint: "https://s3.example:9000", S3Bucket: "evidence",
			S3KeyFile: "key", S3RetainDays: 3650, S3Recipient: []string{"age1a", "age1b"},
		}
		change(&c)
		return c.Check()
	}
	require.NoError(t, at(func(*Config) {}))
	require.NoError(t, at(func(c *Config) { c.S3Endpoint = "http://127.0.0.1:9000/" }))
	require.NoError(t, at(func(c *Config) { *c = Config{Listen: c.Listen, MediaAddress: c.MediaAddress} }))
	for name, change := range map[string]func(*Config){
		"in clear":            func(c *Config) { c.S3Endpoint = "http://s3.example" },
		"no scheme":           func(c *Config) { c.S3Endpoint = "s3.example" },
		"a password":          func(c *Config) { c.S3Endpoint = "https://a:b@s3.example" },
		"a path":              func(c *Config) { c.S3Endpoint = "https://s3.example/x" },
		"no endpoint":         func(c *Config) { c.S3Endpoint = "" },
		"no bucket":           func(c *Config) { c.S3Bucket = "" },
		"no key":              func(c *Config) { c.S3KeyFile = "" },
		"no time":             func(c *Config) { c.S3RetainDays = 0 },
		"more than a century": func(c *Config) { c.S3RetainDays = 36501 },
		"one recipient":       func(c *Config) { c.S3Recipient = c.S3Recipient[:1] },
		"one key twice":       func(c *Config) { c.S3Recipient = []string{"age1a", " age1a"} },
	} {
		require.ErrorContains(t, at(change), "s3-", name)
	}
}

func TestCheckOfTheDataSharingPlatform(t *testing.T) {
	at := func(change func(*Config)) error {
		c := Config{Listen: "127.0.0.1:1", MediaAddress: []string{"127.0.0.1"}, LGSPURL: "https://lgsp.example/reports", LGSPTokenFile: "token"}
		change(&c)
		return c.Check()
	}
	require.NoError(t, at(func(*Config) {}))
	require.NoError(t, at(func(c *Config) { c.LGSPURL = "http://127.0.0.1:9000/" }))
	require.NoError(t, at(func(c *Config) { c.LGSPTokenFile, c.LGSPCert, c.LGSPKey = "", "cert", "key" }))
	for name, change := range map[string]func(*Config){
		"in clear":   func(c *Config) { c.LGSPURL = "http://lgsp.example" },
		"no scheme":  func(c *Config) { c.LGSPURL = "lgsp.example" },
		"a password": func(c *Config) { c.LGSPURL = "https://a:b@lgsp.example" },
		"no address": func(c *Config) { c.LGSPURL = "" },
		"nobody":     func(c *Config) { c.LGSPTokenFile = "" },
		"no key":     func(c *Config) { c.LGSPCert = "cert" },
	} {
		require.ErrorContains(t, at(change), "lgsp-", name)
	}
}

func TestCheckOfTheRelay(t *testing.T) {
	base := Config{Listen: "127.0.0.1:1", MediaAddress: []string{"192.0.2.1", "2001:db8::1"}}
	plain, overTLS := base.RelayAddrs()
	require.Empty(t, plain)
	require.Empty(t, overTLS)
	ok := base
	ok.RelayPort, ok.RelayTLS, ok.RelayHost = 3478, []string{"192.0.2.2:443"}, "relay.court.example"
	ok.RelayCert, ok.RelayKey = "c", "k"
	require.NoError(t, ok.Check())
	plain, overTLS = ok.RelayAddrs()
	require.Equal(t, "[192.0.2.1:3478 [2001:db8::1]:3478] [192.0.2.2:443]", fmt.Sprint(plain, " ", overTLS))
	for name, change := range map[string]func(*Config){
		"TLS alone":                    func(c *Config) { c.RelayPort = 0 },
		"TCP on the port of UDP":       func(c *Config) { c.MediaPort, c.MediaTCPPort = 7000, 7000 },
		"TCP on the port of the relay": func(c *Config) { c.MediaTCPPort = c.RelayPort },
		"every address":                func(c *Config) { c.RelayTLS = []string{"0.0.0.0:443"} },
		"no port":                      func(c *Config) { c.RelayTLS = []string{"192.0.2.2"} },
		"no certificate":               func(c *Config) { c.RelayCert, c.RelayKey = "", "" },
		"half":                         func(c *Config) { c.RelayKey = "" },
		"an address as it":             func(c *Config) { c.RelayHost = "https://relay.court.example" },
	} {
		c := ok
		change(&c)
		require.Error(t, c.Check(), name)
	}
}
