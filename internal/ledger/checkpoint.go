package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Checkpoint signs what is durable, makes the note durable and returns it. It
// replaces the key first when that is older than RotateEvery. An error of the
// signer leaves the log usable; call again.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	l.cp.Lock()
	defer l.cp.Unlock()
	if l.cp.doubt {
		if err := l.resync(ctx); err != nil {
			return l.cp.last.Checkpoint, err
		}
	}
	cp, err := l.signHead(ctx)
	if err != nil || l.p.Now().Sub(l.cp.born) < l.p.RotateEvery {
		return cp, err
	}
	// The old key has just signed everything before the change: its erasure
	// closes that history (Statement.Last).
	st, err := l.p.Signer.Rotate(ctx, l.p.Origin)
	if err != nil {
		l.cp.doubt = true
		return cp, fmt.Errorf("ledger: key not replaced: %w", err)
	}
	if err := l.adopt(ctx, st); err != nil {
		return cp, err
	}
	return l.signHead(ctx)
}

// signHead makes one checkpoint of the durable lines. The caller holds cp.
func (l *Log) signHead(ctx context.Context) (Checkpoint, error) {
	r, err := l.do(ctx, nil)
	if err != nil {
		return l.cp.last.Checkpoint, err
	}
	text := noteText(l.p.Origin, r.size, r.root, l.p.Now().UnixMicro(), l.cp.lastText)
	line, err := l.p.Signer.Sign(ctx, l.p.Origin, text)
	if err != nil {
		l.cp.doubt = true
		return l.cp.last.Checkpoint, fmt.Errorf("ledger: checkpoint not signed: %w", err)
	}
	msg := append(append(text, '\n'), line...)
	n, err := ParseNote(msg)
	if err == nil && !n.Verify(l.cp.key.Public) {
		err = errors.New("signature is not of the certified key")
	}
	if err != nil {
		l.cp.doubt = true
		return l.cp.last.Checkpoint, fmt.Errorf("ledger: checkpoint not signed: %w", err)
	}
	if err := writeSync(l.cp.file, append(msg, '\n')); err != nil {
		l.fail(fmt.Errorf("%w: %s: %w", ErrFailed, CheckpointsName, err))
		return l.cp.last.Checkpoint, l.Err()
	}
	l.cp.last, l.cp.lastText = n, n.TextHash()
	return n.Checkpoint, nil
}

// resync asks the signer which key it holds, after an answer was lost or a
// process began anew, and takes it up when it is not the one of the last key line.
func (l *Log) resync(ctx context.Context) error {
	st, err := l.p.Signer.Certify(ctx, l.p.Origin)
	if err != nil {
		return fmt.Errorf("ledger: signer does not answer: %w", err)
	}
	k, err := CheckStatement(st, l.p.Origin)
	if err != nil {
		return err
	}
	if l.cp.key.Pub != k.Pub {
		if err := l.adopt(ctx, st); err != nil {
			return err
		}
	}
	l.cp.doubt = false
	return nil
}

// adopt makes the key line durable before the key signs anything.
func (l *Log) adopt(ctx context.Context, st json.RawMessage) error {
	k, err := CheckStatement(st, l.p.Origin)
	if err != nil {
		l.cp.doubt = true
		return err
	}
	if _, err := l.Append(ctx, Record{Kind: KindKey, Body: st}); err != nil {
		l.cp.doubt = true
		return err
	}
	l.cp.key, l.cp.born = k, l.p.Now()
	return nil
}

// Last is the latest durable checkpoint; Size 0 before the first.
func (l *Log) Last() Checkpoint {
	l.cp.Lock()
	defer l.cp.Unlock()
	return l.cp.last.Checkpoint
}
