// Package revocation tells by lists (CRLs, RFC 5280) whether certificates held at a
// time in the past, and gets such lists from files and addresses of the configuration.
// Judging never asks a network.
package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

// Skew is by how much the clocks of two authorities may differ.
const Skew = time.Minute

// State is what lists say of certificates.
type State string

// States.
const (
	// Good: a list of the issuer speaks of the time, and does not name the certificate.
	Good State = "good"
	// Revoked: a list names it, as revoked early enough to count.
	Revoked State = "revoked"
	// None: there is no list of the issuer that could be used.
	None State = "no-list"
	// Stale: the lists of the issuer are older than the time asked about, so that a
	// revocation in between would not stand in them; or newer than the certificate's
	// end, after which it is not named any more (RFC 5280, 3.3).
	Stale State = "stale-list"
)

// Finding is what is known of the certificates of a chain.
type Finding struct {
	State State
	// Certificate is the first that is not good; nil: all are.
	Certificate *x509.Certificate
	// At is, of Revoked the time of the revocation, of Stale when the newest list of
	// the issuer was made, of Good when the oldest one used was made.
	At time.Time
}

// Question asks about the certificates of a chain.
type Question struct {
	// At is the time at which they were used, as somebody proved it.
	At time.Time
	// Present says that At is now, for want of proof of another time: then a list must
	// be in force (not past its next update), not made after At.
	Present bool
	// Until is when the use is known to have been over at the latest, of timestamp
	// authorities: who has their key makes tokens of any earlier time, so a revocation
	// until then counts unless its reason says that the key was safe (RFC 3161, 4.1).
	// Zero: only revocations until At count.
	Until time.Time
}

// Check judges every certificate of a chain but its last, which is the root.
func Check(chain []*x509.Certificate, lists []*x509.RevocationList, q Question) Finding {
	all := Finding{State: Good}
	for i := range len(chain) - 1 {
		f := one(chain[i], chain[i+1], lists, q)
		if f.State != Good {
			return f
		}
		if all.At.IsZero() || f.At.Before(all.At) {
			all.At = f.At
		}
	}
	return all
}

func one(c, issuer *x509.Certificate, lists []*x509.RevocationList, q Question) Finding {
	out := Finding{State: None, Certificate: c}
	for _, l := range lists {
		if !usable(l, issuer) {
			continue
		}
		if at, gone := named(l, c, q); gone {
			return Finding{State: Revoked, Certificate: c, At: at}
		}
		switch fresh := speaks(l, c, q); {
		case fresh && (out.State != Good || l.ThisUpdate.After(out.At)):
			out.State, out.At = Good, l.ThisUpdate
		case !fresh && (out.State == None || out.State == Stale && l.ThisUpdate.After(out.At)):
			out.State, out.At = Stale, l.ThisUpdate
		}
	}
	return out
}

// usable tells whether a list is the issuer's and of a kind that is understood: not
// partial, not indirect, not a delta, all of which say so by critical extensions.
func usable(l *x509.RevocationList, issuer *x509.Certificate) bool {
	if !bytes.Equal(l.RawIssuer, issuer.RawSubject) || l.CheckSignatureFrom(issuer) != nil {
		return false
	}
	if slices.ContainsFunc(l.Extensions, critical) {
		return false
	}
	return !slices.ContainsFunc(l.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
		return slices.ContainsFunc(e.Extensions, critical)
	})
}

func critical(x pkix.Extension) bool { return x.Critical }

// speaks tells whether a list knows of a revocation until the time.
func speaks(l *x509.RevocationList, c *x509.Certificate, q Question) bool {
	if l.ThisUpdate.After(c.NotAfter) {
		return false
	}
	if q.Present {
		return !l.NextUpdate.Before(q.At) && !l.ThisUpdate.After(q.At.Add(Skew))
	}
	return !l.ThisUpdate.Add(Skew).Before(q.At)
}

// harmless are the reasons of a revocation after which earlier uses of the key hold (RFC 3161, 4.1):
// unspecified, affiliation changed, superseded, cessation of operation.
func harmless(reason int) bool { return reason == 0 || reason == 3 || reason == 4 || reason == 5 }

// named tells whether a list names the certificate as revoked early enough to count.
func named(l *x509.RevocationList, c *x509.Certificate, q Question) (time.Time, bool) {
	for _, e := range l.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(c.SerialNumber) != 0 {
			continue
		}
		limit := q.At
		said := slices.ContainsFunc(e.Extensions, func(x pkix.Extension) bool { return x.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 21}) })
		if q.Until.After(limit) && (!said || !harmless(e.ReasonCode)) {
			limit = q.Until
		}
		if !e.RevocationTime.After(limit) {
			return e.RevocationTime, true
		}
	}
	return time.Time{}, false
}
