// Package signer holds the node key and the hearing keys, in a process of its
// own that does nothing else: certify, sign a checkpoint, rotate.
package signer

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"

	"phientoa/internal/ledger"
)

// Errors of a Keeper. Clients get them back by errors.Is.
var (
	ErrRate    = errors.New("signer: too many requests for this log")
	ErrFull    = errors.New("signer: every key slot is in use")
	ErrRefused = errors.New("signer: refused")
)

// KeeperParams makes a Keeper.
type KeeperParams struct {
	Node        crypto.Signer // ECDSA P-256, never leaves the Keeper
	Certificate *x509.Certificate
	Now         func() time.Time
	Rand        io.Reader
	// Logs bounds the hearing keys held at once; default 1024. When all are in
	// use, the longest idle one is erased if it idled for Idle, else ErrFull.
	Logs int
	Idle time.Duration // default 10 min
	// Rate and Burst bound the requests for one log; default 20 a second, 40.
	Rate  rate.Limit
	Burst int
}

// Keeper holds keys and implements ledger.Signer inside one process.
type Keeper struct {
	p KeeperParams

	mu sync.Mutex
	// seeds is one fixed buffer outside the Go heap, locked into memory where the
	// system allows: the collector neither copies nor forgets it. Slot n is
	// seeds[n*32:(n+1)*32].
	seeds []byte
	slots map[string]*slot
	free  []int
}

type slot struct {
	n        int
	st       ledger.Statement
	pub      ed25519.PublicKey
	lastText ledger.Hash // of the last note signed with this key
	lastSize uint64
	used     time.Time
	limit    *rate.Limiter
}

// NewKeeper allocates the buffer. Close erases it.
func NewKeeper(p KeeperParams) (*Keeper, error) {
	if p.Node == nil || p.Certificate == nil || p.Rand == nil || p.Now == nil {
		return nil, errors.New("signer: Node, Certificate, Now and Rand are required")
	}
	if p.Logs <= 0 {
		p.Logs = 1024
	}
	if p.Idle <= 0 {
		p.Idle = 10 * time.Minute
	}
	if p.Rate <= 0 {
		p.Rate, p.Burst = 20, 40
	}
	buf, err := unix.Mmap(-1, 0, p.Logs*ed25519.SeedSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("signer: key buffer: %w", err)
	}
	// Both are refused in some containers; the keys are still erased, they might
	// only meet a swap device or a core file before.
	_ = unix.Mlock(buf)
	_ = unix.Madvise(buf, unix.MADV_DONTDUMP)
	k := &Keeper{p: p, seeds: buf, slots: map[string]*slot{}}
	for n := p.Logs - 1; n >= 0; n-- {
		k.free = append(k.free, n)
	}
	return k, nil
}

// Close erases all keys.
func (k *Keeper) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seeds == nil {
		return nil
	}
	clear(k.seeds)
	err := unix.Munmap(k.seeds)
	k.seeds, k.slots = nil, nil
	return err
}

// Certify implements ledger.Signer.
func (k *Keeper) Certify(_ context.Context, origin string) (json.RawMessage, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.slot(origin)
	if err != nil {
		return nil, err
	}
	return json.Marshal(s.st)
}

// Sign implements ledger.Signer. It signs checkpoints of this log only, and
// never one of fewer lines than it signed before: whoever took the recorder
// over cannot make it fork the log backwards.
func (k *Keeper) Sign(_ context.Context, origin string, text []byte) ([]byte, error) {
	n, err := ledger.ParseText(text)
	if err != nil || n.Origin != origin {
		return nil, fmt.Errorf("%w: not a checkpoint of this log", ErrRefused)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.slot(origin)
	if err != nil {
		return nil, err
	}
	if n.Size < s.lastSize {
		return nil, fmt.Errorf("%w: checkpoint of %d lines after one of %d", ErrRefused, n.Size, s.lastSize)
	}
	sig := k.sign(s.n, text)
	s.lastText, s.lastSize = sha256.Sum256(text), n.Size
	return ledger.SignatureLine(origin, s.pub, sig), nil
}

// Rotate implements ledger.Signer.
func (k *Keeper) Rotate(_ context.Context, origin string) (json.RawMessage, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.slot(origin)
	if err != nil {
		return nil, err
	}
	if err := k.replace(s, origin); err != nil {
		return nil, err
	}
	return json.Marshal(s.st)
}

// slot finds or makes the key of a log, under its rate limit.
func (k *Keeper) slot(origin string) (*slot, error) {
	if k.seeds == nil {
		return nil, errors.New("signer: closed")
	}
	now := k.p.Now()
	if s, ok := k.slots[origin]; ok {
		if !s.limit.AllowN(now, 1) {
			return nil, ErrRate
		}
		s.used = now
		return s, nil
	}
	if !ledger.ValidOrigin(origin) {
		return nil, fmt.Errorf("%w: origin", ErrRefused)
	}
	if len(k.free) == 0 && !k.evict(now) {
		return nil, ErrFull
	}
	s := &slot{n: k.free[len(k.free)-1], used: now, limit: rate.NewLimiter(k.p.Rate, k.p.Burst)}
	if err := k.replace(s, origin); err != nil {
		return nil, err
	}
	k.free = k.free[:len(k.free)-1]
	k.slots[origin] = s
	return s, nil
}

func (k *Keeper) evict(now time.Time) bool {
	name, oldest := "", now.Add(-k.p.Idle)
	for o, s := range k.slots {
		if s.used.Before(oldest) {
			name, oldest = o, s.used
		}
	}
	if name == "" {
		return false
	}
	n := k.slots[name].n
	clear(k.seed(n))
	delete(k.slots, name)
	k.free = append(k.free, n)
	return true
}

func (k *Keeper) seed(n int) []byte { return k.seeds[n*ed25519.SeedSize : (n+1)*ed25519.SeedSize] }

// replace makes a fresh key, has the old one sign its statement and overwrites
// the old one.
func (k *Keeper) replace(s *slot, origin string) error {
	var fresh [ed25519.SeedSize]byte
	defer clear(fresh[:])
	if _, err := io.ReadFull(k.p.Rand, fresh[:]); err != nil {
		return fmt.Errorf("signer: %w", err)
	}
	priv := ed25519.NewKeyFromSeed(fresh[:])
	pub := ed25519.PublicKey(append([]byte(nil), priv[32:]...))
	clear(priv)
	st := ledger.Statement{
		Origin: origin,
		Epoch:  max(k.p.Now().UnixMicro(), s.st.Epoch+1),
		Pub:    base64.StdEncoding.EncodeToString(pub),
		Cert:   base64.StdEncoding.EncodeToString(k.p.Certificate.Raw),
	}
	if s.pub != nil {
		st.PrevPub = s.st.Pub
		if s.lastText != (ledger.Hash{}) {
			st.Last = hex.EncodeToString(s.lastText[:])
		}
		st.PrevSig = base64.StdEncoding.EncodeToString(k.sign(s.n, st.SignedText()))
	}
	digest := sha256.Sum256(st.SignedText())
	sig, err := k.p.Node.Sign(k.p.Rand, digest[:], crypto.SHA256)
	if err != nil {
		return fmt.Errorf("signer: node key: %w", err)
	}
	st.Sig = base64.StdEncoding.EncodeToString(sig)
	copy(k.seed(s.n), fresh[:])
	s.st, s.pub, s.lastText = st, pub, ledger.Hash{}
	return nil
}

// sign expands the seed for one signature and erases the expansion.
func (k *Keeper) sign(n int, msg []byte) []byte {
	priv := ed25519.NewKeyFromSeed(k.seed(n))
	defer clear(priv)
	return ed25519.Sign(priv, msg)
}
