package access

import (
	"net/http"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

func (s *Server) proposals(c call) error {
	list, err := s.p.Officials.Proposals(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	rows := []ProposalItem{}
	for _, p := range list {
		row := ProposalItem{
			ID: p.ID, Kind: p.Kind, Account: p.Account, By: p.By, At: p.At, Expires: p.Expires, Open: p.Open,
			Outcome: p.Outcome, DoneBy: p.DoneBy, Label: p.Label, Fingerprint: p.Fingerprint,
			Roles: p.Roles,
		}
		if !p.DoneAt.IsZero() {
			row.DoneAt = &p.DoneAt
		}
		rows = append(rows, row)
	}
	return c.json(http.StatusOK, ProposalsAnswer{rows})
}

// propose takes an act that another administrator has to confirm; a certificate in
// PEM.
func (s *Server) propose(c call) error {
	var body ProposalBody
	if err := c.readUpTo(maxAnswer, &body); err != nil {
		return err
	}
	if len(body.Label) > maxLabel || (body.Kind != auth.ProposeCertificate && body.Certificate+body.Label != "") ||
		(body.Kind != auth.ProposeRoles && body.Roles != nil) || len(body.Roles) > store.MaxRoles {
		return store.ErrInvalid
	}
	p, err := s.p.Officials.Propose(c.r.Context(), c.by(), auth.NewProposal{
		Kind: body.Kind, Account: body.Account, Certificate: []byte(body.Certificate), Label: body.Label, Roles: body.Roles,
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, ProposedAnswer{p.ID, p.Expires})
}

// confirm does what another administrator proposed; a one-time password that comes
// of it is shown once.
func (s *Server) confirm(c call) error {
	password, err := s.p.Officials.Confirm(c.r.Context(), c.by(), c.r.PathValue("proposal"))
	if err != nil {
		return err
	}
	if password == "" {
		return c.done()
	}
	return c.json(http.StatusOK, OneTimeAnswer{password})
}

func (s *Server) withdraw(c call) error {
	if err := s.p.Officials.Withdraw(c.r.Context(), c.by(), c.r.PathValue("proposal")); err != nil {
		return err
	}
	return c.done()
}
