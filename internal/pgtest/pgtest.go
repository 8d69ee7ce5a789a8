// Package pgtest starts a private PostgreSQL for tests: its own data directory,
// a unix socket instead of a port, one cluster a test, databases cloned from a
// template. It can also take the server away and bring it back.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// SkipEnv, when set, skips tests that need PostgreSQL instead of failing them.
const SkipEnv = "PHIENTOA_TEST_SKIP_POSTGRES"

const (
	role      = "phientoa"
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// Server is a running cluster. Its methods that change the state of the server
// belong to the test that started it.
type Server struct {
	bin, dir string
	cred     *syscall.Credential
	proc     *process
	log      *os.File
	template string
	next     atomic.Int64
}

// Start creates and starts a cluster that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	if os.Getenv(SkipEnv) != "" {
		t.Skipf("PostgreSQL skipped, because %s is set", SkipEnv)
	}
	s, err := start()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Errorf("pgtest: stop: %v", err)
		}
	})
	return s
}

func start() (_ *Server, err error) {
	s := &Server{}
	if s.bin, err = findBinaries(); err != nil {
		return nil, err
	}
	if s.cred, err = credential(); err != nil {
		return nil, err
	}
	// Short, because a socket's path is limited to 107 bytes.
	if s.dir, err = os.MkdirTemp("", "pgt"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.cred != nil {
		if err = os.Chown(s.dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			return nil, err
		}
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "server.log")); err != nil {
		return nil, err
	}
	if err = s.initdb(); err != nil {
		return nil, err
	}
	return s, s.Up()
}

// findBinaries returns the directory of the newest server installed.
func findBinaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	best, version := "", -1
	for _, f := range found {
		dir := filepath.Dir(f)
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && v > version {
			best, version = dir, v
		}
	}
	if best != "" {
		return best, nil
	}
	if f, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(f), nil
	}
	return "", fmt.Errorf("no PostgreSQL server found in /usr/lib/postgresql/*/bin: "+
		"install the package postgresql-15, or set %s to skip these tests", SkipEnv)
}

// credential is the account under which the server runs: it refuses root.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("running as root needs the account postgres (package postgresql-15): %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	return cmd
}

func (s *Server) initdb() error {
	out, err := s.command("initdb", "-D", s.data(), "-U", role, "--auth=trust",
		"--no-sync", "-E", "UTF8", "--locale=C.UTF-8").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "d") }

// process is the postmaster and the goroutine that waits for it.
type process struct {
	pid  int
	done chan struct{}
	err  error // valid after done
}

// launch starts the postmaster as a direct child that dies with the test. The
// kernel ties that to the thread that forks, so one thread is kept for it.
func (s *Server) launch() (*process, error) {
	cmd := s.command("postgres", "-D", s.data(),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir,
		// Without fsync a commit survives the server's death, not the machine's.
		"-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_connections=100", "-c", "shared_buffers=16MB", "-c", "autovacuum=off")
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Up starts a stopped server and returns when it answers.
func (s *Server) Up() error {
	if s.proc != nil {
		return errors.New("the server runs already")
	}
	p, err := s.launch()
	if err != nil {
		return err
	}
	s.proc = p
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		err := s.exec(ctx, "postgres", "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			s.proc = nil
			return fmt.Errorf("the server ended while starting: %w\n%s", p.err, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w\n%s", err, s.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Down ends the server at once without a checkpoint, as a crash does; committed
// rows are there again after Up.
func (s *Server) Down() error {
	if s.proc == nil {
		return nil
	}
	p := s.proc
	if err := syscall.Kill(p.pid, syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(stopTime):
		if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
			return err
		}
		<-p.done
	}
	s.proc = nil
	return nil
}

func (s *Server) close() error {
	var errs []error
	if s.proc != nil {
		errs = append(errs, s.Resume())
	}
	errs = append(errs, s.Down())
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// Pause stops every process of the server, as a hung machine or storage does:
// connections stay open and nothing answers.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	if s.proc == nil {
		return errors.New("the server is not running")
	}
	// The postmaster first, so that no child is born between list and signal.
	if err := syscall.Kill(s.proc.pid, sig); err != nil {
		return err
	}
	children, err := childrenOf(s.proc.pid)
	if err != nil {
		return err
	}
	for _, pid := range children {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

func childrenOf(parent int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, f := range stats {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // gone meanwhile
		}
		// pid (name) state ppid …, where the name may contain anything.
		rest := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(rest) < 2 || rest[1] != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
			out = append(out, pid)
		}
	}
	return out, nil
}

// DSN is the address of a database of this server.
func (s *Server) DSN(database string) string {
	q := url.Values{"host": {s.dir}, "user": {role}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// Database returns the address of a fresh database. The first call prepares a
// template (migrations, say) from which this and every later one is cloned; it
// must leave no connection open.
func (s *Server) Database(t testing.TB, prepare func(dsn string) error) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if s.template == "" {
		if err := s.exec(ctx, "postgres", "CREATE DATABASE prepared"); err != nil {
			t.Fatalf("pgtest: create template: %v", err)
		}
		if err := prepare(s.DSN("prepared")); err != nil {
			t.Fatalf("pgtest: prepare template: %v", err)
		}
		s.template = "prepared"
	}
	name := fmt.Sprintf("t%d", s.next.Add(1))
	if err := s.exec(ctx, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+s.template); err != nil {
		t.Fatalf("pgtest: clone: %v", err)
	}
	return s.DSN(name)
}

// Disconnect ends every connection to the databases of this server but its own,
// and returns how many there were.
func (s *Server) Disconnect(ctx context.Context) (n int, err error) {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = conn.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&n)
	return n, err
}

func (s *Server) exec(ctx context.Context, database, query string) (err error) {
	conn, err := pgx.Connect(ctx, s.DSN(database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	_, err = conn.Exec(ctx, query)
	return err
}

// tail is the end of the server's log, for an error message.
func (s *Server) tail() string {
	b, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}
