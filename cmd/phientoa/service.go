package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// serviceCmd administers the accounts of other systems, which ask by tokens.
type serviceCmd struct {
	Create serviceCreateCmd `cmd:"" help:"Create the account of another system and print its first token, once."`
	Token  serviceTokenCmd  `cmd:"" help:"Make a further token of such an account and print it, once: for a change of tokens without a break."`
	List   serviceListCmd   `cmd:"" help:"List the tokens of such an account: id, rights, end, label."`
	Revoke serviceRevokeCmd `cmd:"" help:"Revoke a token for good, or all of the account."`
}

// tokenFlags say what a new token may and for how long.
type tokenFlags struct {
	Right []string `name:"right" required:"" help:"What it may, can be given several times: import, status, units, lodge."`
	Days  int      `name:"days" default:"180" help:"Days until it ends, 1 to 365."`
	Label string   `name:"label" default:"" help:"What it is for."`
}

// issue makes a token; the text goes to standard output, the rest beside it.
func (f tokenFlags) issue(ctx context.Context, s streams, o *auth.Officials, by auth.Official, account string) error {
	t, err := f.wanted()
	if err != nil {
		return err
	}
	text, row, err := o.IssueToken(ctx, by, account, t)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "token %s, good until %s; it is not shown again\n", row.ID, row.Expires.UTC().Format(time.RFC3339))
	_, err = fmt.Fprintln(s.out, text)
	return err
}

func (f tokenFlags) wanted() (auth.NewToken, error) {
	t := auth.NewToken{Label: f.Label, Life: time.Duration(f.Days) * 24 * time.Hour}
	if f.Days < 1 || t.Life > auth.MaxTokenLife {
		return t, errors.New("days: 1 to 365")
	}
	for _, name := range f.Right {
		if !slices.Contains(auth.Rights(), auth.Right(name)) {
			return t, fmt.Errorf("there is no right %q: %v", name, auth.Rights())
		}
		t.Rights = append(t.Rights, auth.Right(name))
	}
	return t, nil
}

type serviceCreateCmd struct {
	databaseFlags
	tokenFlags
	Unit  string `name:"unit" required:"" help:"Id of the unit whose calendar it reaches; it must stand (unit put)."`
	Login string `name:"login" required:"" help:"Name of the account: 1 to 64 of a-z, 0-9, '.', '_', '-', '@'."`
	Name  string `name:"name" required:"" help:"Name of the system."`
}

func (c *serviceCreateCmd) Run(ctx context.Context, s streams) error {
	if _, err := c.wanted(); err != nil { // before anything stands
		return err
	}
	return c.with(ctx, func(st store.Store, o *auth.Officials) error {
		by := auth.System(court.UnitID(c.Unit))
		if err := unitStands(ctx, st, by.Unit); err != nil {
			return err
		}
		acc, err := o.CreateService(ctx, by, c.Login, c.Name)
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("the login %q is taken", c.Login)
		}
		if err != nil {
			return err
		}
		return c.issue(ctx, s, o, by, acc.ID)
	})
}

// ofService runs f for the service account of a login.
func (d databaseFlags) ofService(ctx context.Context, login string, f func(o *auth.Officials, by auth.Official, account string) error) error {
	return d.with(ctx, func(st store.Store, o *auth.Officials) error {
		acc, err := st.AccountByLogin(ctx, login)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no account %q", login)
		}
		if err != nil {
			return err
		}
		return f(o, auth.System(acc.Unit), acc.ID)
	})
}

type serviceTokenCmd struct {
	databaseFlags
	tokenFlags
	Login string `name:"login" required:"" help:"Name of the account."`
}

func (c *serviceTokenCmd) Run(ctx context.Context, s streams) error {
	return c.ofService(ctx, c.Login, func(o *auth.Officials, by auth.Official, account string) error {
		err := c.issue(ctx, s, o, by, account)
		if errors.Is(err, store.ErrInvalid) {
			return fmt.Errorf("%q is disabled, not the account of another system, or has %d tokens", c.Login, store.MaxServiceTokens)
		}
		return err
	})
}

type serviceListCmd struct {
	databaseFlags
	Login string `name:"login" required:"" help:"Name of the account."`
}

func (c *serviceListCmd) Run(ctx context.Context, s streams) error {
	return c.ofService(ctx, c.Login, func(o *auth.Officials, by auth.Official, account string) error {
		list, err := o.Tokens(ctx, by, account)
		if err != nil {
			return err
		}
		for _, t := range list {
			end := t.Expires.UTC().Format(time.DateOnly)
			if t.Revoked {
				end = "revoked"
			}
			fmt.Fprintln(s.out, strings.Join([]string{t.ID, strings.Join(t.Rights, ","), end, t.Label}, "\t"))
		}
		return nil
	})
}

type serviceRevokeCmd struct {
	databaseFlags
	Login string `name:"login" required:"" help:"Name of the account."`
	Token string `name:"token" default:"" help:"Id of the token; empty: all of the account."`
}

func (c *serviceRevokeCmd) Run(ctx context.Context, s streams) error {
	return c.ofService(ctx, c.Login, func(o *auth.Officials, by auth.Official, account string) error {
		list, err := o.Tokens(ctx, by, account)
		if err != nil {
			return err
		}
		n := 0
		for _, t := range list {
			if t.Revoked || c.Token != "" && t.ID != c.Token {
				continue
			}
			if err := o.RevokeToken(ctx, by, account, t.ID); err != nil {
				return err
			}
			n++
		}
		if c.Token != "" && n == 0 {
			return fmt.Errorf("%q has no such token that is not revoked", c.Login)
		}
		_, err = fmt.Fprintf(s.out, "%d revoked\n", n)
		return err
	})
}
