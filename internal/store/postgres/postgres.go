// Package postgres opens the database of an installation of several nodes.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"phientoa/internal/store"
	"phientoa/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DefaultConns bounds the connections of one node. A call that finds none free
// waits for one until its time is over.
const DefaultConns = 16

// Params of Open.
type Params struct {
	DSN     string        // postgres://… or key=value words
	Timeout time.Duration // of one call, default 3 s
	Conns   int32         // default 16, or pool_max_conns of the DSN
}

// Open connects and migrates. Nodes that start at once wait for each other.
func Open(ctx context.Context, p Params) (*sqlstore.Store, error) {
	if p.Timeout <= 0 {
		p.Timeout = sqlstore.DefaultTimeout
	}
	cfg, err := config(p)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("store: open pool: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	closeAll := func() error {
		err := db.Close()
		pool.Close()
		return err
	}
	err = migrate(ctx, p, cfg)
	if err == nil {
		err = durable(ctx, db)
	}
	if err != nil {
		if (dialect{}).Classify(err) == sqlstore.Unavailable {
			err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		return nil, errors.Join(err, closeAll())
	}
	return sqlstore.New(sqlstore.Params{
		Dialect: dialect{}, Writer: db, Reader: db, Timeout: p.Timeout, Close: closeAll,
	}), nil
}

func config(p Params) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(p.DSN)
	if err != nil {
		return nil, fmt.Errorf("store: address of the database: %w", err)
	}
	switch {
	case p.Conns > 0:
		cfg.MaxConns = p.Conns
	case !strings.Contains(p.DSN, "pool_max_conns"):
		cfg.MaxConns = DefaultConns
	}
	cfg.ConnConfig.ConnectTimeout = p.Timeout
	cfg.PingTimeout = p.Timeout / 3
	ms := strconv.FormatInt(p.Timeout.Milliseconds(), 10)
	for name, value := range map[string]string{
		"application_name": "phientoa",
		"timezone":         "UTC",
		// A node that vanished in the middle of a transaction must not hold the
		// lease row of its hearing against the node that takes over.
		"statement_timeout":                   ms,
		"lock_timeout":                        ms,
		"idle_in_transaction_session_timeout": ms,
	} {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	return cfg, nil
}

// migrate uses a pool of its own, because a migration may take longer than a
// statement of a hearing.
func migrate(ctx context.Context, p Params, cfg *pgxpool.Config) error {
	cfg = cfg.Copy()
	cfg.MaxConns = 2
	for _, name := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		delete(cfg.ConnConfig.RuntimeParams, name)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("store: open pool: %w", err)
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // the pool behind it is what counts
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
}

// durable refuses a server that acknowledges commits before they are on the
// disk: an acknowledged event of a hearing would be lost with the server.
func durable(ctx context.Context, db *sql.DB) error {
	var commit string
	if err := db.QueryRowContext(ctx, `SHOW synchronous_commit`).Scan(&commit); err != nil {
		return fmt.Errorf("store: settings of the server: %w", err)
	}
	if commit == "off" {
		return errors.New("store: synchronous_commit is off for this database or role: set it to on")
	}
	return nil
}

type dialect struct{}

func (dialect) Kind() string { return "postgres" }

// Now moves within a transaction: a statement that waited for a row must compare
// with the time after the wait.
func (dialect) Now() string {
	return `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`
}

func (dialect) Lock() string { return ` FOR UPDATE` }

func (dialect) Classify(err error) sqlstore.Class {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return classifyState(pe.Code)
	}
	var ne net.Error
	var ce *pgconn.ConnectError
	if errors.As(err, &ne) || errors.As(err, &ce) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.Timeout(err) || pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed") {
		return sqlstore.Unavailable
	}
	return sqlstore.Other
}

// classifyState sorts SQLSTATE codes (PostgreSQL manual, appendix A).
func classifyState(code string) sqlstore.Class {
	switch code {
	case "40001", "40P01": // serialization failure, deadlock
		return sqlstore.Retry
	case "23505":
		return sqlstore.Duplicate
	case "23503":
		return sqlstore.NoParent
	case "23502", "23514":
		return sqlstore.Check
	case "PH001":
		return sqlstore.Fenced
	case "PH002", "PH003", "PH004":
		return sqlstore.Conflict
	case "57014", "55P03", // statement or lock timeout
		"25P03", // idle in transaction
		"25006", // read-only: a standby after failover
		"3D000": // database being dropped or not yet there
		return sqlstore.Unavailable
	}
	switch {
	case strings.HasPrefix(code, "08"), // connection
		strings.HasPrefix(code, "53"),  // resources, too many connections
		strings.HasPrefix(code, "57P"), // shutdown, crash, starting up
		strings.HasPrefix(code, "58"):  // system error of the server
		return sqlstore.Unavailable
	}
	return sqlstore.Other
}
