package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// roleArg is the first argument of a re-executed child.
const roleArg = "bench-role"

// Cores of the two processes of a sample.
const (
	serverCore    = 0
	generatorCore = 1
)

// child is a process of ours. It ends when its standard input does; end waits.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// startChild re-executes this binary in the given role, on one core when core is
// not negative; extra files start at descriptor 3. out takes its standard output.
// It ends by itself after the time that ctx leaves it, roleLifetime without one.
func startChild(ctx context.Context, role string, core int, out io.Writer, extra ...*os.File) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	lifetime := roleLifetime
	if end, ok := ctx.Deadline(); ok {
		lifetime = max(time.Until(end), time.Millisecond)
	}
	cmd := exec.CommandContext(ctx, self, roleArg, role, lifetime.String())
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, os.Stderr, extra
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(cmd, core); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: start %s: %w", role, err), stdin.Close())
	}
	return &child{cmd: cmd, stdin: stdin}, nil
}

// startOn starts cmd with the affinity of one core. A child inherits that of the
// thread that forks it, so all its threads have it and Go sees one processor.
func startOn(cmd *exec.Cmd, core int) error {
	if core < 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if !before.IsSet(core) {
		return fmt.Errorf("core %d is not among those that this process may use; --no-pin does without", core)
	}
	one.Set(core)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	err := cmd.Start()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// end closes the child's standard input and waits for it.
func (c *child) end() error {
	return errors.Join(c.stdin.Close(), c.wait())
}

func (c *child) wait() error {
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("bench: %s %s: %w", roleArg, c.cmd.Args[2], err)
	}
	return nil
}

// usage is what a process has consumed since it began.
type usage struct {
	cpu          time.Duration // scheduler run time of all its threads, ended ones too
	user, system time.Duration // by ticks: coarse
	waited       time.Duration // runnable without a core, living threads
	rss          int64
}

func (u usage) since(before usage) usage {
	return usage{
		cpu: u.cpu - before.cpu, user: u.user - before.user, system: u.system - before.system,
		waited: u.waited - before.waited, rss: u.rss,
	}
}

// processUsage reads the usage of another process.
func processUsage(pid int) (usage, error) {
	var u usage
	// The process CPU clock of clock_getcpuclockid(3): ~pid << 3 | CPUCLOCK_SCHED.
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return u, fmt.Errorf("bench: CPU clock of process %d: %w", pid, err)
	}
	u.cpu = time.Duration(ts.Nano())
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return u, err
	}
	if u.user, u.system, u.rss, err = parseStat(string(stat)); err != nil {
		return u, err
	}
	tasks, err := filepath.Glob(filepath.Join(dir, "task", "*", "schedstat"))
	if err != nil {
		return u, err
	}
	for _, task := range tasks {
		raw, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		if f := strings.Fields(string(raw)); len(f) > 1 {
			ns, _ := strconv.ParseInt(f[1], 10, 64)
			u.waited += time.Duration(ns)
		}
	}
	return u, nil
}

// parseStat reads /proc/PID/stat (man 5 proc): times in clock ticks of 10 ms,
// resident pages.
func parseStat(stat string) (user, system time.Duration, rss int64, err error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	// The name in parentheses may hold anything; fields count from after it.
	f := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(f) < 22 {
		return 0, 0, 0, errors.New("bench: /proc/PID/stat is shorter than expected")
	}
	var v [3]int64
	for i, at := range []int{11, 12, 21} { // utime, stime, rss are fields 14, 15, 24
		if v[i], err = strconv.ParseInt(f[at], 10, 64); err != nil {
			return 0, 0, 0, fmt.Errorf("bench: /proc/PID/stat: %w", err)
		}
	}
	return time.Duration(v[0]) * tick, time.Duration(v[1]) * tick, v[2] * int64(os.Getpagesize()), nil
}

// socketPair gives two connected files; each goes to one child.
func socketPair() (a, b *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("bench: socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "bench-server"), os.NewFile(uintptr(fds[1]), "bench-generator"), nil
}
