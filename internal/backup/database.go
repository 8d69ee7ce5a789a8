package backup

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/internal/store/sqlite"
)

// lockTime is how long SQLite waits for the server's writer.
const lockTime = 10 * time.Second

// database is one address of a database, as the rest of the product gives it.
type database struct {
	path string // of SQLite
	dsn  string // of PostgreSQL
	bin  string // directory of pg_dump and pg_restore; empty: PATH
}

func parseDatabase(address, dataDir, bin string) (database, error) {
	if address == "" {
		return database{path: filepath.Join(dataDir, sqliteDB)}, nil
	}
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return database{path: path}, nil
	}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return database{dsn: address, bin: bin}, nil
	}
	return database{}, errors.New("backup: the address of the database must begin with sqlite: or postgres://")
}

func (d database) kind() string {
	if d.dsn != "" {
		return "postgres"
	}
	return "sqlite"
}

// snapshot writes a consistent copy of the database into dir, while servers use
// it, and returns its name in the archive and the heads that stand in it.
func (d database) snapshot(ctx context.Context, dir string) (name string, heads []Head, err error) {
	if d.dsn != "" {
		heads, err = d.dump(ctx, filepath.Join(dir, postgresName))
		return postgresName, heads, err
	}
	heads, err = d.vacuum(ctx, filepath.Join(dir, sqliteName))
	return sqliteName, heads, err
}

func (d database) vacuum(ctx context.Context, to string) (_ []Head, err error) {
	if _, err := os.Stat(d.path); err != nil { // opening would make an empty one
		return nil, fmt.Errorf("backup: database: %w", err)
	}
	db, err := sqlite.Raw(d.path, lockTime, false)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, to)
	if err = errors.Join(err, db.Close()); err != nil {
		return nil, fmt.Errorf("backup: copy of the database: %w", err)
	}
	return headsOfFile(ctx, to)
}

func headsOfFile(ctx context.Context, path string) (heads []Head, err error) {
	db, err := sqlite.Raw(path, lockTime, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return readHeads(ctx, db)
}

// dump runs pg_dump over the same snapshot in which the heads are read.
func (d database) dump(ctx context.Context, to string) (heads []Head, err error) {
	conn, err := d.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	var id string
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&id); err != nil {
		return nil, fmt.Errorf("backup: snapshot: %w", err)
	}
	rows, err := tx.Query(ctx, headsQuery)
	if err != nil {
		return nil, fmt.Errorf("backup: heads: %w", err)
	}
	heads, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (Head, error) {
		var hash []byte
		var h Head
		err := r.Scan(&h.Hearing, &h.Seq, &hash)
		h.Hash = hex.EncodeToString(hash)
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("backup: heads: %w", err)
	}
	return heads, d.tool(ctx, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--snapshot="+id, "--file="+to)
}

// tool runs a program of PostgreSQL. The password goes by the environment:
// arguments can be read by everybody on the machine.
func (d database) tool(ctx context.Context, name string, args ...string) error {
	u, err := url.Parse(d.dsn)
	if err != nil {
		return errBadAddress()
	}
	q := u.Query()
	for k := range q {
		if strings.HasPrefix(k, "pool_") || strings.HasPrefix(k, "default_query") || strings.HasSuffix(k, "_cache_capacity") {
			q.Del(k) // words of our driver, not of libpq
		}
	}
	env := os.Environ()
	if password, ok := u.User.Password(); ok {
		env = append(env, "PGPASSWORD="+password)
	} else if password := q.Get("password"); password != "" {
		q.Del("password")
		env = append(env, "PGPASSWORD="+password)
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery = q.Encode()
	path := name
	if d.bin != "" {
		path = filepath.Join(d.bin, name)
	}
	cmd := exec.CommandContext(ctx, path, append(args, "--dbname="+u.String())...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("backup: %s: %w: %s", name, err, strings.TrimSpace(out.String()))
	}
	return nil
}

const headsQuery = `SELECT hearing, seq, hash FROM state_log s
	WHERE seq = (SELECT max(seq) FROM state_log m WHERE m.hearing = s.hearing) ORDER BY hearing`

func readHeads(ctx context.Context, db *sql.DB) (_ []Head, err error) {
	rows, err := db.QueryContext(ctx, headsQuery)
	if err != nil {
		return nil, fmt.Errorf("backup: heads: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []Head
	for rows.Next() {
		var h Head
		var hash []byte
		if err := rows.Scan(&h.Hearing, &h.Seq, &hash); err != nil {
			return nil, err
		}
		h.Hash = hex.EncodeToString(hash)
		out = append(out, h)
	}
	return out, rows.Err()
}

// requireEmpty refuses a database in which anything stands.
func (d database) requireEmpty(ctx context.Context) (err error) {
	if d.dsn == "" {
		for _, p := range []string{d.path, d.path + "-wal", d.path + "-shm"} {
			if _, err := os.Lstat(p); err == nil {
				return fmt.Errorf("%w: %s", ErrNotEmpty, p)
			}
		}
		return nil
	}
	conn, err := d.connect(ctx)
	if err != nil {
		return fmt.Errorf("backup: database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var n int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'`).Scan(&n)
	if err == nil && n > 0 {
		err = fmt.Errorf("%w: the database has %d tables and indexes", ErrNotEmpty, n)
	}
	return err
}

// renew makes a restored database fit to be used: it is brought to this
// version's schema, its logs are proved whole and to end as the manifest says,
// nothing in it opens anything any more, and its administrative log says so.
func (d database) renew(ctx context.Context, m Manifest) (err error) {
	if err := d.store(ctx, func(store.Store) error { return nil }); err != nil {
		return err
	}
	db, err := d.raw()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := verifyLogs(ctx, db, m.Heads); err != nil {
		return err
	}
	now := time.Now()
	if err := revoke(ctx, db, d.kind(), now); err != nil {
		return err
	}
	err = d.store(ctx, func(st store.Store) error {
		return st.AppendAdmin(ctx, store.AdminEntry{
			At: now, Actor: "system", What: "restored", Object: m.Node, Detail: "backup of " + m.Created.UTC().Format(time.RFC3339),
		})
	})
	if err == nil && d.dsn == "" {
		_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	return err
}

// store opens the database, which brings it to this version's schema, and runs f.
func (d database) store(ctx context.Context, f func(store.Store) error) error {
	address := d.dsn
	if address == "" {
		address = "sqlite:" + d.path
	}
	st, err := open.Open(ctx, address)
	if err != nil {
		return err
	}
	return errors.Join(f(st), st.Close())
}

func (d database) raw() (*sql.DB, error) {
	if d.dsn == "" {
		return sqlite.Raw(d.path, lockTime, false)
	}
	cfg, err := pgxpool.ParseConfig(d.dsn)
	if err != nil {
		return nil, errBadAddress()
	}
	return stdlib.OpenDB(*cfg.ConnConfig), nil
}

// connect understands the words of the pool, which the server does not.
func (d database) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg, err := pgxpool.ParseConfig(d.dsn)
	if err != nil {
		return nil, errBadAddress()
	}
	return pgx.ConnectConfig(ctx, cfg.ConnConfig)
}

// errBadAddress does not repeat the address, which may hold a password.
func errBadAddress() error { return errors.New("backup: the address of the database cannot be read") }

// verifyLogs walks every state log once.
func verifyLogs(ctx context.Context, db *sql.DB, want []Head) (err error) {
	ends := make(map[string]Head, len(want))
	for _, h := range want {
		ends[h.Hearing] = h
	}
	rows, err := db.QueryContext(ctx, `SELECT hearing, seq, epoch, line, prev, hash FROM state_log ORDER BY hearing, seq`)
	if err != nil {
		return fmt.Errorf("backup: state logs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var at string
	var last store.Line
	end := func() error {
		if at == "" {
			return nil
		}
		h, ok := ends[at]
		if !ok || h.Seq != last.Seq || h.Hash != hex.EncodeToString(last.Hash[:]) {
			return fmt.Errorf("%w: the log of hearing %s does not end as the manifest says", ErrArchive, at)
		}
		delete(ends, at)
		return nil
	}
	for rows.Next() {
		var hearing string
		var l store.Line
		var prev, hash []byte
		if err := rows.Scan(&hearing, &l.Seq, &l.Epoch, &l.Line, &prev, &hash); err != nil {
			return err
		}
		if hearing != at {
			if err := end(); err != nil {
				return err
			}
			at, last = hearing, store.Line{}
		}
		if len(prev) != 32 || len(hash) != 32 || l.Epoch < last.Epoch {
			return fmt.Errorf("%w: line %d of hearing %s", ErrArchive, l.Seq, hearing)
		}
		l.Prev, l.Hash = [32]byte(prev), [32]byte(hash)
		if err := store.VerifyChain(last.Seq, last.Hash, []store.Line{l}); err != nil {
			return fmt.Errorf("%w: hearing %s: %w", ErrArchive, hearing, err)
		}
		last = l
	}
	if err := errors.Join(rows.Err(), end()); err != nil {
		return err
	}
	for hearing := range ends {
		return fmt.Errorf("%w: the log of hearing %s is not in the database", ErrArchive, hearing)
	}
	return nil
}

// revoke takes every way in: of whatever was stolen, changed or revoked after the
// backup, nothing may come to life again. Sessions, tokens of other systems and
// unused invitations are void; it finds their tables by their columns, so that a
// later one is not forgotten. The rest is in voided.
func revoke(ctx context.Context, db *sql.DB, kind string, now time.Time) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	sets := map[string]string{"revoked": "revoked = 1 WHERE revoked = 0", "used_at": "used_at = " + strconv.FormatInt(now.UnixMicro(), 10) + " WHERE used_at IS NULL"}
	for column, set := range sets {
		tables, err := tablesWith(ctx, tx, kind, "token_hash", column)
		if err != nil {
			return fmt.Errorf("backup: tables of tokens: %w", err)
		}
		if len(tables) == 0 {
			return fmt.Errorf("backup: no table with token_hash and %s: nothing was revoked", column)
		}
		for _, table := range tables {
			if _, err := tx.ExecContext(ctx, `UPDATE `+pgx.Identifier{table}.Sanitize()+` SET `+set); err != nil {
				return fmt.Errorf("backup: revoke %s: %w", table, err)
			}
		}
	}
	for _, statement := range voided() {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("backup: revoke: %w", err)
		}
	}
	// What was lent may have been taken back since.
	if _, err := tx.ExecContext(ctx, `UPDATE delegations SET revoked = CASE WHEN starts > $1 THEN starts ELSE $1 END, revoked_by = 'system'
		WHERE revoked IS NULL AND ends > $1`, now.UnixMicro()); err != nil {
		return fmt.Errorf("backup: revoke delegations: %w", err)
	}
	return tx.Commit()
}

// voided is what becomes of the rest. An account keeps its rights and loses its
// password: one that was changed because it leaked would be the old one again, and
// one of an account that was disabled would open it; each account waits until an
// administrator gives it a new password, which is an act for each. Passkeys and
// certificates are taken out and can be registered anew; what was revoked before
// the backup stays so. A room device has to be enrolled again. Who may see archives
// asks anew, and what a head lent is taken back (revoke).
func voided() []string {
	return []string{
		`UPDATE account SET password = '', must_change = 1, version = version + 1`,
		`DELETE FROM credential WHERE revoked = 0`,
		`UPDATE room_device SET revoked = 1 WHERE revoked = 0`,
		`DELETE FROM challenge`,
		`UPDATE proposal SET outcome = 'withdrawn', done_by = 'system', done_at = expires WHERE outcome = ''`,
		`UPDATE archive_request SET outcome = 'ended', done_by = 'system', done_at = at, reason = 'restored', until = 0, download = 0, closed = 0
			WHERE outcome IN ('', 'granted')`,
		`UPDATE archive_disposal SET outcome = 'withdrawn', done_by = 'system', done_at = at WHERE outcome = ''`,
	}
}

func tablesWith(ctx context.Context, tx *sql.Tx, kind, a, b string) (_ []string, err error) {
	query := `SELECT m.name FROM sqlite_master m WHERE m.type = 'table'
		AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = $1)
		AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = $2)`
	if kind == "postgres" {
		query = `SELECT a.table_name FROM information_schema.columns a JOIN information_schema.columns b
			ON a.table_schema = b.table_schema AND a.table_name = b.table_name
			WHERE a.table_schema = current_schema() AND a.column_name = $1 AND b.column_name = $2`
	}
	rows, err := tx.QueryContext(ctx, query, a, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
