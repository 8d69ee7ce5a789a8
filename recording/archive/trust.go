package archive

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/revocation"
	"phientoa/internal/tsa"
)

// judged is a seal that holds, and its timestamp where that does.
type judged struct {
	entry string
	sig   *cades.Signature
	info  *tsa.Info
	out   *Seal
}

// archived is an archive timestamp as it was read.
type archived struct {
	manifest, token string
	xml             []byte
	info            *tsa.Info // nil: it does not hold
	out             *ArchiveStamp
}

// Vouched tells whether somebody who is trusted vouches for the whole: seals of
// trusted certificates, of which revocation lists say that they and those of the
// timestamps that are relied on were not revoked.
func (c Container) Vouched() bool {
	for _, s := range []*Seal{c.Seal, c.Court} {
		if s == nil {
			continue
		}
		if !s.Trusted || !s.Revocation.good() || (s.Timestamp != nil && s.Timestamp.Trusted && !s.Timestamp.Revocation.good()) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Archive, func(a *ArchiveStamp) bool { return a.Trusted && !a.Revocation.good() })
}

// tokens reads the archive timestamps and checks each token over its list.
func (v *verifier) tokens(n int) error {
	for i := 1; i <= n; i++ {
		a := archived{}
		a.manifest, a.token = asic.ArchiveNames(i, n)
		var err error
		if a.xml, err = v.c.ReadFile(a.manifest, asic.MaxManifest); err != nil {
			return err
		}
		der, err := v.c.ReadFile(a.token, cades.MaxSignature)
		if err != nil {
			return err
		}
		info, err := tsa.Verify(der, sha256.Sum256(a.xml))
		switch {
		case errors.Is(err, tsa.ErrImprint):
			v.damage(DamageTimestamp, a.token, v.at(a.token), "not over "+a.manifest+" as it is")
		case err != nil:
			v.damage(DamageTimestamp, a.token, v.at(a.token), err.Error())
		default:
			a.info = &info
		}
		v.stamps = append(v.stamps, a)
	}
	return nil
}

// describeStamp is what a token says, before anybody trusts it. sealed is the
// certificate of the node's seal.
func describeStamp(info tsa.Info, sealed *x509.Certificate) *Timestamp {
	c := info.Signature.Certificate
	return &Timestamp{
		Time: info.Time, Authority: c.Subject.CommonName, Policy: info.Policy,
		Internal: info.Policy == tsa.LocalPolicy || bytes.Equal(c.RawIssuer, sealed.RawIssuer),
		Ends:     ends([]*cades.Signature{info.Signature}),
	}
}

// archives compares the lists of the archive timestamps with what stands in the file,
// and their times with one another.
func (v *verifier) archives() {
	files := slices.Clone(v.list.Files)
	seals := len(v.own) - 2*len(v.stamps)
	for _, name := range v.own[:seals] {
		files = append(files, asic.FileDigest{Name: name})
	}
	before := stampedAt(v.signatures())
	previous := ""
	for _, a := range v.stamps {
		for i := range files {
			files[i].SHA256 = v.sums[files[i].Name]
		}
		want := asic.ArchiveManifest{Token: a.token, Previous: previous, Files: files}
		if !bytes.Equal(a.xml, want.XML()) {
			v.notStamped(a, want)
		}
		if a.info != nil {
			if err := notBefore(a.info.Time, before); err != nil {
				v.damage(DamageTimestamp, a.token, v.at(a.token), "given before what it covers: "+err.Error())
			}
			before = a.info.Time
		}
		previous = a.manifest
		files = append(files, asic.FileDigest{Name: a.manifest}, asic.FileDigest{Name: a.token})
	}
}

// notStamped names what is not as an archive timestamp says, where nothing else named
// it before.
func (v *verifier) notStamped(a archived, want asic.ArchiveManifest) {
	got, err := asic.ParseArchiveManifest(a.xml)
	if err != nil {
		v.damage(DamageManifest, a.manifest, v.at(a.manifest), err.Error())
		return
	}
	if got.Token != want.Token || got.Previous != want.Previous || !slices.EqualFunc(got.Files, want.Files, func(g, w asic.FileDigest) bool { return g.Name == w.Name }) {
		v.damage(DamageManifest, a.manifest, v.at(a.manifest), "not the files that stand in front of it")
		return
	}
	for i, f := range got.Files {
		named := slices.ContainsFunc(v.r.Container.Damages, func(d Damage) bool { return d.Entry == f.Name })
		if f.SHA256 != want.Files[i].SHA256 && !named {
			v.damage(DamageDigest, f.Name, v.at(f.Name), "not as "+a.manifest+" says")
		}
	}
}

func (v *verifier) signatures() (out []*cades.Signature) {
	for _, j := range v.seals {
		out = append(out, j.sig)
	}
	return out
}

// trust judges certificates from the outside inwards (EN 319 102-1, 5.6.3): the last
// archive timestamp has to hold now, what it covers at its time, and so on to the
// seals.
func (v *verifier) trust() {
	if len(v.seals) == 0 {
		return
	}
	known := v.lists()
	bound, past := v.o.Now, false
	var used []*x509.Certificate
	for i := len(v.stamps) - 1; i >= 0; i-- {
		a := &v.stamps[i]
		if a.info == nil {
			continue
		}
		a.out = &ArchiveStamp{Manifest: a.manifest, Token: a.token, Timestamp: *describeStamp(*a.info, v.seals[0].sig.Certificate)}
		used = append(used, v.stamped(*a.info, &a.out.Timestamp, bound, known)...)
		if a.out.Trusted {
			bound, past = a.info.Time, true
		}
	}
	for _, a := range v.stamps {
		if a.out != nil {
			v.r.Container.Archive = append(v.r.Container.Archive, a.out)
		}
	}
	for _, j := range v.seals {
		at, past := bound, past
		if j.info != nil {
			used = append(used, v.stamped(*j.info, j.out.Timestamp, bound, known)...)
			if j.out.Timestamp.Trusted {
				at, past = j.info.Time, true // an archive outlives its certificates
			}
		}
		used = append(used, v.signed(j, at, !past, known)...)
	}
	v.listed(used)
}

// lists are all revocation lists at hand.
func (v *verifier) lists() []*x509.RevocationList {
	out := slices.Clone(v.o.Lists)
	for _, s := range v.all() {
		out = append(out, s.Lists...)
	}
	return out
}

// all are the seals, their timestamps and the archive timestamps.
func (v *verifier) all() []*cades.Signature {
	out := v.signatures()
	for _, j := range v.seals {
		if j.info != nil {
			out = append(out, j.info.Signature)
		}
	}
	for _, a := range v.stamps {
		if a.info != nil {
			out = append(out, a.info.Signature)
		}
	}
	return out
}

// stamped judges a token that alone protected what it covers until a time. It returns
// the certificates that were trusted on the way.
func (v *verifier) stamped(info tsa.Info, t *Timestamp, until time.Time, known []*x509.RevocationList) (used []*x509.Certificate) {
	pools := []*x509.CertPool{v.o.Roots}
	if !t.Internal {
		pools = []*x509.CertPool{v.o.TSARoots, v.o.Roots}
	}
	for i, roots := range pools {
		if roots == nil {
			continue
		}
		chains, err := info.Signature.Chains(roots, info.Time, x509.ExtKeyUsageTimeStamping)
		if err != nil {
			t.TrustError = err.Error()
			continue
		}
		t.TrustError = ""
		lasting := slices.DeleteFunc(slices.Clone(chains), func(chain []*x509.Certificate) bool { return ended(chain, until) != nil })
		if len(lasting) == 0 {
			t.Ended = ended(chains[0], until)
			continue
		}
		t.Ended = nil
		f := best(lasting, known, revocation.Question{At: info.Time, Until: until})
		t.Revocation = describeFinding(f)
		t.Trusted = f.State != revocation.Revoked
		t.Independent = t.Trusted && i == 0 && len(pools) == 2
		return slices.Concat(chains...)
	}
	return nil
}

// ended names the certificate of a chain that had ended at a time; the root, whom the
// caller trusts, is not asked.
func ended(chain []*x509.Certificate, at time.Time) *Ended {
	for _, c := range chain[:len(chain)-1] {
		if c.NotAfter.Before(at) {
			return &Ended{c.Subject.CommonName, c.NotAfter}
		}
	}
	return nil
}

// signed judges a seal at the time at which it is proved to have stood, or at present.
func (v *verifier) signed(j judged, at time.Time, present bool, known []*x509.RevocationList) (used []*x509.Certificate) {
	if v.o.Roots == nil {
		return nil
	}
	chains, err := j.sig.Chains(v.o.Roots, at, x509.ExtKeyUsageAny)
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && invalid.Cert.NotAfter.Before(at) {
		j.out.Ended = &Ended{invalid.Cert.Subject.CommonName, invalid.Cert.NotAfter}
	}
	if err != nil {
		j.out.TrustError = err.Error()
		return nil
	}
	f := best(chains, known, revocation.Question{At: at, Present: present})
	j.out.Revocation = describeFinding(f)
	j.out.Trusted = f.State != revocation.Revoked
	return slices.Concat(chains...)
}

// best is what is known of the chain of which most is known: a revocation first.
func best(chains [][]*x509.Certificate, known []*x509.RevocationList, q revocation.Question) (out revocation.Finding) {
	rank := []revocation.State{revocation.None, revocation.Stale, revocation.Good, revocation.Revoked}
	for i, chain := range chains {
		f := revocation.Check(chain, known, q)
		if i == 0 || slices.Index(rank, f.State) > slices.Index(rank, out.State) {
			out = f
		}
	}
	return out
}

func describeFinding(f revocation.Finding) *Revocation {
	r := &Revocation{State: f.State, At: f.At}
	if f.Certificate != nil {
		r.Certificate = f.Certificate.Subject.CommonName
	}
	return r
}

// listed wants every revocation list in the file to be of an issuer of a certificate
// in it, and to hold under that where the issuer is known: nothing else binds them.
func (v *verifier) listed(trusted []*x509.Certificate) {
	var here []*x509.Certificate
	for _, s := range v.all() {
		here = append(append(here, s.Certificate), s.Chain...)
	}
	check := func(entry string, s *cades.Signature) {
		for _, l := range s.Lists {
			if !revocation.IssuedTo(l, here) {
				v.damage(DamageList, entry, v.at(entry), fmt.Sprintf("of %q, who issued no certificate in it", l.Issuer.CommonName))
				continue
			}
			// An authority may have had another key under its name.
			issuers := slices.DeleteFunc(slices.Clone(trusted), func(c *x509.Certificate) bool {
				other := len(l.AuthorityKeyId) > 0 && len(c.SubjectKeyId) > 0 && !bytes.Equal(l.AuthorityKeyId, c.SubjectKeyId)
				return other || !bytes.Equal(c.RawSubject, l.RawIssuer)
			})
			if len(issuers) > 0 && !slices.ContainsFunc(issuers, func(c *x509.Certificate) bool { return l.CheckSignatureFrom(c) == nil }) {
				v.damage(DamageList, entry, v.at(entry), fmt.Sprintf("not signed by %q", l.Issuer.CommonName))
			}
		}
	}
	for _, j := range v.seals {
		check(j.entry, j.sig)
	}
	for _, a := range v.stamps {
		if a.info != nil {
			check(a.token, a.info.Signature)
		}
	}
}
