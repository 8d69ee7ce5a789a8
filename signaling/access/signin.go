package access

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// The handle of a begun passkey ceremony travels in a cookie: pages need not carry it.
const (
	ceremonyCookie     = "__Host-phientoa-ceremony"
	demoCeremonyCookie = "phientoa_demo_ceremony"
)

// signIn by login and password.
func (s *Server) signIn(c call) error {
	var body SignInBody
	if err := c.read(&body); err != nil {
		return err
	}
	c.tried.login = body.Login
	return s.signedIn(c)(s.p.Officials.SignIn(c.r.Context(), body.Login, body.Password, c.addr()))
}

// signedIn sets the cookie of a new session, unless there is an error.
func (s *Server) signedIn(c call) func(*http.Cookie, error) error {
	return func(cookie *http.Cookie, err error) error {
		if err != nil {
			return err
		}
		http.SetCookie(c.w, cookie)
		return c.done()
	}
}

// certificate signs in by the client certificate of the connection.
func (s *Server) certificate(c call) error {
	return s.signedIn(c)(s.p.Officials.SignInCertificate(c.r.Context(), c.r.TLS, c.addr()))
}

func (s *Server) passkeyBegin(c call) error {
	return s.begun(c)(s.p.Officials.BeginPasskey(c.r.Context(), c.addr()))
}

// begun answers with the options for the authenticator and keeps the handle.
func (s *Server) begun(c call) func(auth.Ceremony, error) error {
	return func(begun auth.Ceremony, err error) error {
		if err != nil {
			return err
		}
		http.SetCookie(c.w, s.ceremony(begun.Handle, int(auth.CeremonyLife/time.Second)))
		return c.json(http.StatusOK, begun.Options)
	}
}

func (s *Server) ceremony(handle string, maxAge int) *http.Cookie {
	name := ceremonyCookie
	if s.p.Demo {
		name = demoCeremonyCookie
	}
	return &http.Cookie{
		Name: name, Value: handle, Path: "/", MaxAge: maxAge,
		Secure: !s.p.Demo, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// handle takes the ceremony's handle from its cookie, which ends with it.
func (s *Server) handle(c call) string {
	gone := s.ceremony("", -1)
	cookie, err := c.r.Cookie(gone.Name)
	if err != nil {
		return ""
	}
	http.SetCookie(c.w, gone)
	return cookie.Value
}

func (s *Server) passkeyFinish(c call) error {
	answer, err := c.raw(maxAnswer)
	if err != nil {
		return err
	}
	return s.signedIn(c)(s.p.Officials.FinishPasskey(c.r.Context(), s.handle(c), answer, c.addr()))
}

func (s *Server) signOut(c call) error {
	cookie, err := s.p.Officials.SignOut(c.r)
	http.SetCookie(c.w, cookie)
	if err != nil {
		return err
	}
	return c.done()
}

func (s *Server) me(c call) error {
	acc := c.who.Account
	unit, err := s.p.Officials.Unit(c.r.Context(), acc.Unit)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, MeAnswer{
		Account: acc.ID, Name: acc.Name, Login: acc.Login, Unit: string(acc.Unit), UnitName: unit.Name, UnitKind: unit.Kind,
		Roles: acc.Roles, Method: c.who.Session.Method, SteppedUp: c.by().Fresh(s.p.Officials.Now()),
		MustChange: acc.MustChange,
	})
}

func (s *Server) password(c call) error {
	var body PasswordBody
	if err := c.read(&body); err != nil {
		return err
	}
	return s.signedIn(c)(s.p.Officials.ChangePassword(c.r.Context(), c.who, body.Old, body.New, c.addr()))
}

// stepUp takes {"password"} or {"passkey": the authenticator's answer}.
func (s *Server) stepUp(c call) error {
	var body struct {
		Password string          `json:"password"`
		Passkey  json.RawMessage `json:"passkey"`
	}
	if err := c.readUpTo(maxAnswer, &body); err != nil {
		return err
	}
	var err error
	if body.Passkey != nil {
		err = s.p.Officials.StepUpPasskey(c.r.Context(), c.who, s.handle(c), body.Passkey, c.addr())
	} else {
		err = s.p.Officials.StepUp(c.r.Context(), c.who, body.Password, c.addr())
	}
	if err != nil {
		return err
	}
	return c.done()
}

func (s *Server) stepUpBegin(c call) error {
	return s.begun(c)(s.p.Officials.BeginStepUp(c.r.Context(), c.who))
}

func credentialRows(list []store.Credential) []CredentialItem {
	out := []CredentialItem{}
	for _, x := range list {
		out = append(out, CredentialItem{ID: x.ID, Kind: x.Kind, Label: x.Label, Created: x.Created, Revoked: x.Revoked})
	}
	return out
}

func (s *Server) ownPasskeys(c call) error {
	list, err := s.p.Officials.Credentials(c.r.Context(), c.by(), c.who.Account.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(x store.Credential) bool { return x.Kind != "passkey" || x.Revoked })
	return c.json(http.StatusOK, credentialRows(list))
}

func (s *Server) registerBegin(c call) error {
	return s.begun(c)(s.p.Officials.BeginRegister(c.r.Context(), c.who))
}

// registerFinish takes the authenticator's answer; a label may stand beside it.
func (s *Server) registerFinish(c call) error {
	answer, err := c.raw(maxAnswer)
	if err != nil {
		return err
	}
	var extra struct {
		Label string `json:"label"`
	}
	if err := json.Unmarshal(answer, &extra); err != nil || len(extra.Label) > maxLabel {
		return store.ErrInvalid
	}
	id, err := s.p.Officials.FinishRegister(c.r.Context(), c.who, s.handle(c), answer, extra.Label)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, IDAnswer{id})
}

// removePasskey ends one's own passkey and, with it, every session of the account.
func (s *Server) removePasskey(c call) error {
	err := s.p.Officials.RevokeCredential(c.r.Context(), c.by(), c.who.Account.ID, c.r.PathValue("credential"))
	if err != nil {
		return err
	}
	return c.done()
}
