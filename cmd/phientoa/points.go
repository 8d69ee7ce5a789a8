package main

import (
	"context"
	"errors"
	"sync"

	"phientoa/internal/simpoint"
)

// runPoints keeps the simulated points in the hearing that is shown, until ctx
// ends. A new hearing calls them over.
func (d *demo) runPoints(ctx context.Context) {
	for ctx.Err() == nil {
		hearingCtx, over := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for i := range d.points {
			wg.Go(func() { d.runPoint(hearingCtx, i) })
		}
		select {
		case <-ctx.Done():
		case <-d.wake:
		}
		over()
		wg.Wait()
	}
}

func (d *demo) runPoint(ctx context.Context, i int) {
	logger := d.node.logger.With("point", pointID(i))
	token, err := d.invite(ctx, pointID(i))
	if err != nil {
		if ctx.Err() == nil {
			logger.Error("no invitation for a simulated point; begin with --fresh", "err", err)
		}
		return
	}
	err = simpoint.Run(ctx, simpoint.Params{BaseURL: "http://127.0.0.1:" + d.port, Token: token, Logger: logger, Variant: i})
	if err != nil && !errors.Is(err, context.Canceled) {
		logger.Error("simulated point ended", "err", err)
	}
}
