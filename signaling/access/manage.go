package access

import (
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
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if body.Name != nil && len(*body.Name) > maxLabel {
		return store.ErrInvalid
	}
	_, err := s.p.Officials.ChangeAccount(c.r.Context(), c.by(), c.r.PathValue("account"),
		auth.Change{Name: body.Name, Roles: body.Roles, Disabled: body.Disabled})
	if err != nil {
		return err
	}
	return c.done()
}

func (s *Server) credentials(c call) error {
	list, err := s.p.Officials.Credentials(c.r.Context(), c.by(), c.r.PathValue("account"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, map[string]any{"credentials": credentialRows(list)})
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
