// Package sqlite opens the embedded database: one writer, many readers, WAL, and
// an fsync for every commit, because a commit acknowledges an event of a hearing.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"phientoa/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// readers is how many reading connections may be open at once.
const readers = 4

// Params of Open.
type Params struct {
	Path    string           // of the database file; its directory must exist
	Timeout time.Duration    // of one call, default 3 s
	Now     func() time.Time // clock of leases, default time.Now: SQLite has no other than its process
}

// Open opens or creates the database (file mode 0600) and migrates it.
func Open(ctx context.Context, p Params) (*sqlstore.Store, error) {
	if p.Timeout <= 0 {
		p.Timeout = sqlstore.DefaultTimeout
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Path == "" || strings.Contains(p.Path, ":memory:") {
		return nil, errors.New("store: SQLite needs the path of a file")
	}
	// SQLite itself would create the file readable by everybody.
	f, err := os.OpenFile(p.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("store: open database: %w", err)
	}
	w, err := Raw(p.Path, p.Timeout, false)
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	r, err := Raw(p.Path, p.Timeout, true)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(readers)
	closeAll := func() error { return errors.Join(r.Close(), w.Close()) }

	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = sqlstore.Migrate(ctx, goose.DialectSQLite3, w, files)
	}
	if err != nil {
		return nil, errors.Join(err, closeAll())
	}
	return sqlstore.New(sqlstore.Params{
		Dialect: dialect{now: p.Now}, Writer: w, Reader: r, Timeout: p.Timeout, Close: closeAll,
	}), nil
}

// Raw opens the file without the store around it, for backup and for tests that
// try to tamper with the rows.
func Raw(path string, timeout time.Duration, readOnly bool) (*sql.DB, error) {
	q := url.Values{}
	// Waiting for a lock ends before the call does, so that the reason is named.
	q.Add("_pragma", "busy_timeout("+strconv.FormatInt((timeout*3/4).Milliseconds(), 10)+")")
	q.Add("_pragma", "journal_mode(WAL)")
	q.Add("_pragma", "synchronous(FULL)")
	q.Add("_pragma", "foreign_keys(ON)")
	if readOnly {
		q.Add("_pragma", "query_only(ON)")
	} else {
		q.Set("_txlock", "immediate")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	c, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("store: open database: %w", err)
	}
	return sql.OpenDB(c), nil
}

type dialect struct{ now func() time.Time }

func (dialect) Kind() string { return "sqlite" }

func (d dialect) Now() string { return strconv.FormatInt(d.now().UnixMicro(), 10) }

// Lock is empty: a transaction that writes is alone from its beginning.
func (dialect) Lock() string { return "" }

func (dialect) Classify(err error) sqlstore.Class {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return sqlstore.Other
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return sqlstore.Duplicate
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return sqlstore.NoParent
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_DATATYPE:
		return sqlstore.Check
	case sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		if strings.Contains(e.Error(), "PH001") {
			return sqlstore.Fenced
		}
		return sqlstore.Conflict
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM:
		return sqlstore.Unavailable
	}
	return sqlstore.Other
}
