package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/disk"
	"phientoa/internal/store"
	"phientoa/recording"
)

// evidenceCmd administers the disks of evidence from the server's own terminal.
type evidenceCmd struct {
	Init evidenceInitCmd `cmd:"" help:"Mark the root of a mounted disk as one for evidence (--evidence-second). Without the mark a directory counts as a disk that is away."`
	Lost evidenceLostCmd `cmd:"" help:"Say that a part of a hearing is lost for good with its disk, so that the hearing can go on. Every report names it as lost from then on."`
}

type evidenceInitCmd struct {
	databaseFlags
	Dir string `arg:"" type:"existingdir" help:"Where the disk is mounted."`
}

func (c *evidenceInitCmd) Run(ctx context.Context, s streams) error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	return c.noting(ctx, s, func(store.Store) (store.AdminEntry, error) {
		err := disk.Mark(dir)
		if errors.Is(err, fs.ErrExist) {
			fmt.Fprintln(s.out, "marked already:", c.Dir)
			return store.AdminEntry{}, nil
		}
		if err == nil {
			fmt.Fprintln(s.out, "marked:", c.Dir)
		}
		return store.AdminEntry{What: "evidence.disk_marked", Object: dir}, err
	})
}

type evidenceLostCmd struct {
	databaseFlags
	Hearing string `arg:"" type:"existingdir" help:"The hearing's directory on the disk that is left, for instance data/evidence/ID."`
	Part    int    `arg:"" help:"Number of the part that is lost."`
	Reason  string `required:"" help:"What became of the disk, 1 to 500 characters. It stands in the entry."`
}

func (c *evidenceLostCmd) Run(ctx context.Context, s streams) error {
	by := os.Getenv("SUDO_USER")
	if by == "" {
		by = os.Getenv("USER")
	}
	dir, err := filepath.Abs(c.Hearing)
	if err != nil {
		return err
	}
	return c.noting(ctx, s, func(st store.Store) (e store.AdminEntry, err error) {
		// The reason and who gave it stand in the entry on the disk: they may name people.
		e = store.AdminEntry{What: "evidence.part_lost", Object: filepath.Base(dir), Detail: recording.PartDir(c.Part)}
		if st != nil {
			h, err := st.Hearing(ctx, court.SystemScope(), e.Object)
			if err != nil && !errors.Is(err, store.ErrNotFound) { // of another database: of no unit
				return e, err
			}
			e.Unit = h.Unit
		}
		path, err := recording.DeclareLost(dir, c.Part, recording.Lost{At: time.Now().UTC(), By: by, Reason: c.Reason})
		if err == nil {
			fmt.Fprintln(s.out, "noted:", path)
		}
		return e, err
	})
}

// noting does an act on the disks and writes its line in the administrative log. The
// database opens first, so that one that is away keeps the act from being done without
// its line; where none is set and none lies in the data directory, act gets nil and the
// terminal says that there is no line. An act without What changed nothing.
func (d databaseFlags) noting(ctx context.Context, s streams, act func(store.Store) (store.AdminEntry, error)) error {
	if _, err := os.Stat(filepath.Join(d.DataDir, "phientoa.db")); d.Database == "" && errors.Is(err, fs.ErrNotExist) {
		e, err := act(nil)
		if err == nil && e.What != "" {
			fmt.Fprintln(s.err, "no database here: no line in the administrative log; with --database or --data-dir there is one")
		}
		return err
	}
	return d.with(ctx, func(st store.Store, _ *auth.Officials) error {
		e, err := act(st)
		if err != nil || e.What == "" {
			return err
		}
		e.At, e.Actor = time.Now(), "system"
		if err := st.AppendAdmin(ctx, e); err != nil {
			return fmt.Errorf("done, but without its line in the administrative log: %w", err)
		}
		return nil
	})
}
