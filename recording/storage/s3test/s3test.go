// Package s3test runs a real S3 server for tests, on this machine alone. It is the
// one that tools/s3server pins; the product contains nothing of it.
package s3test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
)

// The server's only key.
const (
	AccessKey = "phientoa-tests"
	SecretKey = "only-on-loopback"
)

// Server is an S3 server that can die and come back.
type Server struct {
	Address string // host:port, in clear
	t       testing.TB
	binary  string
	dir     string
	cmd     *exec.Cmd
}

// Start runs a server until the test ends. Where it was not built the test is
// skipped: scripts/s3server.sh builds it.
func Start(t testing.TB) *Server {
	t.Helper()
	binary := filepath.Join(root(t), ".cache", "bin", "minio")
	if _, err := os.Stat(binary); err != nil {
		t.Skip("no S3 server: scripts/s3server.sh builds one (some minutes)")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for its number alone
	require.NoError(t, err)
	s := &Server{Address: ln.Addr().String(), t: t, binary: binary, dir: t.TempDir()}
	require.NoError(t, ln.Close())
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// root is the directory of the module.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	require.Fail(t, "no module around this test")
	return ""
}

// Start runs the server again after Stop, over what it has.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.CommandContext(context.WithoutCancel(s.t.Context()), s.binary, //nolint:gosec // the pinned tool
		"server", "--quiet", "--address", s.Address, "--console-address", "127.0.0.1:0", s.dir)
	s.cmd.Env = append(os.Environ(), "MINIO_ROOT_USER="+AccessKey, "MINIO_ROOT_PASSWORD="+SecretKey,
		"MINIO_BROWSER=off", "MINIO_UPDATE=off", "HOME="+s.dir)
	require.NoError(s.t, s.cmd.Start())
	require.Eventually(s.t, func() bool {
		r, err := http.Get("http://" + s.Address + "/minio/health/cluster") //nolint:noctx // on loopback
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	}, 30*time.Second, 10*time.Millisecond)
}

// Stop is an outage: nothing is said to anybody.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Bucket makes one, with or without object lock.
func (s *Server) Bucket(name string, lock bool) {
	s.t.Helper()
	require.NoError(s.t, s.Client().MakeBucket(s.t.Context(), name, minio.MakeBucketOptions{ObjectLocking: lock}))
}

// Client is one with every right.
func (s *Server) Client() *minio.Client {
	s.t.Helper()
	c, err := minio.New(s.Address, &minio.Options{Creds: credentials.NewStaticV4(AccessKey, SecretKey, "")})
	require.NoError(s.t, err)
	return c
}

// Versions lists what a bucket holds under a prefix: every version and marker.
func (s *Server) Versions(bucket, prefix string) (list []minio.ObjectInfo) {
	s.t.Helper()
	for o := range s.Client().ListObjects(s.t.Context(), bucket, minio.ListObjectsOptions{Prefix: prefix, WithVersions: true, Recursive: true}) {
		require.NoError(s.t, o.Err)
		list = append(list, o)
	}
	return list
}

// Dir is where the server keeps everything: what a thief of its disks would have.
func (s *Server) Dir() string { return s.dir }
