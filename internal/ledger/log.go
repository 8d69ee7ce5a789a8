package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Errors of a Log.
var (
	// ErrFailed: writing or syncing failed once. Nothing is known about bytes
	// that were not acknowledged; this log is never written again.
	ErrFailed = errors.New("ledger: log failed")
	// ErrClosed: Close, End or Suspend was called.
	ErrClosed = errors.New("ledger: log closed")
	// ErrDamaged: Open found acknowledged lines missing or altered.
	ErrDamaged = errors.New("ledger: log is damaged")
	// ErrEnded: the log has its end line.
	ErrEnded = errors.New("ledger: log has ended")
	// ErrEmpty: nothing was ever acknowledged in this directory.
	ErrEmpty = errors.New("ledger: no genesis")
	// ErrExists: Create found a log.
	ErrExists = errors.New("ledger: log exists")
)

// Params opens a Log.
type Params struct {
	FS     FS
	Origin string // note origin, see ValidOrigin
	// Genesis is the body of line 0 (Create only).
	Genesis json.RawMessage
	Signer  Signer
	// Now is the clock, with a monotonic reading; default time.Now.
	Now func() time.Time
	// Base is the zero of mono_ns; default: Now when the log is opened.
	Base time.Time
	// Rand gives salts.
	Rand io.Reader
	// RotateEvery is the life of a signing key; default 60 s.
	RotateEvery time.Duration
	// Queue bounds the appends that wait for the writer; default 256. A full
	// queue makes Append and Enqueue wait for their context.
	Queue  int
	Logger *slog.Logger
}

func (p *Params) defaults() error {
	if p.FS == nil || p.Signer == nil || p.Rand == nil {
		return errors.New("ledger: FS, Signer and Rand are required")
	}
	if !ValidOrigin(p.Origin) {
		return fmt.Errorf("ledger: origin %q is not valid", p.Origin)
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Base.IsZero() {
		p.Base = p.Now()
	}
	if p.RotateEvery <= 0 {
		p.RotateEvery = time.Minute
	}
	if p.Queue <= 0 {
		p.Queue = 256
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Log is an open evidence log. Its methods are safe for concurrent use.
type Log struct {
	p    Params
	ops  chan op
	quit chan struct{}
	done chan struct{}

	closeOnce sync.Once
	failed    chan struct{} // closed when the log failed
	failOnce  sync.Once
	failErr   error // written before failed is closed

	// The writer goroutine's own.
	file File
	head Hash // chain hash of the last line
	tree frontier
	t    int64 // of the last line, UTC unix microseconds; no later line tells less

	// cp guards everything about checkpoints: one at a time, in order.
	cp struct {
		sync.Mutex
		file     File
		last     Note // zero Size before the first
		lastText Hash
		key      Key
		born     time.Time // when this process saw the key first
		doubt    bool      // an answer of the signer was lost: ask before signing
	}
}

type op struct {
	recs  []prepared
	reply chan<- opResult // nil: nobody waits
}

type prepared struct {
	kind Kind
	body []byte
}

type opResult struct {
	first uint64
	size  uint64
	root  Hash
	err   error
}

func newLog(p Params, file File, head Hash, tree frontier, t int64) *Log {
	l := &Log{
		p: p, ops: make(chan op, p.Queue), quit: make(chan struct{}), done: make(chan struct{}),
		failed: make(chan struct{}), file: file, head: head, tree: tree, t: t,
	}
	go l.write()
	return l
}

// Append writes records as consecutive lines and returns the index of the first
// once they are durable.
func (l *Log) Append(ctx context.Context, recs ...Record) (first uint64, err error) {
	r, err := l.do(ctx, recs)
	return r.first, err
}

// Enqueue hands records to the writer without waiting for the disk. They become
// lines in the order of all Append and Enqueue calls; a failure shows in every
// later call and in Failed.
func (l *Log) Enqueue(ctx context.Context, recs ...Record) error {
	pre, err := prepare(recs)
	if err != nil {
		return err
	}
	return l.send(ctx, op{recs: pre})
}

// Failed is closed when the log can no longer be written; Err then says why.
func (l *Log) Failed() <-chan struct{} { return l.failed }

// Err is nil until the log failed.
func (l *Log) Err() error {
	select {
	case <-l.failed:
		return l.failErr
	default:
		return nil
	}
}

// do with no records is a barrier that reports size and root.
func (l *Log) do(ctx context.Context, recs []Record) (opResult, error) {
	pre, err := prepare(recs)
	if err != nil {
		return opResult{}, err
	}
	reply := make(chan opResult, 1)
	if err := l.send(ctx, op{recs: pre, reply: reply}); err != nil {
		return opResult{}, err
	}
	select {
	case r := <-reply:
		return r, r.err
	case <-ctx.Done():
		return opResult{}, fmt.Errorf("ledger: append not confirmed: %w", ctx.Err())
	case <-l.done:
		select {
		case r := <-reply:
			return r, r.err
		default:
			return opResult{}, errors.Join(ErrClosed, l.Err())
		}
	}
}

func prepare(recs []Record) ([]prepared, error) {
	pre := make([]prepared, len(recs))
	for i, r := range recs {
		body, err := compactBody(r)
		if err != nil {
			return nil, err
		}
		pre[i] = prepared{r.Kind, body}
	}
	return pre, nil
}

func (l *Log) send(ctx context.Context, o op) error {
	if err := l.Err(); err != nil {
		return err
	}
	select {
	case <-l.quit:
		return ErrClosed
	default:
	}
	select {
	case l.ops <- o:
		return nil
	case <-l.quit:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("ledger: queue full: %w", ctx.Err())
	}
}

// write is the only goroutine that touches log.jsonl: it takes everything that
// waits, writes it in one piece, syncs once and answers (group commit).
func (l *Log) write() {
	defer close(l.done)
	var batch []op
	for {
		batch = batch[:0]
		select {
		case o := <-l.ops:
			batch = append(batch, o)
		case <-l.quit:
			// Nobody sends any more but who won the race against quit; take those too.
			select {
			case o := <-l.ops:
				batch = append(batch, o)
			default:
				return
			}
		}
		for len(batch) < cap(l.ops) {
			select {
			case o := <-l.ops:
				batch = append(batch, o)
				continue
			default:
			}
			break
		}
		l.commit(batch)
	}
}

func (l *Log) commit(batch []op) {
	err := l.Err()
	firsts := make([]uint64, len(batch))
	head, tree := l.head, frontier{l.tree.size, slices.Clone(l.tree.tops)}
	t := l.t
	var buf []byte
	if err == nil {
		now := l.p.Now()
		// A wall clock may be set back, between two lines or over a restart. What proves that
		// nothing is left out of a time counts on lines that never go back.
		t = max(t, now.UnixMicro())
		for i, o := range batch {
			firsts[i] = tree.size
			for _, r := range o.recs {
				h := lineHead{i: tree.size, t: t, monoNS: now.Sub(l.p.Base).Nanoseconds(), kind: r.kind, prev: head}
				if _, err = io.ReadFull(l.p.Rand, h.salt[:]); err != nil {
					err = fmt.Errorf("salt: %w", err)
					break
				}
				start := len(buf)
				buf = appendLine(buf, h, r.body)
				head = sha256.Sum256(buf[start:])
				tree.add(LeafHash(buf[start:]))
				buf = append(buf, '\n')
			}
		}
		if err == nil && len(buf) > 0 {
			err = writeSync(l.file, buf)
		}
		if err != nil {
			l.fail(fmt.Errorf("%w: %s: %w", ErrFailed, LogName, err))
			err = l.Err()
		} else {
			l.head, l.tree, l.t = head, tree, t
		}
	}
	for i, o := range batch {
		if o.reply != nil {
			o.reply <- opResult{first: firsts[i], size: l.tree.size, root: l.tree.root(), err: err}
		}
	}
}

func (l *Log) fail(err error) {
	l.failOnce.Do(func() {
		l.failErr = err
		close(l.failed)
		l.p.Logger.Error("evidence log failed", "origin", l.p.Origin, "error", err)
	})
}

// writeSync writes all of b and makes it durable. A short write is an error;
// nothing is retried.
func writeSync(f File, b []byte) error {
	n, err := f.Write(b)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if n != len(b) {
		return fmt.Errorf("write: %w", io.ErrShortWrite)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// End appends the end line, signs the last checkpoint, erases the key and
// closes the log for ever. reason is a code such as "closed".
func (l *Log) End(ctx context.Context, body json.RawMessage) (Checkpoint, error) {
	if _, err := l.Append(ctx, Record{Kind: KindEnd, Body: body}); err != nil {
		return Checkpoint{}, errors.Join(err, l.Close())
	}
	return l.Suspend(ctx)
}

// Suspend signs the last checkpoint, erases the key and closes the log so that a
// later Open goes on with it.
func (l *Log) Suspend(ctx context.Context) (Checkpoint, error) {
	cp, err := l.Checkpoint(ctx)
	if err == nil {
		// The new key is taken up by the next Open, if ever.
		if _, rerr := l.p.Signer.Rotate(ctx, l.p.Origin); rerr != nil {
			err = fmt.Errorf("ledger: key not erased: %w", rerr)
		}
	}
	return cp, errors.Join(err, l.Close())
}

// Close writes what waits and releases the files without a checkpoint.
func (l *Log) Close() error {
	var err error
	l.closeOnce.Do(func() {
		close(l.quit)
		<-l.done
		l.cp.Lock()
		defer l.cp.Unlock()
		err = errors.Join(l.file.Close(), l.cp.file.Close())
	})
	return err
}

// Size is the number of durable lines.
func (l *Log) Size(ctx context.Context) (uint64, error) {
	r, err := l.do(ctx, nil)
	return r.size, err
}

func hexHash(h Hash) string { return hex.EncodeToString(h[:]) }
