package access

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// maxLabel bounds labels and names in bytes.
const maxLabel = 200

type accountRow struct {
	ID         string       `json:"id"`
	Unit       string       `json:"unit"`
	Login      string       `json:"login"`
	Name       string       `json:"name"`
	Roles      []store.Role `json:"roles"`
	Disabled   bool         `json:"disabled"`
	MustChange bool         `json:"must_change"`
	Created    time.Time    `json:"created"`
}

func (s *Server) accounts(c call) error {
	list, err := s.p.Officials.Accounts(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	rows := []accountRow{}
	for _, a := range list {
		rows = append(rows, accountRow{
			ID: a.ID, Unit: string(a.Unit), Login: a.Login, Name: a.Name, Roles: a.Roles,
			Disabled: a.Disabled, MustChange: a.MustChange, Created: a.Created,
		})
	}
	return c.json(http.StatusOK, map[string]any{"accounts": rows})
}

func (s *Server) createAccount(c call) error {
	var body struct {
		Login string       `json:"login"`
		Name  string       `json:"name"`
		Roles []store.Role `json:"roles"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if len(body.Name) > maxLabel {
		return store.ErrInvalid
	}
	acc, password, err := s.p.Officials.CreateAccount(c.r.Context(), c.by(),
		auth.NewAccount{Login: body.Login, Name: body.Name, Roles: body.Roles})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, map[string]string{"id": acc.ID, "password": password})
}

func (s *Server) changeAccount(c call) error {
	var body struct {
		Name     *string      `json:"name"`
		Roles    []store.Role `json:"roles"`
		Disabled *bool        `json:"disabled"`
		Reset    bool         `json:"reset"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if body.Name != nil && len(*body.Name) > maxLabel {
		return store.ErrInvalid
	}
	password, err := s.p.Officials.ChangeAccount(c.r.Context(), c.by(), c.r.PathValue("account"),
		auth.Change{Name: body.Name, Roles: body.Roles, Disabled: body.Disabled, Reset: body.Reset})
	if err != nil {
		return err
	}
	if password == "" {
		return c.done()
	}
	return c.json(http.StatusOK, map[string]string{"password": password})
}

func (s *Server) credentials(c call) error {
	list, err := s.p.Officials.Credentials(c.r.Context(), c.by(), c.r.PathValue("account"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, map[string]any{"credentials": credentialRows(list)})
}

// addCertificate takes a certificate in PEM.
func (s *Server) addCertificate(c call) error {
	var body struct {
		Certificate string `json:"certificate"`
		Label       string `json:"label"`
	}
	if err := c.readUpTo(maxAnswer, &body); err != nil {
		return err
	}
	if len(body.Label) > maxLabel {
		return store.ErrInvalid
	}
	id, err := s.p.Officials.RegisterCertificate(c.r.Context(), c.by(), c.r.PathValue("account"), []byte(body.Certificate), body.Label)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, map[string]string{"id": id})
}

func (s *Server) removeCredential(c call) error {
	err := s.p.Officials.RevokeCredential(c.r.Context(), c.by(), c.r.PathValue("account"), c.r.PathValue("credential"))
	if err != nil {
		return err
	}
	return c.done()
}

type adminRow struct {
	N      uint64    `json:"n"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Unit   string    `json:"unit"`
	What   string    `json:"what"`
	Object string    `json:"object"`
	Detail string    `json:"detail"`
	Hash   string    `json:"hash"`
}

// adminLog answers with at most 200 entries from ?from= on (1 is the first).
func (s *Server) adminLog(c call) error {
	const page = 200
	from := uint64(1)
	if v := c.r.URL.Query().Get("from"); v != "" {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil {
			return store.ErrInvalid
		}
		from = n
	}
	list, err := s.p.Officials.AdminLog(c.r.Context(), c.by(), from, page)
	if err != nil {
		return err
	}
	rows := []adminRow{}
	for _, e := range list {
		rows = append(rows, adminRow{
			N: e.N, At: e.At, Actor: e.Actor, Unit: string(e.Unit), What: e.What, Object: e.Object, Detail: e.Detail,
			Hash: hex.EncodeToString(e.Hash[:]),
		})
	}
	return c.json(http.StatusOK, map[string]any{"entries": rows})
}

type deviceRow struct {
	ID       string    `json:"id"`
	Unit     string    `json:"unit"`
	Label    string    `json:"label"`
	Enrolled time.Time `json:"enrolled"`
	Revoked  bool      `json:"revoked"`
}

func rowOf(d store.RoomDevice) deviceRow {
	return deviceRow{ID: d.ID, Unit: string(d.Unit), Label: d.Label, Enrolled: d.Enrolled, Revoked: d.Revoked}
}

func (s *Server) devices(c call) error {
	list, err := s.p.Officials.Devices(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	rows := []deviceRow{}
	for _, d := range list {
		rows = append(rows, rowOf(d))
	}
	return c.json(http.StatusOK, map[string]any{"devices": rows})
}

func (s *Server) offerEnrolment(c call) error {
	var body struct {
		Label string `json:"label"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if len(body.Label) > maxLabel {
		return store.ErrInvalid
	}
	code, ends, err := s.p.Officials.OfferEnrolment(c.r.Context(), c.by(), body.Label)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, map[string]any{"code": code, "expires": ends})
}

func (s *Server) removeDevice(c call) error {
	if err := s.p.Officials.RevokeDevice(c.r.Context(), c.by(), c.r.PathValue("device")); err != nil {
		return err
	}
	return c.done()
}

// enrol takes the key as SubjectPublicKeyInfo in base64.
func (s *Server) enrol(c call) error {
	var body struct {
		Code      string `json:"code"`
		PublicKey string `json:"public_key"`
		Label     string `json:"label"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(body.PublicKey)
	if err != nil || len(body.Label) > maxLabel {
		return store.ErrInvalid
	}
	id, err := s.p.Officials.Enrol(c.r.Context(), body.Code, key, body.Label, c.addr())
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, map[string]string{"device": id})
}

func (s *Server) challenge(c call) error {
	var body struct {
		Device string `json:"device"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	nonce, err := s.p.Officials.ChallengeDevice(c.r.Context(), body.Device, c.addr())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, map[string]string{"nonce": nonce})
}

// deviceSignIn takes the signature in base64.
func (s *Server) deviceSignIn(c call) error {
	var body struct {
		Device    string `json:"device"`
		Nonce     string `json:"nonce"`
		Signature string `json:"signature"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(body.Signature)
	if err != nil {
		return store.ErrInvalid
	}
	return s.signedIn(c)(s.p.Officials.SignInDevice(c.r.Context(), body.Device, body.Nonce, signature, c.addr()))
}

func (s *Server) deviceSignOut(c call) error {
	cookie, err := s.p.Officials.SignOutDevice(c.r)
	http.SetCookie(c.w, cookie)
	if err != nil {
		return err
	}
	return c.done()
}

func (s *Server) deviceMe(c call) error { return c.json(http.StatusOK, rowOf(c.room.Device)) }

func (s *Server) deviceSeat(c call) error {
	var body seatBody
	if err := c.read(&body); err != nil {
		return err
	}
	cookie, _, err := s.p.Officials.EnterRoomSeat(c.r.Context(), c.room, body.Hearing, body.Person, body.Device)
	return s.seated(c, body, c.room.Device.ID, cookie, err)
}
