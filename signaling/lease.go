package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// errLeaseLost: the lease ran out and could not be renewed for the grace time.
var errLeaseLost = errors.New("lease ran out and could not be renewed")

// leases is the part of the store that a lease needs.
type leases interface {
	Renew(ctx context.Context, sc court.Scope, l store.Lease, ttl time.Duration) (store.Lease, error)
	Release(ctx context.Context, sc court.Scope, l store.Lease) error
}

// leaseKeeper renews one hearing's lease. Validity is counted on this node's
// monotonic clock from before the call that took or renewed it.
type leaseKeeper struct {
	db     leases
	limits Limits
	logger *slog.Logger
	now    func() time.Time
	sig    *signals

	mu    sync.Mutex
	lease store.Lease
	until time.Time
}

func (k *leaseKeeper) current() store.Lease {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lease
}

// run renews until ctx ends.
func (k *leaseKeeper) run(ctx context.Context) {
	t := time.NewTicker(k.limits.LeaseRenew)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := k.renew(ctx)
		switch {
		case err == nil:
			k.sig.setLeaseAway(false)
		case errors.Is(err, store.ErrFenced):
			k.sig.fail(fmt.Errorf("renew lease: %w", err))
			return
		case ctx.Err() != nil:
			return
		default:
			k.sig.setLeaseAway(true)
			if k.overdue() {
				k.sig.fail(fmt.Errorf("%w: %w", errLeaseLost, err))
				return
			}
		}
	}
}

func (k *leaseKeeper) renew(ctx context.Context) error {
	start := k.now()
	ctx, cancel := context.WithTimeout(ctx, k.limits.AppendTimeout)
	defer cancel()
	l, err := k.db.Renew(ctx, court.SystemScope(), k.current(), k.limits.LeaseTTL)
	if err != nil {
		k.logger.Warn("lease not renewed", "err", err)
		return err
	}
	k.mu.Lock()
	k.lease, k.until = l, start.Add(k.limits.LeaseTTL)
	k.mu.Unlock()
	return nil
}

func (k *leaseKeeper) overdue() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now().After(k.until.Add(k.limits.LeaseGrace))
}

func (k *leaseKeeper) release() {
	ctx, cancel := context.WithTimeout(context.Background(), k.limits.AppendTimeout)
	defer cancel()
	if err := k.db.Release(ctx, court.SystemScope(), k.current()); err != nil {
		k.logger.Warn("lease not released; it runs out by itself", "err", err)
	}
}
