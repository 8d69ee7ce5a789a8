package auth

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"phientoa/internal/store"
)

type clientKey struct{}

type client struct{ address, agent string }

// WithClient tells sign-ins under ctx where they begin: the network address and
// the browser's own words about itself, of which at most store.MaxAgentBytes are
// kept. Both are shown to the holder of the account only.
func WithClient(ctx context.Context, address, agent string) context.Context {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(agent, ""))
	for len(printable) > store.MaxAgentBytes {
		cut := []rune(printable)
		printable = string(cut[:min(len(cut)-1, store.MaxAgentBytes)])
	}
	return context.WithValue(ctx, clientKey{}, client{address, printable})
}

func clientOf(ctx context.Context) (address, agent string) {
	c, _ := ctx.Value(clientKey{}).(client)
	return c.address, c.agent
}

// OwnSession is a sign-in of one's own account.
type OwnSession struct {
	ID string // of this list only; it opens nothing
	store.AccountSession
	Current bool // the one that asks
}

// OwnSessions returns the sign-ins of the account that can be used, the latest
// first.
func (o *Officials) OwnSessions(ctx context.Context, w Who) ([]OwnSession, error) {
	list, err := o.standing(ctx, w)
	idle := func(s OwnSession) bool { return o.p.Now().Sub(s.LastSeen) > IdleLife }
	return slices.DeleteFunc(list, idle), err
}

// standing are the sign-ins of the account that did not end, also those that have
// not been used for too long.
func (o *Officials) standing(ctx context.Context, w Who) ([]OwnSession, error) {
	list, err := o.st.AccountSessions(ctx, w.Account.ID, o.p.Now())
	if err != nil {
		return nil, fmt.Errorf("auth: sessions: %w", err)
	}
	out := make([]OwnSession, len(list))
	for i, s := range list {
		out[i] = OwnSession{ID: sessionID(s), AccountSession: s, Current: s.TokenHash == w.Session.TokenHash}
	}
	return out, nil
}

// sessionID names a session to its holder without its hash.
func sessionID(s store.AccountSession) string {
	sum := digest("list\x00" + string(s.TokenHash[:]))
	return hex.EncodeToString(sum[:16])
}

// EndOwnSession ends one sign-in of the own account, with the seats entered from it
// and their media; store.ErrNotFound if there is none of this id.
func (o *Officials) EndOwnSession(ctx context.Context, w Who, id string) error {
	n, err := o.endOwn(ctx, w, func(s OwnSession) bool { return s.ID == id })
	if err == nil && n == 0 {
		err = fmt.Errorf("auth: session: %w", store.ErrNotFound)
	}
	return err
}

// EndOtherSessions ends every sign-in of the own account but the one that asks.
func (o *Officials) EndOtherSessions(ctx context.Context, w Who) error {
	_, err := o.endOwn(ctx, w, func(s OwnSession) bool { return !s.Current })
	return err
}

func (o *Officials) endOwn(ctx context.Context, w Who, which func(OwnSession) bool) (n int, err error) {
	list, err := o.standing(ctx, w)
	if err != nil {
		return 0, err
	}
	for _, s := range list {
		if !which(s) {
			continue
		}
		seats, err := o.st.EndAccountSession(ctx, s.TokenHash)
		if err != nil {
			return n, fmt.Errorf("auth: session: %w", err)
		}
		o.endMedia(ctx, seats)
		n++
	}
	return n, nil
}
