package access

import (
	"encoding/hex"
	"net/http"
	"strconv"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// maxLabel bounds labels and names in bytes.
const maxLabel = 200

func (s *Server) accounts(c call) error {
	list, err := s.p.Officials.Accounts(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	rows := []AccountItem{}
	for _, a := range list {
		rows = append(rows, AccountItem{
			ID: a.ID, Unit: string(a.Unit), Login: a.Login, Name: a.Name, Roles: a.Roles,
			Disabled: a.Disabled, MustChange: a.MustChange, Created: a.Created,
		})
	}
	return c.json(http.StatusOK, AccountsAnswer{rows})
}

func (s *Server) createAccount(c call) error {
	var body NewAccountBody
	if err := c.read(&body); err != nil {
		return err
	}
	if len(body.Name) > maxLabel {
		return store.ErrInvalid
	}
	acc, p, err := s.p.Officials.ProposeAccount(c.r.Context(), c.by(),
		auth.NewAccount{Login: body.Login, Name: body.Name, Roles: body.Roles})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, NewAccountAnswer{acc.ID, p.ID, p.Expires})
}

func (s *Server) changeAccount(c call) error {
	var body ChangeAccountBody
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
	return c.json(http.StatusOK, CredentialsAnswer{credentialRows(list)})
}

func (s *Server) removeCredential(c call) error {
	err := s.p.Officials.RevokeCredential(c.r.Context(), c.by(), c.r.PathValue("account"), c.r.PathValue("credential"))
	if err != nil {
		return err
	}
	return c.done()
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
	rows := []AdminItem{}
	for _, e := range list {
		rows = append(rows, AdminItem{
			N: e.N, At: e.At, Actor: e.Actor, Unit: string(e.Unit), What: e.What, Object: e.Object, Detail: e.Detail,
			Hash: hex.EncodeToString(e.Hash[:]),
		})
	}
	return c.json(http.StatusOK, AdminLogAnswer{rows})
}
