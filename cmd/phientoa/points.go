package main

import "context"

// runPoints keeps simulated points in the current hearing until ctx ends.
func (d *demo) runPoints(ctx context.Context) {
	<-ctx.Done()
}
