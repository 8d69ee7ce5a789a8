package signer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"phientoa/internal/cades"
)

// Client speaks to a signer process and implements ledger.Signer. It dials when
// first used and again after a failure; it never repeats a request by itself,
// since a lost answer may have changed the key (ledger asks again).
type Client struct {
	socket  string
	timeout time.Duration

	mu   sync.Mutex
	conn net.Conn
}

// NewClient returns a client of the socket. timeout bounds one request, default 2 s.
func NewClient(socket string, timeout time.Duration) *Client {
	if timeout <= 0 {
		timeout = 2 * time.Second
	}
	return &Client{socket: socket, timeout: timeout}
}

// Close ends the connection; a later request dials again.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drop()
}

func (c *Client) drop() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// Certify implements ledger.Signer.
func (c *Client) Certify(ctx context.Context, origin string) (json.RawMessage, error) {
	a, err := c.ask(ctx, request{Op: "certify", Origin: origin})
	return a.Statement, err
}

// Sign implements ledger.Signer.
func (c *Client) Sign(ctx context.Context, origin string, text []byte) ([]byte, error) {
	a, err := c.ask(ctx, request{Op: "sign", Origin: origin, Text: text})
	return a.Line, err
}

// Rotate implements ledger.Signer.
func (c *Client) Rotate(ctx context.Context, origin string) (json.RawMessage, error) {
	a, err := c.ask(ctx, request{Op: "rotate", Origin: origin})
	return a.Statement, err
}

// Seal asks for the node's seal over a SHA-256; see Sealer.Seal.
func (c *Client) Seal(ctx context.Context, origin string, digest [sha256.Size]byte) ([]byte, error) {
	a, err := c.ask(ctx, request{Op: "seal", Origin: origin, Digest: digest[:]})
	return a.DER, err
}

// Countersign asks for the court's seal over a SHA-256; nil when the signer holds no
// key of the court.
func (c *Client) Countersign(ctx context.Context, origin string, digest [sha256.Size]byte) ([]byte, error) {
	a, err := c.ask(ctx, request{Op: "countersign", Origin: origin, Digest: digest[:]})
	return a.DER, err
}

// SignDocument asks for the node's signature of a PDF; see Sealer.SignDocument.
func (c *Client) SignDocument(ctx context.Context, digest [sha256.Size]byte) ([]byte, error) {
	a, err := c.ask(ctx, request{Op: "document", Digest: digest[:]})
	return a.DER, err
}

// Holds tells whether the signer answers, and whether it holds the court's key. It
// uses no key.
func (c *Client) Holds(ctx context.Context) (court bool, err error) {
	a, err := c.ask(ctx, request{Op: "ping"})
	return a.Court, err
}

// Stamp asks for a token of the local timestamp authority over a SHA-256.
func (c *Client) Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	a, err := c.ask(ctx, request{Op: "stamp", Digest: imprint[:]})
	return a.DER, err
}

// List asks for the list of revoked certificates of the local authority as of now; nil
// when the signer makes none.
func (c *Client) List(ctx context.Context) (*x509.RevocationList, error) {
	a, err := c.ask(ctx, request{Op: "list"})
	if err != nil || a.DER == nil {
		return nil, err
	}
	l, err := cades.ParseList(a.DER)
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	return l, nil
}

// Lists is List (DER) where one of the certificates is of an issuer of its name; see
// Sealer.Lists.
func (c *Client) Lists(ctx context.Context, certs []*x509.Certificate) ([][]byte, error) {
	l, err := c.List(ctx)
	if err != nil || l == nil || !slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, l.RawIssuer) }) {
		return nil, err
	}
	return [][]byte{l.Raw}, nil
}

// Ping tells whether the signer answers this process. It uses no key.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.ask(ctx, request{Op: "ping"})
	return err
}

func (c *Client) ask(ctx context.Context, req request) (a answer, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if c.conn == nil {
		if c.conn, err = (&net.Dialer{}).DialContext(ctx, "unix", c.socket); err != nil {
			c.conn = nil
			return a, fmt.Errorf("signer: %w", err)
		}
	}
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if err = writeFrame(conn, req); err == nil {
		err = readFrame(conn, &a)
	}
	if !stop() || err != nil { // the connection may hold half a frame
		err = errors.Join(err, ctx.Err())
		return answer{}, errors.Join(fmt.Errorf("signer: %w", err), c.drop())
	}
	return a, a.err()
}
