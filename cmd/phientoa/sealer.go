package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phientoa/internal/edge"
	"phientoa/internal/ledger"
	"phientoa/internal/revocation"
	"phientoa/internal/signer"
	"phientoa/internal/tsa"
	"phientoa/recording"
	"phientoa/recording/archive"
	"phientoa/recording/register"
	"phientoa/recording/retrieval"
)

// newSealer makes the job that seals parts which have ended. The keys are the
// signer's; this process asks it.
func (n *node) newSealer() *archive.Job {
	var noted archive.Register
	if n.register != nil { // not a typed nil
		noted = n.register
	}
	job := archive.NewJob(archive.JobParams{
		Dir: n.evidenceDir(), Second: n.p.EvidenceSecond, Signer: n.sealing(), Register: noted, Reserve: leastFree, Logger: n.logger,
		Catalogue: retrieval.Catalogue{Store: n.store, Logger: n.logger},
		Finished:  n.sealedFile,
		SealLater: n.sealLater,
		SignEnd: func(ctx context.Context, part string) error {
			return recording.SignEnd(ctx, part, ledger.Params{Signer: n.signer, Now: time.Now, Rand: rand.Reader, Logger: n.logger})
		},
	})
	counter := func(name, help string, f func() int64) {
		n.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "phientoa_" + name, Help: help}, func() float64 { return float64(f()) }))
	}
	n.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "phientoa_seals_waiting", Help: "Parts of hearings that have ended and wait for their seal or its timestamp.",
	}, func() float64 { return float64(job.Waiting()) }))
	n.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "phientoa_parts_unended", Help: "Parts that a process stopped writing without their end line and that have not ended since; they get no seal.",
	}, func() float64 { return float64(job.Unended()) }))
	counter("seals_total", "Parts sealed by this process.", func() int64 { sealed, _, _ := job.Counts(); return sealed })
	counter("seal_failures_total", "Attempts to seal or stamp a part that failed and are repeated.", func() int64 { _, failed, _ := job.Counts(); return failed })
	counter("seal_read_bytes_total", "Bytes of evidence read for sealing.", func() int64 { _, _, read := job.Counts(); return read })
	return job
}

// openRegister opens the node's register of openings and final roots. Hearings go on
// without it when it cannot be opened; that is an alarm of its own.
func (n *node) openRegister(ctx context.Context) error {
	r, err := register.Open(ctx, filepath.Join(n.p.DataDir, register.Dir), n.p.Node, ledger.Params{
		Signer: n.signer, Now: time.Now, Rand: rand.Reader, Logger: n.logger,
	})
	if err != nil {
		n.logger.Error("the register of openings is not open; phientoa audit tells why", "err", err)
		return nil
	}
	n.register = r
	n.onClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), registerTime)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			n.logger.Warn("register not closed in order", "err", err)
		}
	})
	return nil
}

// sealCheck tells which parts wait for their seal in vain. Nothing that serves
// hearings depends on it: it warns.
func sealCheck(job *archive.Job) (any, error) {
	detail := struct {
		Waiting int               `json:"waiting"`
		Unended int               `json:"unended"` // parts
		Failing []archive.Failure `json:"failing"`
	}{job.Waiting(), job.Unended(), job.Failing()}
	if n := len(detail.Failing); n > 0 {
		return detail, fmt.Errorf("%w: %d parts could not be sealed or stamped so far", edge.ErrWarning, n)
	}
	return detail, nil
}

// sealing is the signer, with the timestamps and revocation lists that are set.
func (n *node) sealing() archive.Signer {
	return sealingWith(n.signer, n.p.TimestampURL, n.p.RevocationList)
}

// sealingWith is a signer, with the timestamps of an authority (empty: its own) and
// the revocation lists of files and addresses beside its own.
func sealingWith(c *signer.Client, timestampURL string, lists []string) archive.Signer {
	// Who is set answers, and nobody that it points to.
	client := &http.Client{
		Timeout:       archive.StampLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s := sealedWith{Client: c, lists: revocation.NewSource(lists, client, time.Now)}
	if timestampURL != "" {
		s.authority = &tsa.Client{URL: timestampURL, Rand: rand.Reader, HTTP: client}
	}
	return s
}

type sealedWith struct {
	*signer.Client
	authority *tsa.Client // nil: the signer's own
	lists     *revocation.Source
}

// Stamp implements archive.Signer.
func (s sealedWith) Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	if s.authority == nil {
		return s.Client.Stamp(ctx, imprint)
	}
	return s.authority.Stamp(ctx, imprint)
}

// Lists implements archive.Signer.
func (s sealedWith) Lists(ctx context.Context, certs []*x509.Certificate) ([][]byte, error) {
	own, err := s.Client.Lists(ctx, certs)
	others, e := s.lists.Lists(ctx, certs)
	return append(own, others...), errors.Join(err, e)
}
