package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon2 is the cost of a password's hash (RFC 9106).
type Argon2 struct {
	Memory uint32 // KiB
	Time   uint32 // passes
	Lanes  uint8
}

// DefaultArgon2 is RFC 9106's second recommended option with one lane: 64 MiB and
// three passes, above the least that OWASP names (46 MiB, one pass). One lane,
// because the other processor forwards media.
func DefaultArgon2() Argon2 { return Argon2{Memory: 64 << 10, Time: 3, Lanes: 1} }

// Limits of passwords.
const (
	MinPassword = 12  // characters
	MaxPassword = 128 // characters; longer ones are refused, never cut

	hashing  = 2  // hashes computed at once: 128 MiB
	queueing = 64 // that wait for their turn; beyond them ErrBusy
	saltLen  = 16
	keyLen   = 32
)

// ErrBusy: too many people sign in at once; later it will go.
var ErrBusy = errors.New("auth: too many sign-ins at once")

// ErrWeakPassword: a new password is too short, too long or the login itself.
var ErrWeakPassword = errors.New("auth: password too weak")

var errPHC = errors.New("auth: not an argon2id hash in PHC form")

// hasher computes argon2id, a few at once. It is safe for concurrent use.
type hasher struct {
	cost    Argon2
	rand    io.Reader
	slots   chan struct{}
	waiting atomic.Int32
	// verified counts the passwords compared, of somebody or nobody.
	verified atomic.Uint64
	// dummy is what a password of nobody is compared with, so that an unknown login
	// takes as long as a wrong password.
	dummy string
}

func newHasher(cost Argon2, random io.Reader) *hasher {
	if random == nil {
		random = rand.Reader
	}
	if cost == (Argon2{}) {
		cost = DefaultArgon2()
	}
	h := &hasher{cost: cost, rand: random, slots: make(chan struct{}, hashing)}
	// 32 zero bytes are the hash of no known password.
	h.dummy = phc{cost: cost, salt: make([]byte, saltLen), key: make([]byte, keyLen)}.String()
	return h
}

// turn waits until fewer than `hashing` hashes are computed.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	if h.waiting.Add(1) > queueing {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("auth: password: %w", ctx.Err())
	}
}

// hash makes the PHC form of a new password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	p := phc{cost: h.cost, salt: make([]byte, saltLen)}
	if _, err := io.ReadFull(h.rand, p.salt); err != nil {
		return "", fmt.Errorf("auth: randomness: %w", err)
	}
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	p.key = p.compute(password, keyLen)
	return p.String(), nil
}

// verify tells whether the password has the stored hash. A hash that cannot be
// read, also an empty one, is compared as the password of nobody.
func (h *hasher) verify(ctx context.Context, stored, password string) (bool, error) {
	p, err := parsePHC(stored)
	nobody := err != nil
	if nobody {
		p, err = parsePHC(h.dummy)
		if err != nil {
			return false, err
		}
	}
	if utf8.RuneCountInString(password) > MaxPassword {
		password, nobody = "", true
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	h.verified.Add(1)
	same := subtle.ConstantTimeCompare(p.key, p.compute(password, len(p.key))) == 1
	return same && !nobody, nil
}

// phc is a stored hash: $argon2id$v=19$m=65536,t=3,p=1$salt$key (the string format
// of the Password Hashing Competition; base64 without padding).
type phc struct {
	cost      Argon2
	salt, key []byte
}

func (p phc) String() string {
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.cost.Memory, p.cost.Time, p.cost.Lanes, enc(p.salt), enc(p.key))
}

// compute hashes the password in Unicode NFC: the same word typed on another
// system is the same password.
func (p phc) compute(password string, n int) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), p.salt, p.cost.Time, p.cost.Memory, p.cost.Lanes, uint32(n))
}

// parsePHC reads a stored hash. Costs are bounded, because the row may come from
// a backup that somebody else wrote.
func parsePHC(s string) (phc, error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	costs := strings.Split(f[3], ",")
	if len(costs) != 3 {
		return phc{}, errPHC
	}
	m, okM := number(costs[0], "m=", 8, 256<<10)
	t, okT := number(costs[1], "t=", 1, 10)
	l, okL := number(costs[2], "p=", 1, 8)
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(f[4])
	key, errKey := base64.RawStdEncoding.Strict().DecodeString(f[5])
	if !okM || !okT || !okL || m < 8*l || errSalt != nil || errKey != nil ||
		len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return phc{}, errPHC
	}
	p := phc{cost: Argon2{Memory: m, Time: t, Lanes: uint8(l)}, salt: salt, key: key}
	if p.String() != s { // encoding/base64 passes over line breaks
		return phc{}, errPHC
	}
	return p, nil
}

// number reads prefix and a canonical decimal from least to most.
func number(s, prefix string, least, most uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != digits || n < uint64(least) || n > uint64(most) {
		return 0, false
	}
	return uint32(n), true
}

// checkPassword refuses what is guessed first (NIST SP 800-63B 3.1.1.2: length
// counts, rules of composition do not).
func checkPassword(login, password string) error {
	n := utf8.RuneCountInString(password)
	if n < MinPassword || n > MaxPassword || !utf8.ValidString(password) ||
		strings.EqualFold(password, login) || strings.Count(password, password[:1]) == len(password) {
		return ErrWeakPassword
	}
	return nil
}

// oneTime draws a password of 100 bits in groups that can be read out.
func oneTime(random io.Reader) (string, error) {
	b := make([]byte, 13)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("auth: randomness: %w", err)
	}
	s := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))[:20]
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:], nil
}
