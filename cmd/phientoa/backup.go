package main

import (
	"context"
	"errors"
)

type backupCmd struct{}

func (backupCmd) Run(context.Context, streams) error { return errors.New("not built") }

type restoreCmd struct{}

func (restoreCmd) Run(context.Context, streams) error { return errors.New("not built") }
