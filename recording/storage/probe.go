package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// Verdict is what trying a bucket has shown.
type Verdict struct {
	// Locked: a version under a compliance lock could be neither deleted nor have its
	// lock shortened, and was still there afterwards.
	Locked bool
	Reason string // why not
}

const (
	probePrefix = "probe/"
	probeTime   = time.Hour // of a probe's lock: short, for it is garbage afterwards
)

// SelfTest locks a probe and tries to be rid of it, with every right that the key
// has. An error says that nothing could be found out: the store is away, or refuses
// the key. Probes of before whose lock has ended are removed.
func (t *Target) SelfTest(ctx context.Context, node string, now time.Time) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return Verdict{}, fmt.Errorf("storage: %w", err)
	}
	body := fmt.Appendf(nil, "phientoa probe %x\n", secret)
	key := fmt.Sprintf("%s%s/%s-%x", probePrefix, node, now.UTC().Format("20060102T150405Z"), secret[:4])
	until := now.UTC().Add(probeTime).Truncate(time.Second)
	info, err := t.client.PutObject(ctx, t.p.Bucket, key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{
		Mode: minio.Compliance, RetainUntilDate: until, SendContentMd5: true, DisableMultipart: true,
	})
	_, code := refusal(err)
	switch {
	case code == "InvalidRequest":
		return Verdict{Reason: "the bucket takes no object lock"}, nil
	case err != nil:
		return Verdict{}, fmt.Errorf("storage: probe: %w", err)
	case info.VersionID == "":
		return Verdict{Reason: "the bucket keeps no versions"}, nil
	}
	v, err := t.attack(ctx, key, info.VersionID, body, until)
	if err != nil {
		return Verdict{}, fmt.Errorf("storage: probe: %w", err)
	}
	t.sweep(ctx, node, now)
	return v, nil
}

// attack tries what a thief of the key would, and looks what is left.
func (t *Target) attack(ctx context.Context, key, version string, body []byte, until time.Time) (Verdict, error) {
	governance, soon := minio.Governance, time.Now().UTC().Add(time.Minute)
	compliance := minio.Compliance
	for _, try := range []struct {
		what string
		do   func() error
	}{
		{"the lock of a probe could be shortened", func() error {
			return t.client.PutObjectRetention(ctx, t.p.Bucket, key, minio.PutObjectRetentionOptions{
				GovernanceBypass: true, Mode: &compliance, RetainUntilDate: &soon, VersionID: version,
			})
		}},
		{"the lock of a probe could be weakened", func() error {
			return t.client.PutObjectRetention(ctx, t.p.Bucket, key, minio.PutObjectRetentionOptions{
				GovernanceBypass: true, Mode: &governance, RetainUntilDate: &until, VersionID: version,
			})
		}},
		{"a locked probe could be deleted", func() error {
			return t.client.RemoveObject(ctx, t.p.Bucket, key, minio.RemoveObjectOptions{VersionID: version})
		}},
		{"a locked probe could be deleted past its lock", func() error {
			return t.client.RemoveObject(ctx, t.p.Bucket, key, minio.RemoveObjectOptions{VersionID: version, GovernanceBypass: true})
		}},
	} {
		switch err := try.do(); {
		case err == nil:
			return Verdict{Reason: try.what}, nil
		case away(err):
			return Verdict{}, err
		}
	}
	// A refusal is words; what counts is that it is still there.
	sum, _, err := t.read(ctx, key, version, int64(len(body)))
	status, _ := refusal(err)
	switch {
	case status == http.StatusNotFound:
		return Verdict{Reason: "a locked probe is gone"}, nil
	case err != nil:
		return Verdict{}, err
	case sum != sha256.Sum256(body):
		return Verdict{Reason: "a locked probe is not what was sent"}, nil
	}
	end, err := t.lock(ctx, key, version)
	switch {
	case err != nil:
		return Verdict{}, err
	case end.Before(until):
		return Verdict{Reason: "a probe has no compliance lock to the time that was asked for"}, nil
	}
	return Verdict{Locked: true}, nil
}

// sweep removes the probes of before, as far as their locks let it.
func (t *Target) sweep(ctx context.Context, node string, now time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	list := minio.ListObjectsOptions{Prefix: probePrefix + node + "/", WithVersions: true, Recursive: true}
	for o := range t.client.ListObjects(ctx, t.p.Bucket, list) {
		if o.Err != nil {
			return // tried again with the next probe
		}
		if now.Sub(o.LastModified) > 2*probeTime {
			_ = t.client.RemoveObject(ctx, t.p.Bucket, o.Key, minio.RemoveObjectOptions{VersionID: o.VersionID})
		}
	}
}
