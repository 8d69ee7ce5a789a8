package access

import (
	"net/http"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// proposalRow is an act that takes two administrators, without its secrets.
type proposalRow struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Account string    `json:"account"`
	By      string    `json:"by"` // account
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	Open    bool      `json:"open"`
	// Outcome is "confirmed" or "withdrawn" by DoneBy; empty: open, or out of time.
	Outcome string     `json:"outcome,omitempty"`
	DoneBy  string     `json:"done_by,omitempty"`
	DoneAt  *time.Time `json:"done_at,omitempty"`
	// Of a certificate: what it is called, and its SHA-256 in hexadecimal.
	Label       string `json:"label,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

func (s *Server) proposals(c call) error {
	list, err := s.p.Officials.Proposals(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	rows := []proposalRow{}
	for _, p := range list {
		row := proposalRow{
			ID: p.ID, Kind: p.Kind, Account: p.Account, By: p.By, At: p.At, Expires: p.Expires, Open: p.Open,
			Outcome: p.Outcome, DoneBy: p.DoneBy, Label: p.Label, Fingerprint: p.Fingerprint,
		}
		if !p.DoneAt.IsZero() {
			row.DoneAt = &p.DoneAt
		}
		rows = append(rows, row)
	}
	return c.json(http.StatusOK, map[string]any{"proposals": rows})
}

// propose takes an act that another administrator has to confirm; a certificate in
// PEM.
func (s *Server) propose(c call) error {
	var body struct {
		Kind        string `json:"kind"`
		Account     string `json:"account"`
		Certificate string `json:"certificate"`
		Label       string `json:"label"`
	}
	if err := c.readUpTo(maxAnswer, &body); err != nil {
		return err
	}
	if len(body.Label) > maxLabel || (body.Kind != auth.ProposeCertificate && body.Certificate+body.Label != "") {
		return store.ErrInvalid
	}
	p, err := s.p.Officials.Propose(c.r.Context(), c.by(), auth.NewProposal{
		Kind: body.Kind, Account: body.Account, Certificate: []byte(body.Certificate), Label: body.Label,
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, map[string]any{"id": p.ID, "expires": p.Expires})
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
	return c.json(http.StatusOK, map[string]string{"password": password})
}

func (s *Server) withdraw(c call) error {
	if err := s.p.Officials.Withdraw(c.r.Context(), c.by(), c.r.PathValue("proposal")); err != nil {
		return err
	}
	return c.done()
}
