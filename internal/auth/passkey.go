package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// CeremonyLife is how long a passkey ceremony may take.
const CeremonyLife = 5 * time.Minute

// Kinds of ceremonies; one begun for one end finishes no other.
const (
	toSignIn   = "passkey.signin"
	toRegister = "passkey.register"
	toStepUp   = "passkey.stepup"
)

// Ceremony is a begun passkey ceremony: Options go to the browser's
// navigator.credentials, Handle comes back with its answer.
type Ceremony struct {
	Handle  string `json:"handle"`
	Options any    `json:"options"`
}

// holder is an account as WebAuthn sees it. The user handle is the account's id,
// a random identifier (WebAuthn 14.6.1: no name in it).
type holder struct {
	acc   store.Account
	rows  []store.Credential
	creds []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (h holder) WebAuthnID() []byte { return []byte(h.acc.ID) }

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.acc.Login }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.acc.Name }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.creds }

func (o *Officials) holder(ctx context.Context, acc store.Account) (holder, error) {
	rows, err := o.st.Credentials(ctx, court.ScopeOf(acc.Unit), acc.ID)
	if err != nil {
		return holder{}, fmt.Errorf("auth: passkeys: %w", err)
	}
	h := holder{acc: acc}
	for _, r := range rows {
		if r.Kind != byPasskey || r.Revoked {
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal(r.Data, &c); err != nil {
			return holder{}, fmt.Errorf("auth: passkey: %w", err)
		}
		h.rows, h.creds = append(h.rows, r), append(h.creds, c)
	}
	return h, nil
}

// BeginPasskey begins signing in with a passkey that names its account itself.
func (o *Officials) BeginPasskey(ctx context.Context, addr string) (Ceremony, error) {
	if o.web == nil {
		return Ceremony{}, ErrNotOffered
	}
	if _, ok := o.begins.attempt(addr, o.p.Now()); !ok {
		return Ceremony{}, ErrThrottled
	}
	options, ses, err := o.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, fmt.Errorf("auth: passkey: %w", err)
	}
	return o.keep(ctx, toSignIn, "", options, ses)
}

// FinishPasskey signs in with the browser's answer to a begun ceremony.
func (o *Officials) FinishPasskey(ctx context.Context, handle string, answer []byte, addr string) (*http.Cookie, error) {
	if o.web == nil {
		return nil, ErrNotOffered
	}
	giveBack, err := o.attempt(addr, "")
	if err != nil {
		return nil, err
	}
	cookie, err := o.finishPasskey(ctx, handle, answer)
	if !errors.Is(err, ErrSignIn) {
		giveBack()
	}
	return cookie, err
}

func (o *Officials) finishPasskey(ctx context.Context, handle string, answer []byte) (*http.Cookie, error) {
	cred, acc, err := o.assert(ctx, toSignIn, "", handle, answer)
	if err != nil {
		return nil, err
	}
	cookie, _, err := o.begin(ctx, acc.ID, byPasskey, o.officeCookie(), func() (bool, error) { return o.stands(ctx, cred) })
	return cookie, err
}

// BeginStepUp begins a fresh proof by passkey.
func (o *Officials) BeginStepUp(ctx context.Context, w Who) (Ceremony, error) {
	if o.web == nil {
		return Ceremony{}, ErrNotOffered
	}
	options, ses, err := o.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, fmt.Errorf("auth: passkey: %w", err)
	}
	return o.keep(ctx, toStepUp, w.Account.ID, options, ses)
}

// StepUpPasskey takes the browser's answer as a fresh proof of the same account.
func (o *Officials) StepUpPasskey(ctx context.Context, w Who, handle string, answer []byte, addr string) error {
	if o.web == nil {
		return ErrNotOffered
	}
	giveBack, err := o.attempt(addr, "") // not by login: somebody else's guesses at the password change nothing here
	if err != nil {
		return err
	}
	_, acc, err := o.assert(ctx, toStepUp, w.Account.ID, handle, answer)
	if err == nil && acc.ID != w.Account.ID {
		err = ErrSignIn
	}
	if !errors.Is(err, ErrSignIn) {
		giveBack()
	}
	if err != nil {
		return err
	}
	return o.steppedUp(ctx, w)
}

// assert checks an answer to a ceremony of this kind and subject, and stores the
// signature counter. A counter that did not grow means that the key was copied
// (WebAuthn 6.1.1): such a passkey signs nobody in.
func (o *Officials) assert(ctx context.Context, kind, subject, handle string, answer []byte) (store.Credential, store.Account, error) {
	none := func(err error) (store.Credential, store.Account, error) {
		return store.Credential{}, store.Account{}, err
	}
	ses, err := o.take(ctx, kind, subject, handle)
	if err != nil {
		return none(err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return none(ErrSignIn)
	}
	var who holder
	var away error // the library wraps what its callback says; this is not the answer's fault
	_, cred, err := o.web.ValidatePasskeyLogin(func(rawID, userHandle []byte) (webauthn.User, error) {
		_, acc, err := o.owner(ctx, byPasskey, rawID)
		if err == nil && acc.ID != string(userHandle) {
			err = ErrSignIn
		}
		if err == nil {
			who, err = o.holder(ctx, acc)
		}
		if err != nil && !errors.Is(err, ErrSignIn) {
			away = err
		}
		return who, err
	}, ses, parsed)
	switch {
	case away != nil:
		return none(away)
	case err != nil, cred.Authenticator.CloneWarning:
		return none(ErrSignIn)
	}
	for i, c := range who.creds {
		if string(c.ID) != string(cred.ID) {
			continue
		}
		row := who.rows[i]
		if row.Data, err = json.Marshal(cred); err != nil {
			return none(err)
		}
		if err := o.st.UpdateCredential(ctx, row); err != nil {
			if errors.Is(err, store.ErrNotFound) { // revoked just now
				return none(ErrSignIn)
			}
			return none(fmt.Errorf("auth: passkey: %w", err))
		}
		return row, who.acc, nil
	}
	return none(ErrSignIn)
}

// BeginRegister begins the registration of a new passkey of one's own.
func (o *Officials) BeginRegister(ctx context.Context, w Who) (Ceremony, error) {
	if o.web == nil {
		return Ceremony{}, ErrNotOffered
	}
	h, err := o.holder(ctx, w.Account)
	if err != nil {
		return Ceremony{}, err
	}
	options, ses, err := o.web.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.creds).CredentialDescriptors()))
	if err != nil {
		return Ceremony{}, fmt.Errorf("auth: passkey: %w", err)
	}
	return o.keep(ctx, toRegister, w.Account.ID, options, ses)
}

// FinishRegister stores the new passkey and returns its id.
func (o *Officials) FinishRegister(ctx context.Context, w Who, handle string, answer []byte, label string) (string, error) {
	if o.web == nil {
		return "", ErrNotOffered
	}
	ses, err := o.take(ctx, toRegister, w.Account.ID, handle)
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return "", ErrSignIn
	}
	h, err := o.holder(ctx, w.Account)
	if err != nil {
		return "", err
	}
	cred, err := o.web.CreateCredential(h, ses, parsed)
	if err != nil {
		return "", ErrSignIn
	}
	data, err := json.Marshal(cred)
	if err != nil {
		return "", err
	}
	return o.addCredential(ctx, w.Official(), store.Credential{
		Account: w.Account.ID, Kind: byPasskey, Handle: cred.ID, Data: data, Label: label,
	})
}

// addCredential gives the credential its id and stores it.
func (o *Officials) addCredential(ctx context.Context, by Official, c store.Credential) (string, error) {
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return "", fmt.Errorf("auth: randomness: %w", err)
	}
	c.ID, c.Created = id.String(), o.p.Now()
	err = o.st.PutCredential(ctx, by.Scope, c, o.act(by, "credential."+c.Kind+".added", c.Account, c.ID))
	if err != nil {
		return "", fmt.Errorf("auth: credential: %w", err)
	}
	return c.ID, nil
}

// keep stores what a ceremony needs at its end, in the database: another node may
// see the end.
func (o *Officials) keep(ctx context.Context, kind, subject string, options any, ses *webauthn.SessionData) (Ceremony, error) {
	data, err := json.Marshal(ses)
	if err != nil {
		return Ceremony{}, err
	}
	handle, hash, err := newToken(o.p.Rand, inviteBytes)
	if err != nil {
		return Ceremony{}, err
	}
	now := o.p.Now()
	err = o.st.PutChallenge(ctx, store.Challenge{
		Hash: hash, Kind: kind, Subject: subject, Data: data, Expires: now.Add(CeremonyLife),
	}, now)
	if err != nil {
		return Ceremony{}, fmt.Errorf("auth: passkey: %w", err)
	}
	return Ceremony{Handle: handle, Options: options}, nil
}

func (o *Officials) take(ctx context.Context, kind, subject, handle string) (webauthn.SessionData, error) {
	var ses webauthn.SessionData
	c, err := o.st.TakeChallenge(ctx, kind, digest(handle), o.p.Now())
	switch {
	case errors.Is(err, store.ErrUsed), err == nil && c.Subject != subject:
		return ses, ErrSignIn
	case err != nil:
		return ses, fmt.Errorf("auth: passkey: %w", err)
	}
	return ses, json.Unmarshal(c.Data, &ses)
}
