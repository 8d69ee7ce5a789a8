package storage

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/time/rate"
)

// TargetParams names an S3 bucket.
type TargetParams struct {
	Endpoint string // https://host[:port]; http on this machine alone
	Bucket   string
	Region   string // empty: asked of the server
	Access   string // key's name
	Secret   string
	// Roots are the authorities of the server's certificate; nil: the system's.
	Roots *x509.CertPool
	// Rate bounds reading, sending and reading back, in bytes a second each; default
	// 32 MiB: hearings use the same network and disk.
	Rate int64
}

// Target is a bucket.
type Target struct {
	p      TargetParams
	name   string
	client *minio.Client
	limit  *rate.Limiter
}

// NewTarget connects to nothing yet.
func NewTarget(p TargetParams) (*Target, error) {
	u, err := url.Parse(p.Endpoint)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return nil, errors.New("storage: want https://host or https://host:port of an S3 server")
	}
	if p.Rate <= 0 {
		p.Rate = 32 << 20
	}
	t := &Target{p: p, name: u.Host + "/" + p.Bucket, limit: newLimiter(p.Rate)}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	t.client, err = minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(p.Access, p.Secret, ""), Secure: u.Scheme == "https", Region: p.Region,
		BucketLookup: minio.BucketLookupAuto, MaxRetries: 3,
		Transport: &paced{next: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second,
			// A server hashes a whole object before it answers.
			ResponseHeaderTimeout: 2 * time.Minute, IdleConnTimeout: time.Minute, DisableCompression: true,
			TLSClientConfig: &tls.Config{RootCAs: p.Roots, MinVersion: tls.VersionTLS12},
		}, up: newLimiter(p.Rate), down: newLimiter(p.Rate)},
	})
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return t, nil
}

func newLimiter(bytes int64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(bytes), max(int(bytes), step))
}

// Name is the server's and the bucket's; no secret.
func (t *Target) Name() string { return t.name }

func (t *Target) limiter() waiter { return t.limit }

// timeFor bounds a transfer: two minutes, and what 128 KiB a second take.
func timeFor(size int64) time.Duration {
	return 2*time.Minute + time.Duration(size/(128<<10))*time.Second
}

// held is an object's version that was read back.
type held struct {
	version string
	until   time.Time
}

// keep puts a parcel under a lock, once: what an earlier attempt put and nobody
// noted is found by its bytes. A version is never written over; a foreign object of
// the same name stays as it is behind ours.
func (t *Target) keep(ctx context.Context, key string, p *parcel, now time.Time, retain time.Duration) (held, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*timeFor(p.size))
	defer cancel()
	until := now.Add(retain).Truncate(time.Second) // that is what a lock has
	if h, err := t.find(ctx, key, p, until.Add(-retain/tolerance)); err != nil || h.version != "" {
		return h, err
	}
	f, err := os.Open(p.path)
	if err != nil {
		return held{}, fmt.Errorf("storage: %w", err)
	}
	defer f.Close()
	info, err := t.client.PutObject(ctx, t.p.Bucket, key, f, p.size, minio.PutObjectOptions{
		Mode: minio.Compliance, RetainUntilDate: until, ContentType: "application/octet-stream",
		// A lock needs a checksum of each request; this one every server knows.
		SendContentMd5: true, NumThreads: 1, PartSize: partSize(p.size),
		UserMetadata: map[string]string{"Sha256": hex.EncodeToString(p.cipher[:])},
	})
	if err != nil {
		return held{}, fmt.Errorf("storage: put: %w", err)
	}
	if info.VersionID == "" {
		return held{}, errors.New("storage: put: the bucket keeps no versions")
	}
	return t.check(ctx, key, info.VersionID, p, until)
}

// partSize keeps memory small, and parts below the 10,000 that S3 takes.
func partSize(size int64) uint64 {
	const least = 16 << 20
	return uint64(max(least, (size/9000+1<<20-1)>>20<<20))
}

// tolerance is the share of the time by which a lock may end earlier that an earlier
// attempt asked for: it costs less than a second copy for as long.
const tolerance = 100

// find is a version of the object that has the parcel's bytes, under a lock to least or
// longer. One whose lock is shorter, or over, counts for nothing: another is put beside it.
func (t *Target) find(ctx context.Context, key string, p *parcel, least time.Time) (held, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing
	for o := range t.client.ListObjects(ctx, t.p.Bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true, Recursive: true}) {
		if o.Err != nil {
			return held{}, fmt.Errorf("storage: list: %w", o.Err)
		}
		if o.Key != key || o.IsDeleteMarker || o.Size != p.size || o.VersionID == "" {
			continue
		}
		h, err := t.check(ctx, key, o.VersionID, p, least)
		if !errors.Is(err, errOther) {
			return h, err
		}
	}
	return held{}, nil
}

// errOther: a version that is not the parcel, or not locked for so long.
var errOther = errors.New("storage: read back: not what was sent, or not locked for as long as was asked")

// check reads a version back and wants the parcel's very bytes and a lock that ends no
// earlier than least. The lock is asked first: that costs no transfer.
func (t *Target) check(ctx context.Context, key, version string, p *parcel, least time.Time) (held, error) {
	until, err := t.lock(ctx, key, version)
	if err != nil {
		return held{}, err
	}
	if until.Before(least) {
		return held{}, errOther
	}
	sum, size, err := t.read(ctx, key, version, p.size)
	if err != nil {
		return held{}, err
	}
	if sum != p.cipher || size != p.size {
		return held{}, errOther
	}
	return held{version, until}, nil
}

// read hashes a version, at most a byte more than wanted.
func (t *Target) read(ctx context.Context, key, version string, want int64) (sum digest, size int64, err error) {
	o, err := t.client.GetObject(ctx, t.p.Bucket, key, minio.GetObjectOptions{VersionID: version})
	if err != nil {
		return sum, 0, fmt.Errorf("storage: read back: %w", err)
	}
	defer o.Close()
	h := sha256.New()
	size, err = io.Copy(h, io.LimitReader(o, want+1))
	if err != nil {
		return sum, 0, fmt.Errorf("storage: read back: %w", err)
	}
	h.Sum(sum[:0])
	return sum, size, nil
}

// lock is the end of a version's compliance lock; zero without one.
func (t *Target) lock(ctx context.Context, key, version string) (time.Time, error) {
	mode, until, err := t.client.GetObjectRetention(ctx, t.p.Bucket, key, version)
	status, _ := refusal(err)
	switch {
	case err != nil && !away(err) && status != http.StatusForbidden:
		return time.Time{}, nil // there is none
	case err != nil:
		return time.Time{}, fmt.Errorf("storage: read back the lock: %w", err)
	case mode == nil || until == nil || *mode != minio.Compliance:
		return time.Time{}, nil
	}
	return until.UTC(), nil
}

// refusal is what the server said; status 0 when nobody answered.
func refusal(err error) (status int, code string) {
	var r minio.ErrorResponse
	if !errors.As(err, &r) {
		return 0, ""
	}
	return r.StatusCode, r.Code
}

// away tells that nothing was found out: nobody answered, or with a fault of theirs.
func away(err error) bool {
	status, _ := refusal(err)
	return status == 0 || status >= http.StatusInternalServerError
}

// paced bounds what goes over the network each way.
type paced struct {
	next     http.RoundTripper
	up, down *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = pacedBody{r.Context(), r.Body, p.up}
	}
	resp, err := p.next.RoundTrip(r)
	if err == nil {
		resp.Body = pacedBody{r.Context(), resp.Body, p.down}
	}
	return resp, err
}

type pacedBody struct {
	ctx context.Context
	io.ReadCloser
	limit *rate.Limiter
}

func (b pacedBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf[:min(len(buf), step)])
	if n > 0 {
		if err := b.limit.WaitN(b.ctx, n); err != nil {
			return n, err
		}
	}
	return n, err
}
