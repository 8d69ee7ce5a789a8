package auth

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// MaxLogin is the longest login in bytes.
const MaxLogin = 64

// checkLogin returns the login in its one form: 1 to 64 of a-z, 0-9, '.', '_',
// '-', '@', not typed otherwise.
func checkLogin(login string) (string, bool) {
	login = strings.ToLower(strings.TrimSpace(login))
	ok := login != "" && len(login) <= MaxLogin &&
		strings.Trim(login, "abcdefghijklmnopqrstuvwxyz0123456789._-@") == ""
	return login, ok
}

// Tried tells for the access log whose login or room device somebody tried who was
// refused, as far as there is one; it costs the same where there is none.
func (o *Officials) Tried(ctx context.Context, login, device string) (unit court.UnitID, id string) {
	if device != "" {
		if d, err := o.st.RoomDevice(ctx, device); err == nil {
			return d.Unit, d.ID
		}
		return "", ""
	}
	if login, ok := checkLogin(login); ok {
		if acc, err := o.st.AccountByLogin(ctx, login); err == nil {
			return acc.Unit, acc.ID
		}
	}
	return "", ""
}

// attempt takes from the bucket of the address and from that of the login, which
// is the typed one: it exists for unknown logins as well.
func (o *Officials) attempt(addr, login string) (giveBack func(), err error) {
	now := o.p.Now()
	one, ok := o.addresses.attempt(addr, now)
	if !ok {
		return nil, ErrThrottled
	}
	if login == "" {
		return one, nil
	}
	sum := sha256.Sum256([]byte(login))
	two, ok := o.logins.attemptKey(hex.EncodeToString(sum[:]), now)
	if !ok {
		return nil, ErrThrottled
	}
	return func() { one(); two() }, nil
}

// SignIn signs in by login and password. addr is the address the request came
// from. Wrong attempts are throttled by address and by login: ten at once, then
// one every six seconds. An unknown login, a wrong password and a disabled
// account give the same ErrSignIn in the same time.
func (o *Officials) SignIn(ctx context.Context, login, password, addr string) (*http.Cookie, error) {
	login, valid := checkLogin(login)
	giveBack, err := o.attempt(addr, login)
	if err != nil {
		return nil, err
	}
	cookie, err := o.signInPassword(ctx, login, valid, password)
	if !errors.Is(err, ErrSignIn) {
		giveBack()
	}
	return cookie, err
}

func (o *Officials) signInPassword(ctx context.Context, login string, valid bool, password string) (*http.Cookie, error) {
	var acc store.Account
	var err error
	if valid {
		acc, err = o.st.AccountByLogin(ctx, login)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("auth: sign in: %w", err)
	}
	ok, err := o.hasher.verify(ctx, acc.Password, password)
	switch {
	case err != nil:
		return nil, err
	case !ok || acc.ID == "" || acc.Disabled:
		return nil, ErrSignIn
	}
	cookie, _, err := o.begin(ctx, acc.ID, byPassword, o.officeCookie(), func() (bool, error) {
		now, err := o.st.Account(ctx, court.SystemScope(), acc.ID)
		return err == nil && now.Password == acc.Password && !now.Disabled, err
	})
	return cookie, err
}

// StepUp takes the password again as a fresh proof of who it is. It is throttled
// like signing in.
func (o *Officials) StepUp(ctx context.Context, w Who, password, addr string) error {
	giveBack, err := o.attempt(addr, w.Account.Login)
	if err != nil {
		return err
	}
	ok, err := o.hasher.verify(ctx, w.Account.Password, password)
	switch {
	case err != nil:
		giveBack()
		return err
	case !ok:
		return ErrSignIn
	}
	giveBack()
	return o.steppedUp(ctx, w)
}

func (o *Officials) steppedUp(ctx context.Context, w Who) error {
	err := o.st.StepUp(ctx, w.Session.TokenHash, o.p.Now())
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoSession
	}
	if err != nil {
		return fmt.Errorf("auth: step up: %w", err)
	}
	return nil
}

// ChangePassword replaces one's own password, ends every session of the account,
// also those of its seats, and returns the cookie of a new session: whoever knew
// the old one is out.
func (o *Officials) ChangePassword(ctx context.Context, w Who, old, fresh, addr string) (*http.Cookie, error) {
	giveBack, err := o.attempt(addr, w.Account.Login)
	if err != nil {
		return nil, err
	}
	ok, err := o.hasher.verify(ctx, w.Account.Password, old)
	if err == nil && !ok {
		return nil, ErrSignIn
	}
	giveBack()
	if err != nil {
		return nil, err
	}
	if err := checkPassword(w.Account.Login, fresh); err != nil || fresh == old {
		return nil, ErrWeakPassword
	}
	acc := w.Account
	if acc.Password, err = o.hasher.hash(ctx, fresh); err != nil {
		return nil, err
	}
	acc.MustChange = false
	err = o.st.UpdateAccount(ctx, w.Scope, acc, o.act(w.Official(), "account.password", acc.ID, ""))
	if errors.Is(err, store.ErrConflict) { // disabled, reset or given other roles just now
		return nil, ErrSignIn
	}
	if err != nil {
		return nil, fmt.Errorf("auth: change password: %w", err)
	}
	if err := o.endSeats(ctx, acc.ID); err != nil {
		return nil, err
	}
	cookie, _, err := o.begin(ctx, acc.ID, byPassword, o.officeCookie(), func() (bool, error) {
		now, err := o.st.Account(ctx, court.SystemScope(), acc.ID)
		return err == nil && now.Password == acc.Password && !now.Disabled, err
	})
	return cookie, err
}

// SignInCertificate signs in by the client certificate of a TLS connection. TLS
// has proven that the client holds the key (RFC 8446 4.4.3); here the chain is
// verified against the known authorities, and the account is the one for which
// the court registered this public key. Names inside the certificate are never
// taken for who it is.
func (o *Officials) SignInCertificate(ctx context.Context, state *tls.ConnectionState, addr string) (*http.Cookie, error) {
	leaf, err := o.certificate(state)
	if err != nil {
		return nil, err
	}
	giveBack, err := o.attempt(addr, "")
	if err != nil {
		return nil, err
	}
	cookie, err := o.signInHandle(ctx, leaf)
	if !errors.Is(err, ErrSignIn) {
		giveBack()
	}
	return cookie, err
}

func (o *Officials) signInHandle(ctx context.Context, leaf *x509.Certificate) (*http.Cookie, error) {
	cred, acc, err := o.owner(ctx, byCertificate, KeyHandle(leaf))
	if err != nil {
		return nil, err
	}
	cookie, _, err := o.begin(ctx, acc.ID, byCertificate, o.officeCookie(), func() (bool, error) { return o.stands(ctx, cred) })
	return cookie, err
}

// certificate is the verified leaf of the connection.
func (o *Officials) certificate(state *tls.ConnectionState) (*x509.Certificate, error) {
	if o.authorities() == nil {
		return nil, ErrNotOffered
	}
	if state == nil || !state.HandshakeComplete || len(state.PeerCertificates) == 0 {
		return nil, ErrNoCertificate
	}
	leaf := state.PeerCertificates[0]
	return leaf, o.checkCertificate(leaf, state.PeerCertificates[1:])
}

// authorities are those of officials' certificates; nil: none is taken.
func (o *Officials) authorities() *x509.CertPool {
	if o.p.ClientCAs == nil {
		return nil
	}
	return o.p.ClientCAs()
}

func (o *Officials) checkCertificate(leaf *x509.Certificate, chain []*x509.Certificate) error {
	if leaf.IsCA {
		return ErrNoCertificate
	}
	between := x509.NewCertPool()
	for _, c := range chain {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: o.authorities(), Intermediates: between, CurrentTime: o.p.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoCertificate, err)
	}
	return nil
}

// KeyHandle finds a certificate's credential: SHA-256 of its SubjectPublicKeyInfo,
// which stays the same when the certificate is renewed for the same key.
func KeyHandle(c *x509.Certificate) []byte {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return sum[:]
}

// owner finds a live credential and its account; else ErrSignIn.
func (o *Officials) owner(ctx context.Context, kind string, handle []byte) (store.Credential, store.Account, error) {
	cred, err := o.st.CredentialByHandle(ctx, kind, handle)
	var acc store.Account
	if err == nil {
		acc, err = o.st.Account(ctx, court.SystemScope(), cred.Account)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && acc.Disabled:
		return store.Credential{}, store.Account{}, ErrSignIn
	case err != nil:
		return store.Credential{}, store.Account{}, fmt.Errorf("auth: credential: %w", err)
	}
	return cred, acc, nil
}

// stands tells whether the credential is still live.
func (o *Officials) stands(ctx context.Context, cred store.Credential) (bool, error) {
	_, _, err := o.owner(ctx, cred.Kind, cred.Handle)
	if errors.Is(err, ErrSignIn) {
		return false, nil
	}
	return err == nil, err
}
