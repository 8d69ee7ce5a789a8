package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"phientoa/internal/disk"
	"phientoa/recording"
)

// evidenceCmd administers the disks of evidence from the server's own terminal.
type evidenceCmd struct {
	Init evidenceInitCmd `cmd:"" help:"Mark the root of a mounted disk as one for evidence (--evidence-second). Without the mark a directory counts as a disk that is away."`
	Lost evidenceLostCmd `cmd:"" help:"Say that a part of a hearing is lost for good with its disk, so that the hearing can go on. Every report names it as lost from then on."`
}

type evidenceInitCmd struct {
	Dir string `arg:"" type:"existingdir" help:"Where the disk is mounted."`
}

func (c *evidenceInitCmd) Run(s streams) error {
	err := disk.Mark(c.Dir)
	if errors.Is(err, fs.ErrExist) {
		fmt.Fprintln(s.out, "marked already:", c.Dir)
		return nil
	}
	if err == nil {
		fmt.Fprintln(s.out, "marked:", c.Dir)
	}
	return err
}

type evidenceLostCmd struct {
	Hearing string `arg:"" type:"existingdir" help:"The hearing's directory on the disk that is left, for instance data/evidence/ID."`
	Part    int    `arg:"" help:"Number of the part that is lost."`
	Reason  string `required:"" help:"What became of the disk, 1 to 500 characters. It stands in the entry."`
}

func (c *evidenceLostCmd) Run(s streams) error {
	by := os.Getenv("SUDO_USER")
	if by == "" {
		by = os.Getenv("USER")
	}
	path, err := recording.DeclareLost(c.Hearing, c.Part, recording.Lost{At: time.Now().UTC(), By: by, Reason: c.Reason})
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "noted:", path)
	return nil
}
