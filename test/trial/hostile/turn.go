package hostile

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v4"

	"phientoa/internal/wire"
)

// TurnReport is what a relay was talked into.
type TurnReport struct {
	Kinds   int      `json:"kinds"`   // of forbidden addresses
	Asked   int      `json:"asked"`   // requests that named one
	Granted []string `json:"granted"` // what was not refused with 403
	Ways    []string `json:"ways"`    // transports that were tried
	// Media: the media address itself is permitted over each way, so that a refusal
	// means something.
	Media bool `json:"media"`
}

// ForbiddenKinds are addresses of the kinds that a relay was ever talked into reaching
// (RFC 6890; CVE-2020-26262, CVE-2026-27624), each with the port of the media address,
// so that the address alone decides; then the media address with other ports.
func ForbiddenKinds(media netip.AddrPort) []netip.AddrPort {
	var all []netip.AddrPort
	for _, a := range []string{
		"0.0.0.0", "0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.0.1",
		"172.16.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
		"203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "8.8.8.8",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1",
		"2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2606:4700::1111",
	} {
		all = append(all, netip.AddrPortFrom(netip.MustParseAddr(a), media.Port()))
	}
	for _, p := range []uint16{1, 22, 53, 80, 443, 5432, 8080, 9090} {
		all = append(all, netip.AddrPortFrom(media.Addr(), p))
	}
	return all
}

// ProbeRelay asks for a way to each forbidden kind, by each method that names a peer
// (RFC 8656, RFC 6062), over each of the relay's transports.
func ProbeRelay(ctx context.Context, relay *wire.MediaRelay, media netip.AddrPort) (r TurnReport, err error) {
	all := ForbiddenKinds(media)
	r.Kinds, r.Media = len(all), true
	for _, u := range relay.Urls {
		c, err := dialTurn(ctx, u, relay)
		if err != nil {
			return r, fmt.Errorf("hostile: relay over %s: %w", u, err)
		}
		err = c.probe(&r, all, media)
		_ = c.conn.Close()
		if err != nil {
			return r, fmt.Errorf("hostile: relay over %s: %w", u, err)
		}
		r.Ways = append(r.Ways, u)
	}
	return r, nil
}

func (c *turnClient) probe(r *TurnReport, all []netip.AddrPort, media netip.AddrPort) error {
	const udp = 17
	code, err := c.ask(stun.MethodAllocate, attribute(stun.AttrRequestedTransport, udp, 0, 0, 0))
	if err != nil || code != 0 {
		return errors.Join(err, fmt.Errorf("allocate: %d", code))
	}
	for _, to := range all {
		for name, request := range map[string]func() (stun.ErrorCode, error){
			"CreatePermission": func() (stun.ErrorCode, error) { return c.ask(stun.MethodCreatePermission, peer(to)) },
			"ChannelBind": func() (stun.ErrorCode, error) {
				return c.ask(stun.MethodChannelBind, attribute(stun.AttrChannelNumber, 0x40, 1, 0, 0), peer(to))
			},
			"Connect": func() (stun.ErrorCode, error) { return c.ask(stun.MethodConnect, peer(to)) },
		} {
			code, err := request()
			if err != nil {
				return fmt.Errorf("%s %v: %w", name, to, err)
			}
			r.Asked++
			if code != stun.CodeForbidden {
				r.Granted = append(r.Granted, fmt.Sprintf("%s %v: %d", name, to, code))
			}
		}
		if err := c.indicate(to); err != nil {
			return err
		}
	}
	code, err = c.ask(stun.MethodCreatePermission, peer(media), peer(all[6]))
	if err != nil {
		return err
	}
	if code != stun.CodeForbidden {
		r.Granted = append(r.Granted, "a forbidden address behind the media address")
	}
	code, err = c.ask(stun.MethodCreatePermission, peer(media))
	r.Media = r.Media && code == 0
	if err != nil {
		return err
	}
	// With the permission for the address, its other ports are still out of reach.
	for _, to := range slices.DeleteFunc(slices.Clone(all), func(a netip.AddrPort) bool { return a.Addr() != media.Addr() }) {
		if err := c.indicate(to); err != nil {
			return err
		}
	}
	_, err = c.ask(stun.MethodRefresh)
	return err
}

// turnClient speaks TURN by hand, so that it may say what no client says.
type turnClient struct {
	conn  net.Conn
	in    *bufio.Reader // nil: datagrams
	relay *wire.MediaRelay
	nonce stun.Nonce
	realm stun.Realm
}

func dialTurn(ctx context.Context, u string, relay *wire.MediaRelay) (*turnClient, error) {
	scheme, rest, _ := strings.Cut(u, ":")
	host, way, _ := strings.Cut(rest, "?transport=")
	c := &turnClient{relay: relay}
	d := net.Dialer{Timeout: answerWithin}
	var err error
	switch {
	case scheme == "turns":
		t := tls.Dialer{NetDialer: &d, Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // a certificate made for the run
		c.conn, err = t.DialContext(ctx, "tcp", host)
	case way == "tcp":
		c.conn, err = d.DialContext(ctx, "tcp", host)
	default:
		c.conn, err = d.DialContext(ctx, "udp", host)
		return c, err
	}
	if err == nil {
		c.in = bufio.NewReader(c.conn)
	}
	return c, err
}

// ask sends a request, with credentials once the relay asked for them, and gives the
// code of its answer, 0 for success.
func (c *turnClient) ask(method stun.Method, set ...stun.Setter) (stun.ErrorCode, error) {
	for {
		all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, set...)
		if len(c.nonce) > 0 {
			all = append(all, stun.NewUsername(c.relay.Username), c.realm, c.nonce,
				stun.NewLongTermIntegrity(c.relay.Username, c.realm.String(), c.relay.Credential))
		}
		m, err := stun.Build(all...)
		if err != nil {
			return 0, err
		}
		answer, err := c.exchange(m)
		if err != nil {
			return 0, err
		}
		code := codeOf(answer)
		if code != stun.CodeUnauthorized && code != stun.CodeStaleNonce || code == stun.CodeUnauthorized && len(c.nonce) > 0 {
			return code, nil
		}
		if err := errors.Join(c.nonce.GetFrom(answer), c.realm.GetFrom(answer)); err != nil {
			return 0, err
		}
	}
}

// exchange sends until the answer comes; a line may lose a datagram.
func (c *turnClient) exchange(m *stun.Message) (*stun.Message, error) {
	for end := time.Now().Add(answerWithin); ; {
		if _, err := c.conn.Write(m.Raw); err != nil {
			return nil, err
		}
		answer, err := c.read(m.TransactionID)
		if err == nil || c.in != nil || time.Now().After(end) {
			return answer, err
		}
	}
}

// read gives the message of this transaction, passing over all others.
func (c *turnClient) read(id [stun.TransactionIDSize]byte) (*stun.Message, error) {
	wait := time.Second
	if c.in != nil {
		wait = answerWithin
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(wait))
	for {
		b := make([]byte, 2000)
		if c.in == nil {
			n, err := c.conn.Read(b)
			if err != nil {
				return nil, err
			}
			b = b[:n]
		} else {
			head, err := c.in.Peek(4)
			if err != nil {
				return nil, err
			}
			size := 20 + int(binary.BigEndian.Uint16(head[2:]))
			if size > len(b) {
				return nil, fmt.Errorf("a message of %d bytes", size)
			}
			b = b[:size]
			if _, err := io.ReadFull(c.in, b); err != nil {
				return nil, err
			}
		}
		answer := &stun.Message{Raw: b}
		if err := answer.Decode(); err == nil && answer.TransactionID == id {
			return answer, nil
		}
	}
}

// indicate sends data to a peer, which nothing answers.
func (c *turnClient) indicate(to netip.AddrPort) error {
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peer(to), attribute(stun.AttrData, []byte("không được tới đây..")...))
	if err != nil {
		return err
	}
	_, err = c.conn.Write(m.Raw)
	return err
}

func codeOf(m *stun.Message) stun.ErrorCode {
	var e stun.ErrorCodeAttribute
	if m.Type.Class != stun.ClassErrorResponse || e.GetFrom(m) != nil {
		return 0
	}
	return e.Code
}

func attribute(t stun.AttrType, v ...byte) stun.Setter { return stun.RawAttribute{Type: t, Value: v} }

// peer is XOR-PEER-ADDRESS in exactly the family in which the address is written.
type peer netip.AddrPort

// AddTo writes it.
func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	family, ip := byte(2), a.Addr().AsSlice()
	if a.Addr().Is4() {
		family = 1
	}
	mask := append([]byte{0x21, 0x12, 0xa4, 0x42}, m.TransactionID[:]...)
	v := []byte{0, family, byte(a.Port()>>8) ^ mask[0], byte(a.Port()) ^ mask[1]}
	for i, b := range ip {
		v = append(v, b^mask[i])
	}
	m.Add(stun.AttrXORPeerAddress, v)
	return nil
}
