package bench

import (
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// spin burns whatever time nobody else wants on its core, so that the core never
// sleeps, until in ends. SCHED_IDLE yields to everything at once.
func spin(in io.Reader) error {
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, in)
		stop.Store(true)
	}()
	runtime.LockOSThread()
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("bench: idle priority for the spinner: %w", err)
	}
	for !stop.Load() {
	}
	<-done
	return nil
}
