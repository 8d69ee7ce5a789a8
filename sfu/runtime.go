package sfu

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// collectAt is how much the heap may grow, in percent of what is alive, before the next
// collection. What lives is some 0.2 MB a peer and what a join throws away is more than
// that, so that with Go's 100 a join storm spends an eighth of its time in the collector.
const collectAt = 400

// TuneRuntime sets the garbage collector of a process that runs engines: it is to collect
// less often, and as often as Go does by itself when half of the memory that the process
// may have is in use. What the environment says (GOGC, GOMEMLIMIT) counts instead.
func TuneRuntime() {
	if _, said := os.LookupEnv("GOGC"); !said {
		debug.SetGCPercent(collectAt)
	}
	if _, said := os.LookupEnv("GOMEMLIMIT"); !said {
		if m := memoryOfProcess(); m > 0 {
			debug.SetMemoryLimit(m / 2)
		}
	}
}

// memoryOfProcess is the machine's memory or the lower bound of its control group, in
// bytes; 0: unknown.
func memoryOfProcess() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return lower(int64(info.Totalram)*int64(info.Unit), "/sys/fs/cgroup/memory.max") //nolint:gosec // no machine has 2^63 bytes
}

// lower is m or the number in the file, whichever is less; the file may say "max".
func lower(m int64, path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return m
	}
	if bound, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bound > 0 {
		return min(m, bound)
	}
	return m
}
