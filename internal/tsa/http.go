//go:build !verifier

package tsa

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Request renders a TimeStampReq (RFC 3161, 2.4.1) over a SHA-256 that asks for
// the authority's certificate.
func Request(imprint [sha256.Size]byte, nonce *big.Int) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addImprint(b, imprint)
		b.AddASN1BigInt(nonce)
		b.AddASN1Boolean(true)
	})
	return b.Bytes()
}

// Token takes the token out of a TimeStampResp (RFC 3161, 2.4.2).
func Token(response []byte) ([]byte, error) {
	in := cryptobyte.String(response)
	var resp, status, token cryptobyte.String
	var code int64
	if !in.ReadASN1(&resp, cbasn1.SEQUENCE) || !in.Empty() || !resp.ReadASN1(&status, cbasn1.SEQUENCE) || !status.ReadASN1Integer(&code) {
		return nil, fmt.Errorf("%w: answer", ErrSyntax)
	}
	if code != 0 && code != 1 { // granted, granted with modifications
		return nil, fmt.Errorf("%w: status %d", ErrRefused, code)
	}
	if !resp.ReadASN1Element(&token, cbasn1.SEQUENCE) || !resp.Empty() {
		return nil, fmt.Errorf("%w: answer without a token", ErrSyntax)
	}
	return token, nil
}

// Client asks an authority over HTTP (RFC 3161, 3.4).
type Client struct {
	URL  string
	HTTP *http.Client // its timeout bounds a request
	Rand io.Reader
}

// Stamp returns a token over a SHA-256, checked to answer this request.
func (c *Client) Stamp(ctx context.Context, imprint [sha256.Size]byte) (_ []byte, err error) {
	var raw [8]byte
	if _, err := io.ReadFull(c.Rand, raw[:]); err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	raw[0] = raw[0]&0x3f | 0x40 // positive, always 8 bytes
	nonce := new(big.Int).SetBytes(raw[:])
	body, err := Request(imprint, nonce)
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: HTTP %d", ErrRefused, resp.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, MaxToken+1))
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	token, err := Token(answer)
	if err != nil {
		return nil, err
	}
	info, err := Verify(token, imprint)
	if err != nil {
		return nil, err
	}
	if info.Nonce == nil || info.Nonce.Cmp(nonce) != 0 {
		return nil, ErrNonce
	}
	return token, nil
}
