package main

import (
	"context"

	"phientoa/sfu/bench"
)

// benchCmd measures our forwarding beside plain Pion and the floor of the
// machine, on loopback only, bounded in time.
type benchCmd struct {
	bench.Options
}

func (c *benchCmd) Run(ctx context.Context, s streams) error {
	o := c.Options
	o.Progress = s.err
	return bench.Run(ctx, o, s.out)
}
