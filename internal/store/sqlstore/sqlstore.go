// Package sqlstore is the one implementation of store.Store, in SQL text that
// SQLite and PostgreSQL both understand. What differs between them (clock, row
// lock, meaning of driver errors) stands behind Dialect.
package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// DefaultTimeout bounds every call; an earlier deadline of the caller wins.
const DefaultTimeout = 3 * time.Second

// attempts of a transaction that the database itself asked to repeat.
const attempts = 3

// Class is what a driver error means to a caller.
type Class int

// Classes of driver errors.
const (
	Other       Class = iota
	Unavailable       // unreachable, restarting, locked too long
	Retry             // deadlock or serialization failure: nothing was written
	Duplicate         // unique or primary key
	NoParent          // foreign key
	Fenced            // PH001, raised by a trigger
	Conflict          // PH002, PH003, PH004, raised by a trigger
	Check             // a CHECK or NOT NULL constraint
)

// Dialect is what the two databases do not share.
type Dialect interface {
	Kind() string
	// Now is an SQL expression: the database's clock in UTC unix microseconds.
	Now() string
	// Lock is the suffix that locks selected rows until the transaction ends.
	Lock() string
	Classify(err error) Class
}

// Params of New.
type Params struct {
	Dialect Dialect
	Writer  *sql.DB // transactions that write
	Reader  *sql.DB // single reading statements; may be the same as Writer
	Timeout time.Duration
	Close   func() error // releases both and what stands behind them
}

// Store implements store.Store.
type Store struct {
	d       Dialect
	w, r    *sql.DB
	timeout time.Duration
	release func() error
	closed  atomic.Bool
}

var _ store.Store = (*Store)(nil)

// New wraps opened and migrated databases.
func New(p Params) *Store {
	if p.Timeout <= 0 {
		p.Timeout = DefaultTimeout
	}
	return &Store{d: p.Dialect, w: p.Writer, r: p.Reader, timeout: p.Timeout, release: p.Close}
}

// Kind is "sqlite" or "postgres".
func (s *Store) Kind() string { return s.d.Kind() }

// Close releases the connections; later calls give store.ErrUnavailable.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.release()
}

// Ping asks whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, "ping", func(ctx context.Context, q querier) error {
		var one int
		return q.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
	})
}

// querier is what *sql.DB and *sql.Tx share.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// read runs f, one or more reading statements, within the time limit.
func (s *Store) read(parent context.Context, what string, f func(context.Context, querier) error) error {
	if s.closed.Load() {
		return fmt.Errorf("store: %s: closed: %w", what, store.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(parent, s.timeout)
	defer cancel()
	return s.explain(parent, what, f(ctx, s.r))
}

// write runs f in one transaction within the time limit, again when the
// database rolled it back only because of its neighbours.
func (s *Store) write(parent context.Context, what string, f func(context.Context, querier) error) error {
	if s.closed.Load() {
		return fmt.Errorf("store: %s: closed: %w", what, store.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(parent, s.timeout)
	defer cancel()
	var err error
	for range attempts {
		if err = s.transact(ctx, f); err == nil || ctx.Err() != nil || s.d.Classify(err) != Retry {
			break
		}
	}
	return s.explain(parent, what, err)
}

func (s *Store) transact(ctx context.Context, f func(context.Context, querier) error) error {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// ignoreDone drops what Rollback says of a transaction or connection that is
// gone already: the reason is the error that led here.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn) {
		return nil
	}
	return err
}

// explain turns a driver error into an error of package store.
func (s *Store) explain(parent context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	for _, own := range []error{
		store.ErrNotFound, store.ErrFenced, store.ErrConflict, store.ErrLeased,
		store.ErrUsed, store.ErrInvalid, store.ErrUnavailable, store.ErrCodeNeeded, store.ErrCodeWrong, store.ErrFull,
	} {
		if errors.Is(err, own) {
			return fmt.Errorf("store: %s: %w", what, err)
		}
	}
	switch gone := parent.Err(); {
	case errors.Is(gone, context.DeadlineExceeded):
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrUnavailable, gone)
	case gone != nil:
		return fmt.Errorf("store: %s: %w", what, gone)
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("store: %s: %w", what, store.ErrNotFound)
	case errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrUnavailable, err)
	}
	switch s.d.Classify(err) {
	case Unavailable, Retry:
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrUnavailable, err)
	case Duplicate, Conflict:
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrConflict, err)
	case NoParent:
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrNotFound, err)
	case Fenced:
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrFenced, err)
	case Check:
		return fmt.Errorf("store: %s: %w: %w", what, store.ErrInvalid, err)
	}
	return fmt.Errorf("store: %s: %w", what, err)
}

// scoped gives ErrNotFound unless the hearing exists within the scope. The unit
// of a hearing never changes (a trigger forbids it), so this may run before the
// statement that it protects.
func scoped(ctx context.Context, q querier, sc court.Scope, hearing string) error {
	var unit string
	if err := q.QueryRowContext(ctx, `SELECT unit FROM hearing WHERE id = $1`, hearing).Scan(&unit); err != nil {
		return err
	}
	if !sc.Covers(court.UnitID(unit)) {
		return store.ErrNotFound
	}
	return nil
}

// rows reads every row of a query with scan.
func rows[T any](ctx context.Context, q querier, scan func(*sql.Rows, *T) error, query string, args ...any) (_ []T, err error) {
	rs, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rs.Close()) }()
	var out []T
	for rs.Next() {
		var v T
		if err := scan(rs, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rs.Err()
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
