package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// authenticator is a passkey in software: ES256, "none" attestation.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte
	counter uint32
	host    string
	origin  string
	noUV    bool // the person was not verified
}

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	id := make([]byte, 16)
	_, err = rand.Read(id)
	require.NoError(t, err)
	return &authenticator{key: key, id: id, host: "court.example", origin: "https://court.example"}
}

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// options reads what the server asks of the browser.
func options(t *testing.T, c auth.Ceremony) (challenge string, user []byte) {
	t.Helper()
	b, err := json.Marshal(c.Options)
	require.NoError(t, err)
	var o struct {
		PublicKey struct {
			Challenge        string `json:"challenge"`
			UserVerification string `json:"userVerification"`
			User             struct {
				ID string `json:"id"`
			} `json:"user"`
		} `json:"publicKey"`
	}
	require.NoError(t, json.Unmarshal(b, &o))
	user, err = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	require.NoError(t, err)
	return o.PublicKey.Challenge, user
}

func (a *authenticator) client(t *testing.T, kind, challenge string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	require.NoError(t, err)
	return b
}

func (a *authenticator) data(flags byte, more []byte) []byte {
	sum := sha256.Sum256([]byte(a.host))
	if !a.noUV {
		flags |= 4
	}
	out := append(sum[:], flags|1)
	out = binary.BigEndian.AppendUint32(out, a.counter)
	return append(out, more...)
}

// register answers navigator.credentials.create.
func (a *authenticator) register(t *testing.T, c auth.Ceremony) []byte {
	t.Helper()
	challenge, user := options(t, c)
	a.user = user
	pub, err := a.key.PublicKey.Bytes() // 0x04 || x || y
	require.NoError(t, err)
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: pub[1:33], -3: pub[33:]})
	require.NoError(t, err)
	attested := append(make([]byte, 16), byte(len(a.id)>>8), byte(len(a.id)))
	attested = append(append(attested, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(0x40, attested)})
	require.NoError(t, err)
	return a.answer(t, map[string]any{
		"clientDataJSON": raw64(a.client(t, "webauthn.create", challenge)), "attestationObject": raw64(object),
	})
}

// assert answers navigator.credentials.get.
func (a *authenticator) assert(t *testing.T, c auth.Ceremony) []byte {
	t.Helper()
	challenge, _ := options(t, c)
	a.counter++
	client := a.client(t, "webauthn.get", challenge)
	data := a.data(0, nil)
	sum := sha256.Sum256(client)
	message := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, message[:])
	require.NoError(t, err)
	return a.answer(t, map[string]any{
		"clientDataJSON": raw64(client), "authenticatorData": raw64(data), "signature": raw64(signature), "userHandle": raw64(a.user),
	})
}

func (a *authenticator) answer(t *testing.T, response map[string]any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"id": raw64(a.id), "rawId": raw64(a.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{},
	})
	require.NoError(t, err)
	return b
}

// withPasskey registers a passkey for the account that is signed in.
func (f *office) withPasskey(t *testing.T, w auth.Who) (*authenticator, string) {
	t.Helper()
	ctx := context.Background()
	a := newAuthenticator(t)
	begun, err := f.o.BeginRegister(ctx, w)
	require.NoError(t, err)
	id, err := f.o.FinishRegister(ctx, w, begun.Handle, a.register(t, begun), "Khóa")
	require.NoError(t, err)
	return a, id
}

func TestPasskeySignsIn(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	acc := f.account(t, "unit", "judge")
	_, w := f.official(t, "judge")
	key, id := f.withPasskey(t, w)
	require.Equal(t, acc.ID, string(key.user), "no name in the user handle")

	signIn := func(change func(*auth.Ceremony, *authenticator), late time.Duration) error {
		begun, err := f.o.BeginPasskey(ctx, f.addr())
		require.NoError(t, err)
		answered := begun
		a := *key
		if change != nil {
			change(&begun, &a)
		}
		answer := a.assert(t, answered)
		key.counter = a.counter
		f.now = f.now.Add(late)
		c, err := f.o.FinishPasskey(ctx, begun.Handle, answer, f.addr())
		if err == nil {
			who, whoErr := f.o.Who(request(c))
			require.NoError(t, whoErr)
			require.Equal(t, acc.ID, who.ID)
			_, again := f.o.FinishPasskey(ctx, begun.Handle, answer, f.addr())
			require.ErrorIs(t, again, auth.ErrSignIn, "a ceremony ends once")
		}
		return err
	}
	require.NoError(t, signIn(nil, 0))
	stranger := newAuthenticator(t)
	for name, change := range map[string]func(*auth.Ceremony, *authenticator){
		"another site":     func(_ *auth.Ceremony, a *authenticator) { a.origin = "https://evil.example" },
		"another host":     func(_ *auth.Ceremony, a *authenticator) { a.host = "evil.example" },
		"not verified":     func(_ *auth.Ceremony, a *authenticator) { a.noUV = true },
		"another key":      func(_ *auth.Ceremony, a *authenticator) { a.key = stranger.key },
		"unknown key":      func(_ *auth.Ceremony, a *authenticator) { a.id = stranger.id },
		"another person":   func(_ *auth.Ceremony, a *authenticator) { a.user = []byte("somebody") },
		"another ceremony": func(c *auth.Ceremony, _ *authenticator) { c.Handle = "x" },
		"of stepping up": func(c *auth.Ceremony, _ *authenticator) {
			other, err := f.o.BeginStepUp(ctx, w)
			require.NoError(t, err)
			c.Handle = other.Handle
		},
	} {
		require.ErrorIs(t, signIn(change, 0), auth.ErrSignIn, name)
	}
	require.NoError(t, signIn(nil, auth.CeremonyLife-time.Second))
	require.ErrorIs(t, signIn(nil, auth.CeremonyLife), auth.ErrSignIn, "too late")
	_, err := f.o.FinishPasskey(ctx, "x", []byte("{"), f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)

	key.counter = 0
	require.ErrorIs(t, signIn(nil, 0), auth.ErrSignIn, "a copy of the key counts for itself")
	key.counter = 100
	require.NoError(t, signIn(nil, 0))

	require.NoError(t, f.o.RevokeCredential(ctx, w.Official(), acc.ID, id))
	require.ErrorIs(t, signIn(nil, 0), auth.ErrSignIn, "revoked")
}

func TestPasskeyIsAFreshProof(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "one")
	f.account(t, "unit", "two")
	c, w := f.official(t, "one")
	_, w2 := f.official(t, "two")
	key, _ := f.withPasskey(t, w)
	other, _ := f.withPasskey(t, w2)

	begun, err := f.o.BeginStepUp(ctx, w)
	require.NoError(t, err)
	require.ErrorIs(t, f.o.StepUpPasskey(ctx, w, begun.Handle, other.assert(t, begun), f.addr()), auth.ErrSignIn, "of somebody else")
	begun, err = f.o.BeginStepUp(ctx, w2)
	require.NoError(t, err)
	require.ErrorIs(t, f.o.StepUpPasskey(ctx, w, begun.Handle, key.assert(t, begun), f.addr()), auth.ErrSignIn, "a ceremony of somebody else")
	begun, err = f.o.BeginStepUp(ctx, w)
	require.NoError(t, err)
	require.NoError(t, f.o.StepUpPasskey(ctx, w, begun.Handle, key.assert(t, begun), f.addr()))
	who, err := f.o.Who(request(c))
	require.NoError(t, err)
	require.True(t, who.Fresh(f.now))
}

func TestPasskeyRegistrationIsBoundToItsAccount(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "one")
	f.account(t, "unit", "two")
	_, w := f.official(t, "one")
	_, w2 := f.official(t, "two")
	a := newAuthenticator(t)
	begun, err := f.o.BeginRegister(ctx, w)
	require.NoError(t, err)
	_, err = f.o.FinishRegister(ctx, w2, begun.Handle, a.register(t, begun), "")
	require.ErrorIs(t, err, auth.ErrSignIn, "begun by another")
	begun, err = f.o.BeginRegister(ctx, w)
	require.NoError(t, err)
	answer := a.register(t, begun)
	_, err = f.o.FinishRegister(ctx, w, begun.Handle, answer, "")
	require.NoError(t, err)
	begun, err = f.o.BeginRegister(ctx, w2)
	require.NoError(t, err)
	_, err = f.o.FinishRegister(ctx, w2, begun.Handle, a.register(t, begun), "")
	require.ErrorIs(t, err, store.ErrConflict, "one passkey, one account")
}

func TestNoPasskeysWithoutAHost(t *testing.T) {
	f := setupOffice(t, func(p *auth.OfficialsParams) { p.Host, p.Origins = "", nil })
	ctx := context.Background()
	f.account(t, "unit", "one")
	_, w := f.official(t, "one")
	_, err := f.o.BeginPasskey(ctx, here)
	require.ErrorIs(t, err, auth.ErrNotOffered)
	_, err = f.o.FinishPasskey(ctx, "", nil, here)
	require.ErrorIs(t, err, auth.ErrNotOffered)
	_, err = f.o.BeginRegister(ctx, w)
	require.ErrorIs(t, err, auth.ErrNotOffered)
	_, err = f.o.FinishRegister(ctx, w, "", nil, "")
	require.ErrorIs(t, err, auth.ErrNotOffered)
	_, err = f.o.BeginStepUp(ctx, w)
	require.ErrorIs(t, err, auth.ErrNotOffered)
	require.ErrorIs(t, f.o.StepUpPasskey(ctx, w, "", nil, here), auth.ErrNotOffered)
}

// Whatever an authenticator answers, nobody is signed in by it who was not, and
// nothing falls over.
func FuzzPasskeyAnswer(f *testing.F) {
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`[`))
	o := fuzzOffice(f)
	f.Fuzz(func(t *testing.T, answer []byte) {
		begun, err := o.o.BeginPasskey(context.Background(), o.addr())
		if err != nil {
			o.now = o.now.Add(time.Minute)
			return
		}
		c, err := o.o.FinishPasskey(context.Background(), begun.Handle, answer, o.addr())
		if err == nil || c != nil {
			t.Fatalf("signed in by %q", answer)
		}
	})
}

// A room device enrols once by its code, signs in by its key, and is gone when
// it is revoked.
func TestRoomDevice(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "operator", store.RoleOperator)
	_, w := f.official(t, "operator")
	by := w.Official()
	key, spki := deviceKey(t)
	code, ends, err := f.o.OfferEnrolment(ctx, by, "Phòng xử án 1")
	require.NoError(t, err)
	require.Len(t, code, 8)
	require.Equal(t, f.now.Add(15*time.Minute), ends)
	_, err = f.o.Enrol(ctx, code, []byte("no key"), "", f.addr())
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = f.o.Enrol(ctx, wrongCode(code), spki, "", f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	id, err := f.o.Enrol(ctx, code, spki, "máy 1", f.addr())
	require.NoError(t, err)
	_, other := deviceKey(t)
	_, err = f.o.Enrol(ctx, code, other, "", f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn, "once")
	d, err := f.db.RoomDevice(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []any{court.UnitID("unit"), "Phòng xử án 1", by.ID, spki}, []any{d.Unit, d.Label, d.EnrolledBy, d.PublicKey})

	code, _, err = f.o.OfferEnrolment(ctx, by, "")
	require.NoError(t, err)
	f.now = f.now.Add(auth.EnrolLife)
	_, err = f.o.Enrol(ctx, code, other, "", f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn, "too late")

	gone := f.account(t, "unit", "gone", store.RoleOperator)
	code, _, err = f.o.OfferEnrolment(ctx, auth.Official{ID: gone.ID, Unit: "unit"}, "")
	require.NoError(t, err)
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), gone.ID, auth.Change{Roles: []store.Role{store.RoleClerk}})
	require.NoError(t, err)
	_, err = f.o.Enrol(ctx, code, other, "", f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn, "who made the code is no operator any more")

	nonce, err := f.o.ChallengeDevice(ctx, id, f.addr())
	require.NoError(t, err)
	signature := signNonce(t, key, nonce)
	c, err := f.o.SignInDevice(ctx, id, nonce, signature, f.addr())
	require.NoError(t, err)
	require.Equal(t, "__Host-phientoa-device", c.Name)
	room, err := f.o.Room(request(c))
	require.NoError(t, err)
	require.Equal(t, d, room.Device)
	_, err = f.o.Account(requestAs(auth.OfficeCookieName, c.Value))
	require.ErrorIs(t, err, auth.ErrNoSession, "a device is no official")
	_, err = f.o.SignInDevice(ctx, id, nonce, signature, f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn, "a nonce is signed once")

	thief, _ := deviceKey(t)
	for name, try := range map[string]func(nonce string) (string, []byte){
		"another key":    func(n string) (string, []byte) { return id, signNonce(t, thief, n) },
		"another device": func(n string) (string, []byte) { return "other", signNonce(t, key, n) },
		"short":          func(n string) (string, []byte) { return id, signNonce(t, key, n)[:63] },
		"empty":          func(string) (string, []byte) { return id, nil },
	} {
		nonce, err := f.o.ChallengeDevice(ctx, id, f.addr())
		require.NoError(t, err)
		device, sig := try(nonce)
		_, err = f.o.SignInDevice(ctx, device, nonce, sig, f.addr())
		require.ErrorIs(t, err, auth.ErrSignIn, name)
	}
	code, _, err = f.o.OfferEnrolment(ctx, by, "")
	require.NoError(t, err)
	key2, spki2 := deviceKey(t)
	second, err := f.o.Enrol(ctx, code, spki2, "máy 2", f.addr())
	require.NoError(t, err)
	nonce, err = f.o.ChallengeDevice(ctx, id, f.addr())
	require.NoError(t, err)
	_, err = f.o.SignInDevice(ctx, second, nonce, signNonce(t, key2, nonce), f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn, "a nonce that another device asked for")
	nonce, err = f.o.ChallengeDevice(ctx, "no-such-device", f.addr())
	require.NoError(t, err, "a name that does not exist answers the same")
	_, err = f.o.SignInDevice(ctx, "no-such-device", nonce, signNonce(t, key, nonce), f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)

	*f.seats = seats{{Hearing: hearing, Person: "p", Device: "room", RoomDevice: id}}
	seat, ses, err := f.o.EnterRoomSeat(ctx, room, hearing, "p", "room")
	require.NoError(t, err)
	_, _, err = f.o.EnterRoomSeat(ctx, room, hearing, "q", "room")
	require.ErrorIs(t, err, auth.ErrForbidden)

	far := auth.System("far")
	foreignErr := f.o.RevokeDevice(ctx, far, id)
	require.ErrorIs(t, foreignErr, store.ErrNotFound)
	require.Equal(t, f.o.RevokeDevice(ctx, far, "no-such-device").Error(), foreignErr.Error())
	require.NoError(t, f.o.RevokeDevice(ctx, by, id))
	_, err = f.o.Room(request(c))
	require.ErrorIs(t, err, auth.ErrNoSession)
	f.refused(t, seat, "revoked")
	require.Equal(t, [][32]byte{ses.TokenHash}, f.ended.hashes())
	nonce, err = f.o.ChallengeDevice(ctx, id, f.addr())
	require.NoError(t, err)
	_, err = f.o.SignInDevice(ctx, id, nonce, signNonce(t, key, nonce), f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	list, err := f.o.Devices(ctx, far)
	require.NoError(t, err)
	require.Empty(t, list)
	_, _, err = auth.VerifyAdminLog(ctx, f.db)
	require.NoError(t, err)
}

// Eight digits are few: wrong ones are bounded for the whole process.
func TestEnrolmentCodesCannotBeTried(t *testing.T) {
	f := setupOffice(t)
	_, spki := deviceKey(t)
	tried := 0
	for range 100 {
		_, err := f.o.Enrol(context.Background(), "x", spki, "", f.addr())
		if err == auth.ErrThrottled { //nolint:errorlint // identity is the law
			break
		}
		require.ErrorIs(t, err, auth.ErrSignIn)
		tried++
	}
	require.Equal(t, 30, tried)
}
