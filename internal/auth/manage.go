package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Administration of accounts. An administrator acts in the own unit only, never
// on the own account, and no act of his opens a hearing: seats do. Who is asked
// here has been checked for role and fresh proof by the caller (the table of
// routes, or the terminal of the server).

const systemActor = "system"

// System is who acts at the terminal of the server. Its scope is that of one unit.
func System(unit court.UnitID) Official {
	return Official{ID: systemActor, Unit: unit, Scope: court.ScopeOf(unit)}
}

// NewAccount describes an account to create.
type NewAccount struct {
	Login, Name string
	Roles       []store.Role
}

// CreateAccount adds an account to the official's unit and returns it with a
// one-time password, shown once, that opens nothing but its change. A login that
// stands, in whatever unit, gives store.ErrConflict. Only the terminal of the
// server does it alone, everybody else gets ErrTwoNeeded: see ProposeAccount.
func (o *Officials) CreateAccount(ctx context.Context, by Official, a NewAccount) (store.Account, string, error) {
	if by.ID != systemActor {
		return store.Account{}, "", ErrTwoNeeded
	}
	acc, err := o.newAccount(by, a)
	if err != nil {
		return store.Account{}, "", err
	}
	password, err := o.setOneTime(ctx, &acc)
	if err != nil {
		return store.Account{}, "", err
	}
	return acc, password, o.addAccount(ctx, by, acc)
}

// ProposeAccount is CreateAccount by one administrator: the account stands, opens
// nothing, and works when another has confirmed the proposal that is returned with
// it. Who could make one alone could look at the unit's hearings by it.
func (o *Officials) ProposeAccount(ctx context.Context, by Official, a NewAccount) (store.Account, store.Proposal, error) {
	acc, err := o.newAccount(by, a)
	if err != nil {
		return store.Account{}, store.Proposal{}, err
	}
	acc.Disabled = true
	if err := o.addAccount(ctx, by, acc); err != nil {
		return store.Account{}, store.Proposal{}, err
	}
	// Without it the account waits, disabled, until somebody proposes it once more.
	p, err := o.Propose(ctx, by, NewProposal{Kind: ProposeEnable, Account: acc.ID})
	return acc, p, err
}

// newAccount is one of the official's unit that has no way in yet.
func (o *Officials) newAccount(by Official, a NewAccount) (store.Account, error) {
	login, ok := checkLogin(a.Login)
	if !ok || strings.TrimSpace(a.Name) == "" || len(a.Roles) == 0 || slices.Contains(a.Roles, store.RoleService) {
		return store.Account{}, fmt.Errorf("auth: account: %w", store.ErrInvalid)
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return store.Account{}, fmt.Errorf("auth: randomness: %w", err)
	}
	return store.Account{
		ID: id.String(), Unit: by.Unit, Login: login, Name: strings.TrimSpace(a.Name), Roles: unique(a.Roles),
		MustChange: true, Created: o.p.Now(),
	}, nil
}

func (o *Officials) addAccount(ctx context.Context, by Official, acc store.Account) error {
	err := o.st.CreateAccount(ctx, by.Scope, acc, o.act(by, "account.created", acc.ID, "roles "+joined(acc.Roles)))
	if err != nil {
		return fmt.Errorf("auth: account: %w", err)
	}
	return nil
}

func (o *Officials) setOneTime(ctx context.Context, acc *store.Account) (string, error) {
	password, err := oneTime(o.p.Rand)
	if err != nil {
		return "", err
	}
	acc.Password, err = o.hasher.hash(ctx, password)
	acc.MustChange = true
	return password, err
}

func unique(roles []store.Role) []store.Role {
	out := slices.Clone(roles)
	slices.Sort(out)
	return slices.Compact(out)
}

func joined(roles []store.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, ",")
}

// Change is what an administrator changes of an account; nil leaves it.
type Change struct {
	Name  *string
	Roles []store.Role
	// Disabled: whoever works again after it was true gets a reset as well.
	Disabled *bool
	// Reset gives a new one-time password and revokes every passkey and certificate:
	// the holder starts anew.
	Reset bool

	added []store.Role // to those that the account has
}

// needsTwo tells whether the change gives somebody a way in, or a role.
func (c Change) needsTwo(acc store.Account) bool {
	return c.Reset || len(c.added) > 0 || c.enables(acc) || len(lacking(acc, c.Roles)) > 0
}

// lacking are those of the roles that the account does not have.
func lacking(acc store.Account, roles []store.Role) []store.Role {
	return slices.DeleteFunc(unique(roles), func(r store.Role) bool { return slices.Contains(acc.Roles, r) })
}

func (c Change) enables(acc store.Account) bool {
	return c.Disabled != nil && !*c.Disabled && acc.Disabled
}

// ChangeAccount changes an account of the official's unit, else store.ErrNotFound;
// never the own one: ErrOwnAccount. Disabling, other roles and a reset end its
// sessions and the media of its seats. The answer is a one-time password when one
// was asked for. What takes two administrators is refused with ErrTwoNeeded but at
// the terminal of the server.
func (o *Officials) ChangeAccount(ctx context.Context, by Official, account string, c Change) (string, error) {
	return o.change(ctx, by, account, c, by.ID != systemActor)
}

// change is ChangeAccount; alone: nobody else has agreed to it.
func (o *Officials) change(ctx context.Context, by Official, account string, c Change, alone bool) (string, error) {
	var password string
	var ends bool
	var err error
	for range 3 { // somebody else may change it at the same time
		if password, ends, err = o.changeOnce(ctx, by, account, c, alone); !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	if err != nil || !ends {
		return password, err
	}
	return password, o.endAll(ctx, by, account)
}

func (o *Officials) changeOnce(ctx context.Context, by Official, account string, c Change, alone bool) (password string, ends bool, err error) {
	acc, err := o.st.Account(ctx, by.Scope, account)
	if err != nil {
		return "", false, fmt.Errorf("auth: account: %w", err)
	}
	// A service stays one, and nobody becomes one: it has tokens and no password.
	odd := func(r store.Role) bool { return !r.Valid() || r == store.RoleService }
	switch {
	case acc.ID == by.ID:
		return "", false, ErrOwnAccount
	case slices.ContainsFunc(c.Roles, odd), isService(acc) && (c.Roles != nil || c.Reset):
		return "", false, fmt.Errorf("auth: account: %w", store.ErrInvalid)
	case alone && c.needsTwo(acc):
		return "", false, ErrTwoNeeded
	}
	reset := c.Reset || c.enables(acc)
	done, ends := c.apply(&acc)
	if reset {
		if password, err = o.setOneTime(ctx, &acc); err != nil {
			return "", false, err
		}
		done, ends = append(done, "reset"), true
	}
	if acc.Name == "" || len(acc.Roles) == 0 {
		return "", false, fmt.Errorf("auth: account: %w", store.ErrInvalid)
	}
	if len(done) == 0 {
		return "", false, nil
	}
	err = o.st.UpdateAccount(ctx, by.Scope, acc, o.act(by, "account.changed", acc.ID, strings.Join(done, "; ")))
	if err != nil {
		return "", false, fmt.Errorf("auth: account: %w", err)
	}
	return password, ends, nil
}

// apply makes the change but for the reset, and tells in the log's words what was
// done and whether it ends the account's sessions.
func (c Change) apply(acc *store.Account) (done []string, ends bool) {
	if c.Name != nil {
		acc.Name, done = strings.TrimSpace(*c.Name), append(done, "name")
	}
	if c.Roles != nil {
		acc.Roles, ends = unique(c.Roles), true
		done = append(done, "roles "+joined(acc.Roles))
	}
	if len(lacking(*acc, c.added)) > 0 {
		acc.Roles, ends = unique(slices.Concat(acc.Roles, c.added)), true
		done = append(done, "roles "+joined(acc.Roles))
	}
	if c.Disabled != nil && *c.Disabled != acc.Disabled {
		acc.Disabled, ends = *c.Disabled, ends || *c.Disabled
		done = append(done, map[bool]string{true: "disabled", false: "enabled"}[*c.Disabled])
	}
	return done, ends
}

// endAll ends every session of an account, and the media of its seats.
func (o *Officials) endAll(ctx context.Context, by Official, account string) error {
	_, err := o.st.EndAccountSessions(ctx, by.Scope, account)
	if err != nil {
		return fmt.Errorf("auth: sessions: %w", err)
	}
	return o.endSeats(ctx, account)
}

// Accounts returns those of the official's unit.
func (o *Officials) Accounts(ctx context.Context, by Official) ([]store.Account, error) {
	return o.st.AccountsOf(ctx, by.Scope)
}

// Credentials returns those of an account of the official's unit.
func (o *Officials) Credentials(ctx context.Context, by Official, account string) ([]store.Credential, error) {
	return o.st.Credentials(ctx, by.Scope, account)
}

// RevokeCredential ends a passkey or certificate of an account of the official's
// unit for good, with every session of the account and the media of its seats.
func (o *Officials) RevokeCredential(ctx context.Context, by Official, account, credential string) error {
	creds, err := o.st.Credentials(ctx, by.Scope, account)
	if err != nil {
		return fmt.Errorf("auth: credential: %w", err)
	}
	if !slices.ContainsFunc(creds, func(c store.Credential) bool { return c.ID == credential }) {
		return fmt.Errorf("auth: credential: %w", store.ErrNotFound)
	}
	err = o.st.RevokeCredential(ctx, by.Scope, credential, o.act(by, "credential.revoked", account, credential))
	if err != nil {
		return fmt.Errorf("auth: credential: %w", err)
	}
	return o.endSeats(ctx, account)
}

// AdminLog returns entries of the official's unit from number `from` on.
func (o *Officials) AdminLog(ctx context.Context, by Official, from uint64, limit int) ([]store.AdminEntry, error) {
	return o.st.AdminLog(ctx, by.Scope, from, limit)
}

// Unit is the unit as the directory has it; of one that is not known only its id.
func (o *Officials) Unit(ctx context.Context, id court.UnitID) (store.Unit, error) {
	units, err := o.st.Units(ctx, court.ScopeOf(id))
	if err != nil || len(units) == 0 {
		return store.Unit{ID: id}, err
	}
	return units[0], nil
}

// AdminLogStore is what VerifyAdminLog reads.
type AdminLogStore interface {
	AdminLog(ctx context.Context, sc court.Scope, from uint64, limit int) ([]store.AdminEntry, error)
}

// VerifyAdminLog reads the whole administrative log and checks its chain. It
// returns how many entries there are and the hash of the last: whoever keeps that
// elsewhere also notices when the end is cut off.
func VerifyAdminLog(ctx context.Context, st AdminLogStore) (entries uint64, head [32]byte, err error) {
	for {
		page, err := st.AdminLog(ctx, court.SystemScope(), entries+1, store.MaxAdminRead)
		if err != nil {
			return entries, head, fmt.Errorf("auth: administrative log: %w", err)
		}
		if len(page) == 0 {
			return entries, head, nil
		}
		if err := store.VerifyAdminChain(entries, head, page); err != nil {
			return entries, head, err
		}
		last := page[len(page)-1]
		entries, head = last.N, last.Hash
	}
}
