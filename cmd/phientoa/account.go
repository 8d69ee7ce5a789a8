package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
)

// databaseFlags find the database of an installation, as serve does.
type databaseFlags struct {
	Database string `name:"database" env:"PHIENTOA_DATABASE" help:"sqlite:/path/file.db or postgres://… ; empty: phientoa.db in the data directory."`
	DataDir  string `name:"data-dir" env:"PHIENTOA_DATA_DIR" default:"data" help:"Directory of the embedded database."`
}

// with opens the database, which brings it to this version, and runs f.
func (d databaseFlags) with(ctx context.Context, f func(store.Store, *auth.Officials) error) error {
	dsn := d.Database
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(d.DataDir, "phientoa.db")
	}
	st, err := open.Open(ctx, dsn)
	if err != nil {
		return err
	}
	o, err := auth.NewOfficials(auth.OfficialsParams{Store: st})
	if err == nil {
		err = f(st, o)
	}
	return errors.Join(err, st.Close())
}

// accountCmd administers accounts from the server's own terminal: the first
// administrator of a court comes from here.
type accountCmd struct {
	Create  accountCreateCmd  `cmd:"" help:"Create an account and print its one-time password."`
	Disable accountDisableCmd `cmd:"" help:"Disable an account and end its sessions."`
	Reset   accountResetCmd   `cmd:"" help:"Give an account a new one-time password and end its sessions."`
	Log     accountLogCmd     `cmd:"" help:"Verify the administrative log. Exit 1: it was altered."`
	Service serviceCmd        `cmd:"" help:"Administer accounts of other systems and their tokens."`
}

// unitCmd administers courts, procuracies and detention facilities.
type unitCmd struct {
	Put unitPutCmd `cmd:"" help:"Add a unit, or change one that stands."`
}

type accountCreateCmd struct {
	databaseFlags
	Unit  string   `name:"unit" required:"" help:"Id of the unit; it must stand (unit put)."`
	Login string   `name:"login" required:"" help:"1 to 64 of a-z, 0-9, '.', '_', '-', '@'."`
	Name  string   `name:"name" required:"" help:"Name of the person."`
	Role  []string `name:"role" required:"" help:"Role, may be given several times: judge, chief_judge, clerk, tech_operator, sys_admin, auditor, archivist, procurator, procuracy_head, procuracy_deputy, point_officer."`
}

func (c *accountCreateCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(st store.Store, o *auth.Officials) error {
		unit := court.UnitID(c.Unit)
		if err := unitStands(ctx, st, unit); err != nil {
			return err
		}
		roles := make([]store.Role, len(c.Role))
		for i, r := range c.Role {
			roles[i] = store.Role(r)
			if !roles[i].Valid() {
				return fmt.Errorf("there is no role %q", r)
			}
			if roles[i] == store.RoleService {
				return errors.New("the account of another system is made by account service create")
			}
		}
		_, password, err := o.CreateAccount(ctx, auth.System(unit), auth.NewAccount{Login: c.Login, Name: c.Name, Roles: roles})
		switch {
		case errors.Is(err, store.ErrConflict):
			return fmt.Errorf("the login %q is taken", c.Login)
		case err != nil:
			return err
		}
		return printPassword(s, password)
	})
}

// unitStands refuses a unit that nobody has added.
func unitStands(ctx context.Context, st store.Store, unit court.UnitID) error {
	units, err := st.Units(ctx, court.ScopeOf(unit))
	if err == nil && len(units) == 0 {
		err = fmt.Errorf("there is no unit %q: add it with unit put", unit)
	}
	return err
}

func printPassword(s streams, password string) error {
	_, err := fmt.Fprintln(s.out, password)
	return err
}

// byLogin changes an account as the system.
func (d databaseFlags) byLogin(ctx context.Context, login string, change auth.Change, done func(password string) error) error {
	return d.with(ctx, func(st store.Store, o *auth.Officials) error {
		acc, err := st.AccountByLogin(ctx, login)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no account %q", login)
		}
		if err != nil {
			return err
		}
		password, err := o.ChangeAccount(ctx, auth.System(acc.Unit), acc.ID, change)
		if err != nil {
			return err
		}
		return done(password)
	})
}

type accountDisableCmd struct {
	databaseFlags
	Login string `name:"login" required:"" help:"Login of the account."`
}

func (c *accountDisableCmd) Run(ctx context.Context, s streams) error {
	yes := true
	return c.byLogin(ctx, c.Login, auth.Change{Disabled: &yes}, func(string) error {
		_, err := fmt.Fprintln(s.out, "ok")
		return err
	})
}

type accountResetCmd struct {
	databaseFlags
	Login string `name:"login" required:"" help:"Login of the account."`
}

func (c *accountResetCmd) Run(ctx context.Context, s streams) error {
	return c.byLogin(ctx, c.Login, auth.Change{Reset: true}, func(password string) error { return printPassword(s, password) })
}

type accountLogCmd struct{ databaseFlags }

func (c *accountLogCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(st store.Store, _ *auth.Officials) error {
		n, head, err := auth.VerifyAdminLog(ctx, st)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%d entries, whole; last %s\n", n, hex.EncodeToString(head[:]))
		return err
	})
}

type unitPutCmd struct {
	databaseFlags
	ID     string `name:"id" required:"" help:"Id of the unit."`
	Kind   string `name:"kind" required:"" help:"Identifier of the glossary: court.province, court.regional, vks.regional, detention_facility …"`
	Name   string `name:"name" required:"" help:"Name of the unit."`
	Parent string `name:"parent" help:"Id of the unit above."`
	// What the unit held is its successor's from then on (domain, table of units).
	Successor court.UnitID `name:"successor" help:"Id of the unit that takes its place: the unit ends now, for good."`
}

// succeeded ends the unit in favour of another that stands.
func (c *unitPutCmd) succeeded(ctx context.Context, st store.Store, u *store.Unit, now time.Time) error {
	next, err := st.Units(ctx, court.ScopeOf(c.Successor))
	switch {
	case err != nil:
		return err
	case c.Successor == u.ID || len(next) == 0 || next[0].ValidTo != 0:
		return fmt.Errorf("%s is no other unit that stands", c.Successor)
	case u.ValidTo != 0 && u.Successor != c.Successor:
		return fmt.Errorf("%s has ended already", u.ID)
	case u.ValidTo == 0:
		u.ValidTo = now.UnixMicro()
	}
	u.Successor = c.Successor
	return nil
}

func (c *unitPutCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(st store.Store, _ *auth.Officials) error {
		unit, now := court.UnitID(c.ID), time.Now()
		u := store.Unit{ID: unit, Kind: c.Kind, Name: c.Name, Parent: court.UnitID(c.Parent), ValidFrom: now.UnixMicro()}
		old, err := st.Units(ctx, court.ScopeOf(unit))
		if err != nil {
			return err
		}
		if len(old) > 0 { // its dates stay
			u.ValidFrom, u.ValidTo, u.Successor = old[0].ValidFrom, old[0].ValidTo, old[0].Successor
		}
		if c.Successor != "" {
			if err := c.succeeded(ctx, st, &u, now); err != nil {
				return err
			}
		}
		err = st.PutUnit(ctx, court.ScopeOf(unit), u, store.AdminEntry{
			At: now, Actor: "system", Unit: unit, What: "unit.put", Object: c.ID, Detail: c.Kind,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, "ok")
		return err
	})
}
