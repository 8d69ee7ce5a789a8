package main

import (
	"context"
	"net"
	"strconv"
	"time"

	"phientoa/test/trial/impair"
	"phientoa/test/trial/nethost"
)

// reachTrials are about ways in and changes of address.
func reachTrials() []trial {
	clean := good()
	dark := impair.Line{Delay: path, DarkFrom: darkFrom, DarkUntil: darkFrom + darkTime}
	return []trial{
		{
			Name: "R1", About: "party's address changes in the middle: how long no sound comes",
			Up: clean, Down: clean, Signalled: true,
			Rule: "sound of both directions is back within 2 s of the change",
			Back: 2 * time.Second,
		},
		{
			Name: "R2", About: "a NAT gives the party other ports in the middle: how long no sound comes",
			Up:    impair.Line{Delay: path, Rebind: darkFrom},
			Down:  impair.Line{Delay: path, Rebind: darkFrom, Inward: true},
			Rule:  "sound of both directions is back within 3 s (goal: 1 s)",
			Watch: 15 * time.Second, Back: 3 * time.Second,
		},
		{
			Name: "R3", About: "nothing passes the party's line for 30 s: how long no sound comes afterwards",
			Up: dark, Down: dark, Signalled: true,
			Rule:  "sound of both directions is back within 2 s of the line; the judge reads of the loss within 3 s",
			Watch: darkFrom + darkTime + 15*time.Second, Dark: darkTime, Back: 2 * time.Second, Lost: 3 * time.Second,
		},
		{
			Name: "J1", About: "a good line: from the press of \"present\" to a connection that media flows on",
			Up: clean, Down: clean, Signalled: true,
			Rule: "it stands within 1.5 s", Stands: 1500 * time.Millisecond,
		},
		{
			Name: "J1-lossy", About: "party's line loses 30 % both ways: from the press of \"present\" to a connection that media flows on",
			Up: losing(0.30), Down: losing(0.30), Signalled: true,
			Rule: "it stands within 5 s", Stands: 5 * time.Second,
		},
	}
}

// When, since the measurement began, a line goes dark or a NAT changes, and for how long.
const (
	darkFrom = time.Second
	darkTime = 30 * time.Second
)

// signal gives the far host a way to the pages and the signaling of the near one: apart
// from the line, or over it.
func (t trial) signal(ctx context.Context, l *line) (wait func(), err error) {
	port := strconv.Itoa(webPort)
	if !t.Signalled {
		return nethost.Relay(ctx, l.far, l.near, net.JoinHostPort("127.0.0.1", port))
	}
	front := net.JoinHostPort(nearAddr, port)
	in, err := nethost.Carry(ctx, l.near, front, l.near, net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	out, err := nethost.Carry(ctx, l.far, net.JoinHostPort("127.0.0.1", port), l.far, front)
	if err != nil {
		return nil, err
	}
	return func() { out(); in() }, nil
}

// reach runs the hearing once and judges when sound came.
func (t trial) reach(ctx context.Context, o options, v *Verdict) (err error) {
	if v.Hearing, err = t.once(ctx, o, "sfu"); err != nil {
		return err
	}
	if t.Stands > 0 {
		v.Value, v.Bound = v.Hearing.Join.After, t.Stands.Seconds()
		v.Pass = v.Value > 0 && v.Value <= v.Bound
		return nil
	}
	m := v.Hearing.Moved
	v.Value, v.Bound = max(m.Near, m.Far)-t.Dark.Seconds(), t.Back.Seconds()
	v.Pass = m.Near > 0 && m.Far > 0 && v.Value <= v.Bound
	if t.Lost > 0 {
		lost := m.Lost - darkFrom.Seconds()
		v.Pass = v.Pass && lost > 0 && lost <= t.Lost.Seconds()
	}
	return nil
}
