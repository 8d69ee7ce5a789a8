package minutebook

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
	"phientoa/internal/pades"
	"phientoa/internal/store"
)

// sign takes the file that waits for signatures with more of them. Each is checked over
// the file's bytes; its certificate has to come from one of the authorities and to name
// the presiding judge or the clerk of this hearing. The court's own seal is nobody's
// personal signature: it names no person of the hearing.
func (b *Book) sign(c *call) (any, error) {
	if !c.Writes() {
		_, ref := c.l.maker.Sign(c.Writer, "", nil)
		return nil, ref
	}
	if b.p.Roots == nil {
		return nil, problem(http.StatusNotImplemented, "not_configured",
			"Chưa cấu hình tổ chức cấp chứng thư chữ ký số cá nhân; chưa nhận được tệp đã ký.",
			"No authority for personal certificates is configured; signed files cannot be taken.")
	}
	ctx := c.r.Context()
	err := b.append(ctx, c.id, c.l, c.Writer, func(m *minutes.Maker) (minutes.Body, error) {
		s := m.State()
		if s.Current == nil {
			return refused(m.Sign(c.Writer, "", nil))
		}
		sum, err := hex.DecodeString(s.Latest)
		if err != nil || len(sum) != 32 {
			return nil, errors.New("minutebook: digest of the latest file")
		}
		given, err := b.p.Store.Document(ctx, court.SystemScope(), c.id, [32]byte(sum))
		if err != nil {
			return nil, err
		}
		found, err := pades.Check(c.raw, given)
		if err != nil {
			return nil, unsigned(err)
		}
		signers, err := b.signers(ctx, c.l, found)
		if err != nil {
			return nil, err
		}
		body, ref := m.Sign(c.Writer, digestOf(c.raw), signers)
		if ref != nil {
			return nil, ref
		}
		signed, err := b.p.Store.PutDocument(ctx, court.SystemScope(), c.id, c.raw)
		if err == nil && b.p.Supplements != nil && minutes.Complete(signers) {
			err = b.p.Supplements.WantMinutes(ctx, c.id, signed)
		}
		return body, err
	})
	if err == nil && b.p.Supplements != nil {
		b.p.Supplements.Wake()
	}
	if err == nil {
		b.p.Note(c.unit, c.id, c.who(), signedMinutes)
	}
	return nil, err
}

// signers names the people behind the signatures.
func (b *Book) signers(ctx context.Context, l *live, found []pades.Signature) ([]minutes.Signer, error) {
	seats, err := b.p.Store.Seats(ctx, court.SystemScope(), l.hearing.ID)
	if err != nil {
		return nil, err
	}
	var out []minutes.Signer
	for _, s := range found {
		name := s.Certificate.Subject.CommonName
		if err := s.Trusted(b.p.Roots, b.p.Now(), x509.ExtKeyUsageAny); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "untrusted_certificate",
				"Chứng thư số “"+name+"” không do tổ chức được chấp nhận cấp, hoặc không còn hiệu lực.",
				"The certificate “"+name+"” is not from an accepted authority, or not valid any more.")
		}
		left := unsignedPeople(l, out)
		p, bound, err := b.owner(ctx, seats, left, s.Certificate)
		if err == nil && !bound {
			p, err = b.namesake(ctx, seats, left, l, name)
		}
		if err != nil {
			return nil, err
		}
		signer := minutes.Signer{
			Capacity: p.Capacity, Person: p.ID, Name: name, Issuer: s.Certificate.Issuer.CommonName,
			Serial: s.Certificate.SerialNumber.Text(16), SHA256: digestOf(s.Certificate.Raw), Bound: bound,
		}
		if !s.SigningTime.IsZero() {
			signer.At = s.SigningTime.UnixMicro()
		}
		if slices.ContainsFunc(out, func(x minutes.Signer) bool { return x.SHA256 == signer.SHA256 }) {
			return nil, problem(http.StatusUnprocessableEntity, "same_certificate",
				"Hai chữ ký dùng cùng một chứng thư số.", "Two signatures were made with one certificate.")
		}
		out = append(out, signer)
	}
	return out, nil
}

// unsignedPeople are those who have to sign and did not yet.
func unsignedPeople(l *live, before []minutes.Signer) (left []hearing.Person) {
	for _, p := range l.maker.Hearing().Booking.People {
		signed := slices.ContainsFunc(before, func(s minutes.Signer) bool { return s.Person == p.ID })
		if p.Capacity.HoldsRoom() && !signed {
			left = append(left, p)
		}
	}
	return left
}

// certificates is the kind of credential that a certificate is.
const certificates = "certificate"

// owner finds who registered the certificate's key; false where nobody did. One that was
// registered by somebody else than those who have to sign, or was revoked, signs nothing.
func (b *Book) owner(ctx context.Context, seats []store.Seat, left []hearing.Person, cert *x509.Certificate) (hearing.Person, bool, error) {
	c, err := b.p.Store.CredentialByHandle(ctx, certificates, auth.KeyHandle(cert))
	if errors.Is(err, store.ErrNotFound) {
		return hearing.Person{}, false, nil
	}
	if err != nil {
		return hearing.Person{}, false, err
	}
	for _, p := range left {
		if !c.Revoked && c.Account != "" && accountOf(seats, p.ID) == c.Account {
			return p, true, nil
		}
	}
	return hearing.Person{}, false, signerUnknown(cert.Subject.CommonName)
}

// namesake finds by the name in a certificate that nobody registered, among those of
// whom no certificate was ever registered: of the others, their own is asked for. One that
// was revoked stays registered: a name does not take its place.
func (b *Book) namesake(ctx context.Context, seats []store.Seat, left []hearing.Person, l *live, name string) (hearing.Person, error) {
	for _, p := range left {
		if !sameName(l.maker.Name(p.ID), name) {
			continue
		}
		account := accountOf(seats, p.ID)
		if account == "" {
			return p, nil
		}
		list, err := b.p.Store.Credentials(ctx, court.SystemScope(), account)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return p, err
		}
		if slices.ContainsFunc(list, func(c store.Credential) bool { return c.Kind == certificates }) {
			return p, problem(http.StatusUnprocessableEntity, "other_certificate",
				"Chứng thư số mang tên “"+name+"” không phải chứng thư đã đăng ký cho tài khoản của người ký.",
				"The certificate in the name of “"+name+"” is not the one that is registered for the signer's account.")
		}
		return p, nil
	}
	return hearing.Person{}, signerUnknown(name)
}

func signerUnknown(name string) error {
	return problem(http.StatusUnprocessableEntity, "signer_unknown",
		"Chữ ký số mang tên “"+name+"”, không phải của Chủ tọa phiên tòa hay Thư ký phiên tòa, hoặc người này đã ký.",
		"The signature is in the name of “"+name+"”, who is neither presiding judge nor clerk here, or signed already.")
}

// accountOf is the account of a person's seat; empty without one.
func accountOf(seats []store.Seat, person hearing.PersonID) string {
	for _, s := range seats {
		if s.Person == string(person) && s.Account != "" {
			return s.Account
		}
	}
	return ""
}

// sameName compares names without case and with single blanks, in composed form. Marks
// count: Hải is not Hai.
func sameName(a, b string) bool {
	fold := func(s string) string {
		return cases.Fold().String(strings.Join(strings.Fields(norm.NFC.String(s)), " "))
	}
	return fold(a) != "" && fold(a) == fold(b)
}

// unsigned says in words what pades found.
func unsigned(err error) error {
	p := func(code, vi, en string) error { return problem(http.StatusUnprocessableEntity, code, vi, en) }
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return err
	case errors.Is(err, pades.ErrOther):
		return p("other_document", "Tệp này không phải biên bản đang chờ ký. Hãy tải lại tệp mới nhất rồi ký.",
			"This is not the file that waits for signatures. Download the latest one and sign that.")
	case errors.Is(err, pades.ErrChanged):
		return p("document_changed", "Tệp đã bị thay đổi ngoài việc ký số.", "The file was changed besides being signed.")
	case errors.Is(err, pades.ErrUnsigned):
		return p("not_signed", "Tệp chưa có chữ ký số, hoặc có phần không được chữ ký bảo đảm.", "The file is not signed, or has bytes that no signature covers.")
	case errors.Is(err, pades.ErrSyntax):
		return p("unreadable", "Không đọc được chữ ký số trong tệp này. Hãy ký bằng chữ ký PDF (PAdES), ghi tiếp vào tệp.",
			"The signatures of this file cannot be read. Sign with a PDF signature (PAdES), saved as an addition to the file.")
	}
	return p("bad_signature", "Chữ ký số không khớp với nội dung tệp hoặc không đúng quy cách.", "A signature does not hold over the file, or is malformed.")
}
