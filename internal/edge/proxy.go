package edge

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses whose X-Forwarded-For and X-Forwarded-Proto are
// believed. The zero value believes nobody.
type Proxies []netip.Prefix

// ParseProxies reads addresses and prefixes ("10.0.0.7", "10.1.0.0/16").
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			a = a.Unmap().WithZone("")
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("trusted-proxy %q: want an address or a prefix", s)
		}
		if p.Bits() == 0 {
			return nil, fmt.Errorf("trusted-proxy %q: that is everybody", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Has tells whether the address is a trusted proxy's.
func (p Proxies) Has(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(x netip.Prefix) bool { return x.Contains(a) })
}

// forwarded are the headers in which a proxy tells about the client. Nobody
// else's are passed on: further in, no code can believe them by mistake.
func forwarded() []string {
	return []string{
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
		"X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
	}
}

// Guard puts the client's own address into RemoteAddr when a trusted proxy
// tells it, and takes all such headers away: RemoteAddr is then the one truth.
// A request that came in clear is served only to a trusted proxy that says that
// the client's part is encrypted, and on this machine; anybody else gets 421,
// because a cookie or an invitation must not travel in clear.
func (p Proxies) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, "unknown address", http.StatusBadRequest)
			return
		}
		trusted := p.Has(peer.Addr())
		encrypted := r.TLS != nil || trusted && strings.EqualFold(last(r.Header.Values("X-Forwarded-Proto")), "https")
		if !encrypted && (trusted || !peer.Addr().Unmap().IsLoopback()) {
			http.Error(w, "Chỉ phục vụ qua HTTPS. / HTTPS only.", http.StatusMisdirectedRequest)
			return
		}
		if trusted {
			if client, ok := p.client(r.Header.Values("X-Forwarded-For")); ok {
				r.RemoteAddr = net.JoinHostPort(client.String(), "0")
			}
		}
		for _, h := range forwarded() {
			r.Header.Del(h)
		}
		if encrypted {
			// RFC 6797; two years. Not for names below: they may be somebody else's.
			w.Header().Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}

// last is the last element of a comma separated header: the one that the
// nearest proxy wrote.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	s := values[len(values)-1]
	return strings.TrimSpace(s[strings.LastIndexByte(s, ',')+1:])
}

// client is the rightmost address of X-Forwarded-For that is not a trusted
// proxy's own: whatever stands left of it was written by the client.
func (p Proxies) client(values []string) (netip.Addr, bool) {
	list := strings.Split(strings.Join(values, ","), ",")
	var best netip.Addr
	for _, s := range slices.Backward(list) {
		a, err := netip.ParseAddr(strings.TrimSpace(s))
		if err != nil {
			break // what is behind an unreadable element is nobody's word
		}
		best = a.Unmap().WithZone("")
		if !p.Has(best) {
			break
		}
	}
	return best, best.IsValid()
}
