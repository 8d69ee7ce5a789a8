package auth

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/store"
)

// Acts that give somebody a way in or a role take two administrators: one proposes,
// another confirms. Who could do them alone could sign in as anybody of the court,
// see its hearings by an account of their own making, and be two by another one.
const (
	ProposeReset       = "reset"       // a new one-time password, every other way in ends
	ProposeEnable      = "enable"      // the same for a disabled account, which works again
	ProposeCertificate = "certificate" // a certificate to sign in with
	ProposeRoles       = "roles"       // roles beside those that the account has
)

// ProposalLife is how long a proposal can be confirmed.
const ProposalLife = 24 * time.Hour

// NewProposal is what an administrator proposes about somebody else's account.
type NewProposal struct {
	Kind, Account string
	Certificate   []byte       // PEM or DER, of ProposeCertificate
	Label         string       // of the certificate
	Roles         []store.Role // of ProposeRoles: those to add
}

// proposed is a proposal's data.
type proposed struct {
	Certificate []byte       `json:"certificate,omitempty"` // DER
	Label       string       `json:"label,omitempty"`
	Roles       []store.Role `json:"roles,omitempty"`
}

// Proposal is a store.Proposal as administrators see it.
type Proposal struct {
	store.Proposal
	Open  bool
	Label string // of a certificate
	// Fingerprint is the SHA-256 of the certificate in hexadecimal, to be compared
	// with what its holder presents.
	Fingerprint string
	Roles       []store.Role // to add
}

// Propose asks for an act about an account of the administrator's unit, else
// store.ErrNotFound; never about the own one: ErrOwnAccount. The same proposal that
// is still open gives store.ErrConflict, one that would change nothing
// store.ErrInvalid.
func (o *Officials) Propose(ctx context.Context, by Official, n NewProposal) (store.Proposal, error) {
	acc, err := o.st.Account(ctx, by.Scope, n.Account)
	if err != nil {
		return store.Proposal{}, fmt.Errorf("auth: proposal: %w", err)
	}
	if acc.ID == by.ID {
		return store.Proposal{}, ErrOwnAccount
	}
	data, err := o.proposalData(ctx, acc, n)
	if err != nil {
		return store.Proposal{}, err
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return store.Proposal{}, fmt.Errorf("auth: randomness: %w", err)
	}
	now := o.p.Now()
	p := store.Proposal{
		ID: id.String(), Unit: acc.Unit, Kind: n.Kind, Account: acc.ID, Data: data, By: by.ID, At: now, Expires: now.Add(ProposalLife),
	}
	err = o.st.PutProposal(ctx, by.Scope, p, o.act(by, "proposal."+n.Kind, acc.ID, p.ID))
	if err != nil {
		return store.Proposal{}, fmt.Errorf("auth: proposal: %w", err)
	}
	return p, nil
}

// proposalData is what has to be kept of a proposal; it refuses what makes no sense
// for the account now.
func (o *Officials) proposalData(ctx context.Context, acc store.Account, n NewProposal) ([]byte, error) {
	sense := false
	if isService(acc) { // it has tokens, and nothing that lets a person in
		return nil, fmt.Errorf("auth: proposal for a service: %w", store.ErrInvalid)
	}
	switch n.Kind {
	case ProposeReset:
		sense = !acc.Disabled
	case ProposeEnable:
		sense = acc.Disabled
	case ProposeRoles:
		add := lacking(acc, n.Roles)
		bad := func(r store.Role) bool { return !r.Valid() || r == store.RoleService }
		if sense = !acc.Disabled && len(add) > 0 && !slices.ContainsFunc(add, bad); sense {
			return json.Marshal(proposed{Roles: add})
		}
	case ProposeCertificate:
		leaf, err := o.readCertificate(n.Certificate)
		if err != nil {
			return nil, err
		}
		_, err = o.st.CredentialByHandle(ctx, byCertificate, KeyHandle(leaf))
		switch {
		case err == nil:
			return nil, fmt.Errorf("auth: proposal of a key that is registered: %w", store.ErrConflict)
		case !errors.Is(err, store.ErrNotFound):
			return nil, fmt.Errorf("auth: proposal: %w", err)
		}
		return json.Marshal(proposed{Certificate: leaf.Raw, Label: n.Label})
	}
	if !sense {
		return nil, fmt.Errorf("auth: proposal: %w", store.ErrInvalid)
	}
	return nil, nil
}

// readCertificate reads PEM or DER of a certificate of the known authorities.
func (o *Officials) readCertificate(cert []byte) (*x509.Certificate, error) {
	if o.authorities() == nil {
		return nil, ErrNotOffered
	}
	if b, _ := pem.Decode(cert); b != nil && b.Type == "CERTIFICATE" {
		cert = b.Bytes
	}
	leaf, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("auth: certificate: %w", store.ErrInvalid)
	}
	return leaf, o.checkCertificate(leaf, nil)
}

// Proposals returns those of the administrator's unit that are open or were made
// within the last 30 days, the latest first.
func (o *Officials) Proposals(ctx context.Context, by Official) ([]Proposal, error) {
	now := o.p.Now()
	list, err := o.st.Proposals(ctx, by.Scope, now.AddDate(0, 0, -30), now)
	if err != nil {
		return nil, fmt.Errorf("auth: proposals: %w", err)
	}
	out := make([]Proposal, len(list))
	for i, p := range list {
		out[i] = Proposal{Proposal: p, Open: p.Outcome == "" && p.Expires.After(now)}
		var d proposed
		if p.Data != nil && json.Unmarshal(p.Data, &d) == nil {
			out[i].Label, out[i].Roles = d.Label, d.Roles
			if d.Certificate != nil {
				sum := sha256.Sum256(d.Certificate)
				out[i].Fingerprint = hex.EncodeToString(sum[:])
			}
		}
	}
	return out, nil
}

// find returns an open proposal of the administrator's unit; store.ErrNotFound when
// there is none, store.ErrConflict when it is settled or out of time.
func (o *Officials) find(ctx context.Context, by Official, id string) (store.Proposal, error) {
	p, err := o.st.Proposal(ctx, by.Scope, id)
	if err == nil && (p.Outcome != "" || !p.Expires.After(o.p.Now())) {
		err = store.ErrConflict
	}
	if err != nil {
		return store.Proposal{}, fmt.Errorf("auth: proposal: %w", err)
	}
	return p, nil
}

// Confirm does what another administrator proposed. Nobody confirms their own
// proposal (ErrOwnProposal) or what is about themselves (ErrOwnAccount); one whose
// proposer is no administrator any more, or that makes no sense any more, gives
// store.ErrConflict. The answer is a one-time password where the act makes one.
func (o *Officials) Confirm(ctx context.Context, by Official, id string) (password string, err error) {
	p, err := o.find(ctx, by, id)
	if err != nil {
		return "", err
	}
	switch {
	case p.By == by.ID:
		return "", ErrOwnProposal
	case p.Account == by.ID:
		return "", ErrOwnAccount
	}
	if err := o.stillGood(ctx, by, p); err != nil {
		return "", err
	}
	// Settled first: of two who confirm at once one does the act, and it is never done
	// twice. What fails after this has to be proposed anew.
	p, err = o.st.SettleProposal(ctx, by.Scope, p.ID, store.Confirmed, o.act(by, "proposal.confirmed", p.Account, p.ID))
	if err != nil {
		return "", fmt.Errorf("auth: proposal: %w", err)
	}
	return o.carryOut(ctx, by, p)
}

// stillGood gives store.ErrConflict unless the proposer is still an administrator of
// the unit and the proposal makes sense.
func (o *Officials) stillGood(ctx context.Context, by Official, p store.Proposal) error {
	proposer, err := o.st.Account(ctx, by.Scope, p.By)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("auth: proposal: %w", err)
	}
	if err != nil || proposer.Disabled || !slices.Contains(proposer.Roles, store.RoleAdmin) {
		return fmt.Errorf("auth: proposal of nobody: %w", store.ErrConflict)
	}
	acc, err := o.st.Account(ctx, by.Scope, p.Account)
	if err != nil {
		return fmt.Errorf("auth: proposal: %w", err)
	}
	d, err := dataOf(p)
	if err != nil {
		return err
	}
	n := NewProposal{Kind: p.Kind, Certificate: d.Certificate, Label: d.Label, Roles: d.Roles}
	if _, err := o.proposalData(ctx, acc, n); err != nil {
		if errors.Is(err, store.ErrInvalid) {
			return fmt.Errorf("auth: proposal: %w", store.ErrConflict)
		}
		return err
	}
	return nil
}

// dataOf reads what is kept of a proposal, if anything.
func dataOf(p store.Proposal) (d proposed, err error) {
	if p.Data == nil {
		return d, nil
	}
	if err := json.Unmarshal(p.Data, &d); err != nil {
		return d, fmt.Errorf("auth: proposal: %w", err)
	}
	return d, nil
}

func (o *Officials) carryOut(ctx context.Context, by Official, p store.Proposal) (string, error) {
	no := false
	d, err := dataOf(p)
	if err != nil {
		return "", err
	}
	switch p.Kind {
	case ProposeReset:
		return o.change(ctx, by, p.Account, Change{Reset: true}, false)
	case ProposeEnable:
		return o.change(ctx, by, p.Account, Change{Disabled: &no}, false)
	case ProposeRoles:
		return o.change(ctx, by, p.Account, Change{added: d.Roles}, false)
	case ProposeCertificate:
		leaf, err := o.readCertificate(d.Certificate)
		if err != nil {
			return "", err
		}
		_, err = o.addCredential(ctx, by, store.Credential{
			Account: p.Account, Kind: byCertificate, Handle: KeyHandle(leaf), Data: leaf.Raw, Label: d.Label,
		})
		return "", err
	}
	return "", fmt.Errorf("auth: proposal: %w", store.ErrInvalid)
}

// Withdraw ends an open proposal of the administrator's unit without doing it:
// whoever made it takes it back, another refuses it.
func (o *Officials) Withdraw(ctx context.Context, by Official, id string) error {
	p, err := o.find(ctx, by, id)
	if err != nil {
		return err
	}
	_, err = o.st.SettleProposal(ctx, by.Scope, p.ID, store.Withdrawn, o.act(by, "proposal.withdrawn", p.Account, p.ID))
	if err != nil {
		return fmt.Errorf("auth: proposal: %w", err)
	}
	return nil
}
