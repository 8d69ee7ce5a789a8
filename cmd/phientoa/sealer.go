package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phientoa/internal/ledger"
	"phientoa/internal/signer"
	"phientoa/internal/tsa"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// newSealer makes the job that seals parts which have ended. The keys are the
// signer's; this process asks it.
func (n *node) newSealer() *archive.Job {
	job := archive.NewJob(archive.JobParams{
		Dir: n.evidenceDir(), Signer: n.sealing(), Reserve: leastFree, Logger: n.logger,
		Finished: n.sealedFile,
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
	counter("seals_total", "Parts sealed by this process.", func() int64 { sealed, _, _ := job.Counts(); return sealed })
	counter("seal_failures_total", "Attempts to seal or stamp a part that failed and are repeated.", func() int64 { _, failed, _ := job.Counts(); return failed })
	counter("seal_read_bytes_total", "Bytes of evidence read for sealing.", func() int64 { _, _, read := job.Counts(); return read })
	return job
}

// sealing is the signer, with the timestamps of the authority that is set.
func (n *node) sealing() archive.Signer {
	if n.p.TimestampURL == "" {
		return n.signer
	}
	return stampedElsewhere{n.signer, &tsa.Client{
		URL: n.p.TimestampURL, Rand: rand.Reader,
		HTTP: &http.Client{
			Timeout: archive.StampLimit,
			// Who is set answers, and nobody that it points to.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}}
}

type stampedElsewhere struct {
	*signer.Client
	authority *tsa.Client
}

// Stamp implements archive.Signer.
func (s stampedElsewhere) Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	return s.authority.Stamp(ctx, imprint)
}
