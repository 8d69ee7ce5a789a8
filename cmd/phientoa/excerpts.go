package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"path/filepath"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/recording/excerpt"
	"phientoa/recording/retrieval"
	"phientoa/signaling/office"
)

// openExcerpts makes what excerpts and redacted copies are made by. The vault is open.
func (n *node) openExcerpts() (err error) {
	n.excerpts, err = excerpt.NewJobs(excerpt.JobsParams{
		Dir: filepath.Join(n.p.DataDir, "excerpts"), Signer: n.sealing(), Rand: rand.Reader, Logger: n.logger, Open: n.sealedPart, Rate: n.p.RenderRate << 20,
	})
	return err
}

// sealedPart opens a part of this node for what is made of it.
func (n *node) sealedPart(hearing string, part int) (io.ReaderAt, int64, io.Closer, [sha256.Size]byte, error) {
	parts, err := n.store.ArchiveParts(context.Background(), court.SystemScope(), hearing)
	if err != nil {
		return nil, 0, nil, [sha256.Size]byte{}, err
	}
	for _, p := range parts {
		if p.Part == part {
			r, size, c, err := n.vault.Open(p)
			return r, size, c, p.SHA256, err
		}
	}
	return nil, 0, nil, [sha256.Size]byte{}, store.ErrNotFound
}

// forget takes away what was made of a part that is disposed of.
func (n *node) forget(hearing string, part int, key string) error {
	return errors.Join(n.renders.Forget(hearing, part, key), n.excerpts.Forget(hearing, part))
}

// officeExcerpts are the jobs in the office's words.
type officeExcerpts struct {
	jobs  *excerpt.Jobs
	vault *retrieval.Vault
}

// Ask implements office.Excerpts.
func (o officeExcerpts) Ask(p store.ArchivePart, account string, a office.ExcerptAsked) (office.Excerpt, error) {
	if _, err := o.vault.Path(p); errors.Is(err, retrieval.ErrElsewhere) {
		return office.Excerpt{}, office.ErrElsewhere
	}
	asked := excerpt.Asked{Kind: excerpt.KindExcerpt, Tracks: a.Tracks, Events: a.Events, Reason: a.Reason, By: a.By}
	if a.Redacted {
		asked.Kind = excerpt.KindRedacted
		for _, c := range a.Cuts {
			asked.Cuts = append(asked.Cuts, excerpt.Cut{FromT: c.From.UnixMicro(), ToT: c.To.UnixMicro(), Tracks: c.Tracks, Reason: c.Reason})
		}
	} else {
		asked.FromT, asked.ToT = a.From.UnixMicro(), a.To.UnixMicro()
	}
	j, err := o.jobs.Ask(p.Hearing, p.Part, account, asked)
	if errors.Is(err, excerpt.ErrFull) {
		err = office.ErrExcerptQueue
	}
	return officeExcerpt(j), err
}

// List implements office.Excerpts.
func (o officeExcerpts) List(p store.ArchivePart, account string) []office.Excerpt {
	var out []office.Excerpt
	for _, j := range o.jobs.List(p.Hearing, p.Part, account) {
		out = append(out, officeExcerpt(j))
	}
	return out
}

// Open implements office.Excerpts.
func (o officeExcerpts) Open(p store.ArchivePart, account, id string) (office.Excerpt, io.ReadSeekCloser, error) {
	j, f, err := o.jobs.Open(p.Hearing, p.Part, account, id)
	if err != nil {
		return office.Excerpt{}, nil, err
	}
	return officeExcerpt(j), f, nil
}

func officeExcerpt(j excerpt.Job) office.Excerpt {
	at := func(us int64) time.Time { return time.UnixMicro(us).UTC() }
	e := office.Excerpt{
		ExcerptAsked: office.ExcerptAsked{
			Redacted: j.Asked.Kind == excerpt.KindRedacted, From: at(j.Asked.FromT), To: at(j.Asked.ToT), Tracks: j.Asked.Tracks,
			Events: j.Asked.Events, Reason: j.Asked.Reason, By: j.Asked.By,
		},
		ID: j.ID, At: j.At, State: j.State, Share: j.Share, Size: j.Size, SHA256: j.SHA256,
	}
	if j.State == excerpt.StateReady {
		e.Expires = j.Expires()
	}
	for _, c := range j.Asked.Cuts {
		e.Cuts = append(e.Cuts, office.ExcerptCut{From: at(c.FromT), To: at(c.ToT), Tracks: c.Tracks, Reason: c.Reason})
	}
	return e
}
