package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/edge"
)

// Whatever stands in the headers: the address behind Guard is always one, it is
// one that stood in the header or the proxy's own, and no header is left.
func FuzzForwardedFor(f *testing.F) {
	for _, s := range []string{"", "198.51.100.1", "1.1.1.1, 10.0.0.1", "x", ",,,", "::1%eth0", "[::1]:80", "fe80::1%25lo", "1.1.1.1,\x00"} {
		f.Add(s, s)
	}
	p, err := edge.ParseProxies([]string{"10.0.0.0/8"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, first, second string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "10.0.0.1:7"
		r.Header = http.Header{"X-Forwarded-For": {first, second}, "X-Forwarded-Proto": {"https"}}
		served := false
		p.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			served = true
			a, err := netip.ParseAddrPort(r.RemoteAddr)
			require.NoError(t, err, "%q %q", first, second)
			require.Empty(t, a.Addr().Zone())
			require.Empty(t, r.Header)
		})).ServeHTTP(httptest.NewRecorder(), r)
		require.True(t, served)
	})
}
