package signer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/internal/tsa"
)

// SealerParams makes a Sealer.
type SealerParams struct {
	Key         crypto.Signer // of the node: ECDSA, or RSA from 2048 bits
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // intermediate authorities, without the root
	// TSAKey and TSACertificate are of the local timestamp authority; nil: Stamp
	// is refused.
	TSAKey         crypto.Signer
	TSACertificate *x509.Certificate
	// List makes the list of revoked certificates of the local authority (DER), as of
	// a time; nil: Lists gives none.
	List func(now time.Time, rand io.Reader) ([]byte, error)
	// Court is the court's own key, which seals what the node has sealed; its zero
	// value: the court's seal is not made.
	Court Court
	Now   func() time.Time
	Rand  io.Reader
	// Rate and Burst bound seals and stamps, each; default 2 a second, 20.
	Rate  rate.Limit
	Burst int
}

// Court is a key of the court with its certificates, wherever the key is: in a file
// or on a token.
type Court struct {
	Key         crypto.Signer // ECDSA, or RSA from 2048 bits (used as PSS)
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // intermediate authorities, without the root
}

// Sealer seals archives with the node's key. It signs nothing but the CAdES
// attributes that it makes itself, with its own clock: no request can make it
// sign a checkpoint, a key statement or a certificate. It is safe for
// concurrent use as far as the keys are.
type Sealer struct {
	p                                       SealerParams
	seals, courts, stamps, lists, documents *rate.Limiter
}

// NewSealer checks its parameters.
func NewSealer(p SealerParams) (*Sealer, error) {
	if p.Key == nil || p.Certificate == nil || p.Now == nil || p.Rand == nil {
		return nil, errors.New("signer: Key, Certificate, Now and Rand are required")
	}
	if (p.Court.Key == nil) != (p.Court.Certificate == nil) {
		return nil, errors.New("signer: the court's key and certificate come together")
	}
	if c := p.Court.Certificate; c != nil && bytes.Equal(c.RawSubjectPublicKeyInfo, p.Certificate.RawSubjectPublicKeyInfo) {
		return nil, errors.New("signer: the court's key is the node's")
	}
	if p.Rate <= 0 {
		p.Rate, p.Burst = 2, 20
	}
	limiter := func() *rate.Limiter { return rate.NewLimiter(p.Rate, p.Burst) }
	return &Sealer{p: p, seals: limiter(), courts: limiter(), stamps: limiter(), lists: limiter(), documents: limiter()}, nil
}

// Seal returns a detached CAdES-BASELINE-B signature (DER) of the node over the
// manifest with this SHA-256. origin names the log of the archive.
func (s *Sealer) Seal(_ context.Context, origin string, digest [sha256.Size]byte) ([]byte, error) {
	return s.sign(s.seals, Court{s.p.Key, s.p.Certificate, s.p.Chain}, origin, digest)
}

// Holds tells whether it holds the court's key. One in this process always answers.
func (s *Sealer) Holds(context.Context) (court bool, err error) { return s.p.Court.Key != nil, nil }

// Countersign is Seal with the court's key; nil when it holds none.
func (s *Sealer) Countersign(_ context.Context, origin string, digest [sha256.Size]byte) ([]byte, error) {
	if s.p.Court.Key == nil {
		return nil, nil
	}
	return s.sign(s.courts, s.p.Court, origin, digest)
}

// SignDocument returns the CAdES signature (DER) of the node that a PDF takes, over the
// SHA-256 of the PDF's signed bytes. It states no signing time (ETSI EN 319 142-1, 6.3),
// and so can never stand for the seal of an archive, which has to state one.
func (s *Sealer) SignDocument(_ context.Context, digest [sha256.Size]byte) ([]byte, error) {
	if !s.documents.AllowN(s.p.Now(), 1) {
		return nil, ErrRate
	}
	return cades.Sign(cades.Params{Key: s.p.Key, Certificate: s.p.Certificate, Chain: s.p.Chain, Rand: s.p.Rand, Digest: digest})
}

func (s *Sealer) sign(limit *rate.Limiter, by Court, origin string, digest [sha256.Size]byte) ([]byte, error) {
	if !ledger.ValidOrigin(origin) {
		return nil, fmt.Errorf("%w: origin", ErrRefused)
	}
	now := s.p.Now()
	if !limit.AllowN(now, 1) {
		return nil, ErrRate
	}
	return cades.Sign(cades.Params{
		Key: by.Key, Certificate: by.Certificate, Chain: by.Chain, Time: now, Rand: s.p.Rand, Digest: digest,
	})
}

// Stamp returns a token (DER) of the local timestamp authority.
func (s *Sealer) Stamp(_ context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	if s.p.TSAKey == nil || s.p.TSACertificate == nil {
		return nil, fmt.Errorf("%w: there is no local timestamp authority", ErrRefused)
	}
	if !s.stamps.AllowN(s.p.Now(), 1) {
		return nil, ErrRate
	}
	a := tsa.Authority{Key: s.p.TSAKey, Certificate: s.p.TSACertificate, Now: s.p.Now, Rand: s.p.Rand}
	return a.Stamp(imprint, nil)
}

// Lists returns the list of revoked certificates of the local authority (DER) as of
// now, where one of the certificates is of the issuer of the node's; else none.
func (s *Sealer) Lists(_ context.Context, certs []*x509.Certificate) ([][]byte, error) {
	ours := slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, s.p.Certificate.RawIssuer) })
	if s.p.List == nil || !ours {
		return nil, nil
	}
	der, err := s.list()
	if err != nil {
		return nil, err
	}
	return [][]byte{der}, nil
}

func (s *Sealer) list() ([]byte, error) {
	if s.p.List == nil {
		return nil, nil
	}
	now := s.p.Now()
	if !s.lists.AllowN(now, 1) {
		return nil, ErrRate
	}
	return s.p.List(now, s.p.Rand)
}
