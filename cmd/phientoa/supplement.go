package main

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"phientoa/recording/archive"
	"phientoa/recording/supplement"
	"phientoa/signaling/minutebook"
)

// openSupplements makes the job of small sealed files beside sealed parts: minutes,
// amendments, the court's later seal.
func (n *node) openSupplements() {
	var noted supplement.Register
	if n.register != nil { // not a typed nil
		noted = n.register
	}
	n.supplements = supplement.New(supplement.Params{
		Dir: n.evidenceDir(), Second: n.p.EvidenceSecond, Node: n.p.Node, Store: n.store, Signer: n.sealing(), Register: noted,
		Minutes: n.finalMinutes, Finished: n.sealedFile, Logger: n.logger,
	})
	count := func(name, help string, f func() int64) {
		n.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "phientoa_" + name, Help: help}, func() float64 { return float64(f()) }))
	}
	count("supplements_total", "Supplements of sealed parts made by this process.", func() int64 { made, _, _ := n.supplements.Counts(); return made })
	count("supplement_failures_total", "Attempts to make a supplement that failed and are repeated.", func() int64 { _, failed, _ := n.supplements.Counts(); return failed })
	n.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "phientoa_supplements_waiting", Help: "Supplements that are wanted of this node and not made yet.",
	}, func() float64 { _, _, waiting := n.supplements.Counts(); return float64(waiting) }))
}

// finalMinutes gives a final document of a hearing's minutes to the job, which knows
// nothing of the minutes' law.
func (n *node) finalMinutes(ctx context.Context, hearing string, sha256 [32]byte) (m supplement.Minutes, err error) {
	f, err := n.minutes.Final(ctx, hearing, sha256)
	if errors.Is(err, minutebook.ErrNotFinal) {
		return m, supplement.ErrNotFinal
	}
	if err != nil {
		return m, err
	}
	m = supplement.Minutes{Kind: archive.MinutesSupplement, Document: f.File, Lines: f.Lines, Info: archive.MinutesInfo{
		Version: f.Document.Version, From: f.Document.From, Lines: f.Document.Lines, Before: hex.EncodeToString(f.Before[:]),
		Head: f.Document.Head, SHA256: f.SHA256, Given: f.Given, Follows: f.Follows, Signers: []archive.PersonSigned{},
	}}
	if f.Follows != "" {
		m.Kind = archive.AmendmentSupplement
	}
	for _, s := range f.Signers {
		m.Info.Signers = append(m.Info.Signers, archive.PersonSigned{
			Capacity: string(s.Capacity), Name: s.Name, Issuer: s.Issuer, Serial: s.Serial, SHA256: s.SHA256, Bound: s.Bound,
		})
	}
	return m, nil
}

// sealLater has the court's seal made as a supplement where the part's file lies locked
// in the object store as it is: locked objects are never written again.
func (n *node) sealLater(ctx context.Context, f archive.Final) (bool, error) {
	if n.mirror == nil {
		return false, nil
	}
	stored, err := n.mirror.Holds(ctx, f.Hearing, f.Part, f.Size)
	if err != nil || !stored {
		return false, err
	}
	return true, n.supplements.WantCourtSeal(ctx, f.Hearing, f.Manifest)
}
