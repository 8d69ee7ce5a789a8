//go:build pkcs11

package courtkey

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/ThalesGroup/crypto11"
	"github.com/miekg/pkcs11"

	"phientoa/internal/signer"
)

// refusedFile tells, in the signer's directory, which file of a PIN was tried and not
// found right: by its time of change, never by the PIN.
const refusedFile = "court.pin-refused"

// token logs in to a token, once. Whoever manages the signer starts it again and
// again; a token that counts wrong PINs would be locked within a second.
func (p Params) token() (c signer.Court, end io.Closer, err error) {
	if p.Token == "" || p.Label == "" || (p.Dir == "" && p.Ask == nil) {
		return c, nil, errors.New("courtkey: Token, Label and Dir (or Ask) are required with a PKCS #11 library")
	}
	if err := lastTry(p.Module, p.Token); err != nil { // before a person is asked
		return c, nil, err
	}
	pin, err := p.secret()
	if err != nil {
		return c, nil, err
	}
	defer clear(pin)
	if err := p.mayTry(); err != nil {
		return c, nil, err
	}
	// A process that dies while it tries must not try again either.
	if err := p.remember(); err != nil {
		return c, nil, err
	}
	ctx, err := crypto11.Configure(&crypto11.Config{Path: p.Module, TokenLabel: p.Token, Pin: string(pin), MaxSessions: 4})
	if refused(err) {
		return c, nil, ErrPIN
	}
	if ferr := p.forget(); err == nil && ferr != nil {
		err = errors.Join(ferr, ctx.Close())
	}
	if err != nil {
		return c, nil, fmt.Errorf("courtkey: token %q: %w", p.Token, err)
	}
	key, err := ctx.FindKeyPair(nil, []byte(p.Label))
	if err == nil && key == nil {
		err = fmt.Errorf("no key pair %q", p.Label)
	}
	if err == nil {
		c.Key = key
		err = p.tokenCertificate(ctx, &c)
	}
	if err != nil {
		return c, nil, errors.Join(fmt.Errorf("courtkey: token %q: %w", p.Token, err), ctx.Close())
	}
	return c, ctx, nil
}

// tokenCertificate takes the certificate from a file where one is given, with its
// authorities, else from the token.
func (p Params) tokenCertificate(ctx *crypto11.Context, c *signer.Court) (err error) {
	if p.Certificate != "" {
		c.Certificate, c.Chain, err = p.certificates()
		return err
	}
	c.Certificate, err = ctx.FindCertificate(nil, []byte(p.Label), nil)
	if err == nil && c.Certificate == nil {
		err = fmt.Errorf("no certificate %q", p.Label)
	}
	return err
}

func refused(err error) bool {
	var code pkcs11.Error
	return errors.As(err, &code) && slices.Contains([]pkcs11.Error{
		pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_EXPIRED, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE,
	}, code)
}

// mark is what a file of a PIN is known by.
func (p Params) mark() (string, error) {
	info, err := os.Stat(p.Secret)
	if err != nil {
		return "", fmt.Errorf("courtkey: %w", err)
	}
	return strconv.FormatInt(info.ModTime().UnixNano(), 10), nil
}

// mayTry refuses a PIN that was refused before. A person types it once for each start.
func (p Params) mayTry() error {
	if p.Ask != nil {
		return nil
	}
	mark, err := p.mark()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(p.Dir, refusedFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("courtkey: %w", err)
	case string(b) == mark:
		return fmt.Errorf("%w earlier; write the right one into %s", ErrPIN, p.Secret)
	}
	return nil
}

func (p Params) remember() error {
	if p.Ask != nil {
		return nil
	}
	mark, err := p.mark()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(p.Dir, refusedFile), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("courtkey: %w", err)
	}
	_, err = f.WriteString(mark)
	return errors.Join(err, f.Sync(), f.Close())
}

func (p Params) forget() error {
	if p.Ask != nil {
		return nil
	}
	return os.Remove(filepath.Join(p.Dir, refusedFile))
}

// lastTry refuses to use up the last try that a token allows.
func lastTry(module, label string) error {
	lib := pkcs11.New(module)
	if lib == nil {
		return fmt.Errorf("courtkey: %s is no PKCS #11 library", module)
	}
	defer lib.Destroy()
	if err := lib.Initialize(); err != nil {
		return fmt.Errorf("courtkey: %s: %w", module, err)
	}
	defer func() { _ = lib.Finalize() }()
	slots, err := lib.GetSlotList(true)
	if err != nil {
		return fmt.Errorf("courtkey: %s: %w", module, err)
	}
	for _, s := range slots {
		info, err := lib.GetTokenInfo(s)
		if err != nil || info.Label != label {
			continue
		}
		if info.Flags&(pkcs11.CKF_USER_PIN_FINAL_TRY|pkcs11.CKF_USER_PIN_LOCKED) != 0 {
			return fmt.Errorf("%w before; the next wrong one locks token %q: log in with another program first", ErrPIN, label)
		}
		return nil
	}
	return fmt.Errorf("courtkey: no token %q", label)
}
