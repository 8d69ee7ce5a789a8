//go:build !linux

package bench

import (
	"context"
	"errors"
	"io"
)

// Run is for Linux alone: it needs its scheduler's clocks, pinning and kernel
// timestamps.
func Run(context.Context, Options, io.Writer) error {
	return errors.New("bench: measures on Linux only")
}

// Role never has one here.
func Role([]string) (handled bool, code int) { return false, 0 }
