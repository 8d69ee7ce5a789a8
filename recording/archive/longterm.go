package archive

import (
	"bytes"
	"context"
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

// archiveStamp is an archive timestamp as it stands in a file: a token that holds over
// its list.
type archiveStamp struct {
	manifest, token string // names
	xml, der        []byte
	info            tsa.Info
}

func (a archiveStamp) signatures() []*cades.Signature { return []*cades.Signature{a.info.Signature} }

// archiveCount is how many archive timestamps the names of a container tell of.
func archiveCount(c *asic.Container) (n int) {
	if _, ok := c.Entry(asic.ArchiveManifestName); ok {
		n = 1
	}
	for i := 1; i < asic.MaxEntries; i++ {
		manifest, token := asic.ArchiveNames(i, i+1)
		if _, ok := c.Entry(token); ok {
			n = max(n, i)
		}
		if _, ok := c.Entry(manifest); ok {
			n = max(n, i+1) // it was renamed for another
		}
	}
	return n
}

// archiveStamps reads the archive timestamps of a container and wants every token to
// hold over its list. What the lists say is Verify's to judge.
func archiveStamps(c *asic.Container) (out []archiveStamp, err error) {
	n := archiveCount(c)
	for i := 1; i <= n; i++ {
		var a archiveStamp
		a.manifest, a.token = asic.ArchiveNames(i, n)
		if a.xml, err = c.ReadFile(a.manifest, asic.MaxManifest); err != nil {
			return nil, err
		}
		if a.der, err = c.ReadFile(a.token, cades.MaxSignature); err != nil {
			return nil, err
		}
		if a.info, err = tsa.Verify(a.der, sha256.Sum256(a.xml)); err != nil {
			return nil, fmt.Errorf("archive: %s: %w", a.token, err)
		}
		out = append(out, a)
	}
	return out, nil
}

// standing are the signatures over a manifest and over the one behind it, as files
// that are to stand in a container, with the signatures of their timestamps.
func standing(manifest []byte, files []asic.File) (out []*cades.Signature) {
	for _, f := range files {
		if f.Name == asic.Manifest2Name {
			manifest = f.Content
			continue
		}
		if s, err := cades.Verify(f.Content, sha256.Sum256(manifest)); err == nil { // made or checked just now
			out = append(out, s)
		}
	}
	return out
}

// last are the signatures that the newest part of a file consists of: of the last
// archive timestamp, else of the seals; and when its timestamp was given, zero where
// one lacks.
func (o *opened) last() ([]*cades.Signature, time.Time) {
	signatures := o.seals
	if n := len(o.stamps); n > 0 {
		signatures = o.stamps[n-1].signatures()
	}
	return signatures, stampedAt(signatures)
}

// tokens are the timestamps of signatures, and signatures that are timestamps; those
// that do not hold are passed over.
func tokens(signatures []*cades.Signature) (out []tsa.Info) {
	for _, s := range signatures {
		var info tsa.Info
		var err error
		switch {
		case s.Content != nil:
			info, err = tsa.Read(s)
		case s.Token != nil:
			info, err = tsa.Verify(s.Token, sha256.Sum256(s.Value))
		default:
			continue
		}
		if err == nil {
			out = append(out, info)
		}
	}
	return out
}

// stampedAt is the time of the last timestamp of signatures, zero where one has none.
func stampedAt(signatures []*cades.Signature) (at time.Time) {
	infos := tokens(signatures)
	if len(infos) < len(signatures) {
		return at
	}
	for _, i := range infos {
		if i.Time.After(at) {
			at = i.Time
		}
	}
	return at
}

// certificates are those of signatures and of their timestamps that an authority has
// issued.
func certificates(signatures []*cades.Signature) (out []*x509.Certificate) {
	all := slices.Clone(signatures)
	for _, i := range tokens(signatures) {
		if !slices.Contains(all, i.Signature) {
			all = append(all, i.Signature)
		}
	}
	for _, s := range all {
		for _, c := range append([]*x509.Certificate{s.Certificate}, s.Chain...) {
			if !bytes.Equal(c.RawIssuer, c.RawSubject) {
				out = append(out, c)
			}
		}
	}
	return out
}

// ends is when the first certificate ends of the timestamps of signatures, or of
// signatures that are timestamps.
func ends(signatures []*cades.Signature) (at time.Time) {
	for _, i := range tokens(signatures) {
		for _, c := range append([]*x509.Certificate{i.Signature.Certificate}, i.Signature.Chain...) {
			if at.IsZero() || c.NotAfter.Before(at) {
				at = c.NotAfter
			}
		}
	}
	return at
}

// unlisted are the certificates of signatures without a revocation list of their
// issuer beside them that speaks of a time.
func unlisted(signatures []*cades.Signature, at time.Time) []*x509.Certificate {
	if at.IsZero() {
		return nil // nobody knows which time
	}
	beside := slices.Clone(signatures)
	for _, i := range tokens(signatures) {
		beside = append(beside, i.Signature)
	}
	return slices.DeleteFunc(certificates(signatures), func(c *x509.Certificate) bool {
		return slices.ContainsFunc(beside, func(s *cades.Signature) bool {
			return slices.ContainsFunc(s.Lists, func(l *x509.RevocationList) bool {
				return revocation.IssuedTo(l, []*x509.Certificate{c}) && !l.ThisUpdate.Add(revocation.Skew).Before(at)
			})
		})
	})
}

// withLists asks for the revocation lists that signatures and their timestamps lack,
// and puts them into the last of them, which is der. A list that was made before the
// timestamp says nothing about the time between: then the next is waited for
// (errNoLists). What nobody has a list of is not waited for.
func withLists(ctx context.Context, s Signer, signatures []*cades.Signature, der []byte, limit time.Duration) ([]byte, error) {
	at := stampedAt(signatures)
	lacking := unlisted(signatures, at)
	if len(lacking) == 0 {
		return der, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	got, err := s.Lists(ctx, lacking)
	var fresh [][]byte
	for _, raw := range got {
		l, e := cades.ParseList(raw)
		switch {
		case e != nil:
			err = errors.Join(err, e)
		case !revocation.IssuedTo(l, lacking):
		case l.ThisUpdate.Add(revocation.Skew).Before(at):
			err = errors.Join(err, fmt.Errorf("archive: the list of %q was made at %s, before the timestamp (%s)", l.Issuer.CommonName, clock(l.ThisUpdate), clock(at)))
		default:
			fresh = append(fresh, raw)
		}
	}
	if err != nil {
		err = errors.Join(errNoLists, err)
	}
	out, e := cades.AddLists(der, fresh...)
	if e != nil {
		return der, errors.Join(errNoLists, err, e)
	}
	return out, err
}

// nodeLists puts into the node's seal what lists can be had at once, before the court
// seals it as it is.
func nodeLists(ctx context.Context, s Signer, manifest, seal []byte, limit time.Duration) []byte {
	with, _ := withLists(ctx, s, standing(manifest, []asic.File{{Name: asic.SignatureName, Content: seal}}), seal, limit)
	return with
}
