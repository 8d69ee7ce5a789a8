// Package open chooses the database by its address.
package open

import (
	"context"
	"fmt"
	"strings"

	"phientoa/internal/store"
	"phientoa/internal/store/postgres"
	"phientoa/internal/store/sqlite"
)

// Open opens and migrates "sqlite:/path/of/file.db" or "postgres://…". The
// address is never repeated in an error, because it may contain a password.
func Open(ctx context.Context, dsn string) (store.Store, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		st, err := sqlite.Open(ctx, sqlite.Params{Path: path})
		if err != nil {
			return nil, err
		}
		return st, nil
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		st, err := postgres.Open(ctx, postgres.Params{DSN: dsn})
		if err != nil {
			return nil, err
		}
		return st, nil
	}
	return nil, fmt.Errorf("store: the address of the database must begin with sqlite: or postgres://")
}
