package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/prometheus/client_golang/prometheus"

	"phientoa/cmd/verifycli"
	"phientoa/internal/edge"
	"phientoa/recording/storage"
)

// openStorage makes the mirror of sealed parts in an object store; none where no
// store is set.
func (n *node) openStorage() error {
	if n.p.S3Endpoint == "" {
		return nil
	}
	roots, err := verifycli.Roots(n.p.S3CA)
	if err != nil {
		return fmt.Errorf("s3-ca: %w", err)
	}
	text, err := os.ReadFile(n.p.S3KeyFile)
	if err != nil {
		return fmt.Errorf("s3-key-file: %w", err)
	}
	key := strings.Fields(string(text))
	if len(key) != 2 {
		return errors.New("s3-key-file: want the access key on its first line and the secret key on its second")
	}
	to, err := age.ParseRecipients(strings.NewReader(strings.Join(n.p.S3Recipient, "\n")))
	if err != nil {
		return fmt.Errorf("s3-recipient: %w", err)
	}
	target, err := storage.NewTarget(storage.TargetParams{
		Endpoint: n.p.S3Endpoint, Bucket: n.p.S3Bucket, Region: n.p.S3Region, Access: key[0], Secret: key[1], Roots: roots,
	})
	if err != nil {
		return err
	}
	n.mirror, err = storage.New(storage.Params{
		Dir: n.evidenceDir(), Second: n.p.EvidenceSecond, Outbox: filepath.Join(n.p.DataDir, "outbox"), Node: n.p.Node, Target: target,
		Catalogue: n.store, Recipients: to, Retain: time.Duration(n.p.S3RetainDays) * 24 * time.Hour,
		Reserve: leastFree, Logger: n.logger,
	})
	if err != nil {
		return err
	}
	n.observeStorage()
	return nil
}

// sealedFile tells the mirror of a sealed file, where there is one.
func (n *node) sealedFile(path string) {
	if n.mirror != nil {
		n.mirror.Add(path)
	}
}

// runStorage works until ctx ends.
func (n *node) runStorage(ctx context.Context) {
	if n.mirror != nil {
		n.mirror.Run(ctx)
	}
}

func (n *node) observeStorage() {
	status := n.mirror.Status
	for _, g := range []struct {
		name, help string
		value      func() float64
	}{
		{"storage_waiting", "Sealed files that are not yet in the object store.", func() float64 { return float64(status().Waiting) }},
		{"storage_oldest_waiting_seconds", "When the oldest sealed file that is not yet in the object store was sealed, in seconds since 1970; 0 when none waits.", func() float64 {
			if s := status(); !s.Oldest.IsZero() {
				return float64(s.Oldest.Unix())
			}
			return 0
		}},
		{"storage_write_once", "1 when a locked probe in the object store could not be deleted, else 0.", func() float64 {
			if s := status(); s.Locked {
				return 1
			}
			return 0
		}},
	} {
		n.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "phientoa_" + g.name, Help: g.help}, g.value))
	}
	for _, c := range []struct {
		name, help string
		value      func() float64
	}{
		{"storage_stored_total", "Sealed files stored in the object store and read back by this process.", func() float64 { return float64(status().Stored) }},
		{"storage_stored_bytes_total", "Bytes stored in the object store by this process, encrypted.", func() float64 { return float64(status().Bytes) }},
		{"storage_failures_total", "Attempts to store a sealed file or to try the bucket that failed and are repeated.", func() float64 { return float64(status().Failed) }},
	} {
		n.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "phientoa_" + c.name, Help: c.help}, c.value))
	}
}

// storageCheck tells operators of copies that wait and of a bucket that is not what
// it should be. Hearings go on without them: it never makes a node unready.
func (n *node) storageCheck(context.Context) (any, error) {
	s := n.mirror.Status()
	switch {
	case !s.Probed:
		return s, fmt.Errorf("%w: the object store was not tried yet", edge.ErrWarning)
	case !s.Locked:
		return s, fmt.Errorf("%w: the object store is not write-once: %s", edge.ErrWarning, s.Reason)
	case s.Error != "":
		return s, fmt.Errorf("%w: sealed files wait for the object store", edge.ErrWarning)
	}
	return s, nil
}
