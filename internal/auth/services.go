package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Right is what another system may do by a token.
type Right string

// Rights that a token can name.
const (
	RightImport Right = "import" // put hearings into the unit's calendar
	RightStatus Right = "status" // ask where a hearing of the unit stands
	RightUnits  Right = "units"  // read the names of units within reach
	RightLodge  Right = "lodge"  // note that archives were put into case files
)

// Rights are all of them.
func Rights() []Right { return []Right{RightImport, RightStatus, RightUnits, RightLodge} }

// Limits of service tokens.
const (
	MaxTokenLife    = 365 * 24 * time.Hour
	tokensPerMinute = 120 // requests of one token, at once and afterwards
	wrongPerMinute  = 30  // wrong tokens of one address

	// tokenPrefix lets people, and programs that look for leaked secrets, see what it is.
	tokenPrefix = "phientoa_"
)

// NewToken describes a token to make.
type NewToken struct {
	Label  string
	Rights []Right
	Life   time.Duration // up to MaxTokenLife
}

// CreateService adds an account for another system to the official's unit. It has
// no password, so that only its tokens open anything.
func (o *Officials) CreateService(ctx context.Context, by Official, login, name string) (store.Account, error) {
	login, ok := checkLogin(login)
	if !ok || strings.TrimSpace(name) == "" {
		return store.Account{}, fmt.Errorf("auth: service: %w", store.ErrInvalid)
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return store.Account{}, fmt.Errorf("auth: randomness: %w", err)
	}
	acc := store.Account{
		ID: id.String(), Unit: by.Unit, Login: login, Name: strings.TrimSpace(name), Roles: []store.Role{store.RoleService}, Created: o.p.Now(),
	}
	if err := o.st.CreateAccount(ctx, by.Scope, acc, o.act(by, "account.created", acc.ID, "roles "+joined(acc.Roles))); err != nil {
		return store.Account{}, fmt.Errorf("auth: service: %w", err)
	}
	return acc, nil
}

// IssueToken makes a token of a service account of the official's unit. The text
// is shown once and stored nowhere: 256 random bits in base64url behind a prefix.
func (o *Officials) IssueToken(ctx context.Context, by Official, account string, t NewToken) (text string, row store.ServiceToken, err error) {
	acc, err := o.st.Account(ctx, by.Scope, account)
	if err != nil {
		return "", row, fmt.Errorf("auth: service token: %w", err)
	}
	known := !slices.ContainsFunc(t.Rights, func(r Right) bool { return !slices.Contains(Rights(), r) })
	if !isService(acc) || acc.Disabled || len(t.Rights) == 0 || !known || t.Life <= 0 || t.Life > MaxTokenLife {
		return "", row, fmt.Errorf("auth: service token: %w", store.ErrInvalid)
	}
	secret, _, err := newToken(o.p.Rand, sessionBytes)
	if err != nil {
		return "", row, err
	}
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return "", row, fmt.Errorf("auth: randomness: %w", err)
	}
	text, now := tokenPrefix+secret, o.p.Now()
	row = store.ServiceToken{
		ID: id.String(), Hash: digest(text), Account: acc.ID, Label: t.Label, Created: now, Expires: now.Add(t.Life),
	}
	for _, r := range t.Rights {
		row.Rights = append(row.Rights, string(r))
	}
	slices.Sort(row.Rights)
	row.Rights = slices.Compact(row.Rights)
	err = o.services.PutServiceToken(ctx, by.Scope, row, o.act(by, "service.token.made", acc.ID,
		row.ID+" rights "+strings.Join(row.Rights, ",")+" until "+row.Expires.UTC().Format(time.DateOnly)))
	if err != nil {
		return "", store.ServiceToken{}, fmt.Errorf("auth: service token: %w", err)
	}
	return text, row, nil
}

// Tokens returns those of a service account of the official's unit.
func (o *Officials) Tokens(ctx context.Context, by Official, account string) ([]store.ServiceToken, error) {
	return o.services.ServiceTokens(ctx, by.Scope, account)
}

// RevokeToken ends a token of the official's unit for good, with the next request.
func (o *Officials) RevokeToken(ctx context.Context, by Official, account, token string) error {
	err := o.services.RevokeServiceToken(ctx, by.Scope, token, o.act(by, "service.token.revoked", account, token))
	if err != nil {
		return fmt.Errorf("auth: service token: %w", err)
	}
	return nil
}

func isService(a store.Account) bool { return slices.Contains(a.Roles, store.RoleService) }

// bearer is the token of a request (RFC 6750, 2.1); given tells whether it names
// any credentials of this kind at all.
func bearer(r *http.Request) (token string, given bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}

// service is the other system of a request, by its token. Whatever is wrong with
// the token gives ErrNoSession; ErrThrottled: this token, or wrong ones from this
// address, came too often. The database is always asked, so that a revocation
// counts at once.
func (o *Officials) service(r *http.Request, token string) (Official, error) {
	now, ctx := o.p.Now(), r.Context()
	giveBack, ok := o.wrong.attempt(r.RemoteAddr, now)
	if !ok {
		return Official{}, ErrThrottled
	}
	row, err := o.services.ServiceTokenByHash(ctx, digest(token), now)
	if errors.Is(err, store.ErrNotFound) || !strings.HasPrefix(token, tokenPrefix) {
		return Official{}, ErrNoSession
	}
	giveBack()
	if err != nil {
		return Official{}, fmt.Errorf("auth: service token: %w", err)
	}
	if _, ok := o.tokens.attemptKey(row.ID, now); !ok {
		return Official{}, ErrThrottled
	}
	acc, err := o.st.Account(ctx, court.SystemScope(), row.Account)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (acc.Disabled || !isService(acc)):
		return Official{}, ErrNoSession
	case err != nil:
		return Official{}, fmt.Errorf("auth: service token: %w", err)
	}
	who := Official{ID: acc.ID, Unit: acc.Unit, Name: acc.Name, Roles: acc.Roles, Scope: court.ScopeOf(acc.Unit), Token: row.ID}
	for _, r := range row.Rights {
		who.Rights = append(who.Rights, Right(r))
	}
	return who, nil
}
