package pki

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RevokedFile names the certificates of the local authority that hold no longer, in
// its directory: a line each with the serial number (hex) and the time from which on
// (RFC 3339), more behind them being a remark; '#' begins a comment. No file: none.
const RevokedFile = "revoked.txt"

// listFor is how long a list of the local authority is in force: until then a seal
// without a timestamp can be judged by it.
const listFor = 30 * 24 * time.Hour

// List returns the list of revoked certificates of the local authority as of now
// (DER, RFC 5280). Its number is the time, so that later ones have greater ones. The
// reason is never told: a revoked key counts as stolen.
func (i Identity) List(now time.Time, rand io.Reader) ([]byte, error) {
	entries, err := i.revoked()
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateRevocationList(rand, &x509.RevocationList{
		Number: big.NewInt(now.UnixMicro()), ThisUpdate: now, NextUpdate: now.Add(listFor), RevokedCertificateEntries: entries,
	}, i.CA, i.CAKey)
	if err != nil {
		return nil, fmt.Errorf("pki: revocation list: %w", err)
	}
	return der, nil
}

// revoked reads RevokedFile. A line that cannot be read is an error: a list that left
// it out would vouch for what was revoked.
func (i Identity) revoked() (out []x509.RevocationListEntry, err error) {
	b, err := os.ReadFile(filepath.Join(i.Dir, RevokedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		var serial *big.Int
		ok := len(words) > 1
		if ok {
			serial, ok = new(big.Int).SetString(strings.ReplaceAll(words[0], ":", ""), 16)
		}
		if !ok || serial.Sign() <= 0 {
			return nil, fmt.Errorf("pki: %s, line %d: want a serial number in hex and a time", RevokedFile, n)
		}
		at, err := time.Parse(time.RFC3339, words[1])
		if err != nil {
			return nil, fmt.Errorf("pki: %s, line %d: %w", RevokedFile, n, err)
		}
		out = append(out, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: at.UTC()})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("pki: %s: %w", RevokedFile, err)
	}
	return out, nil
}
