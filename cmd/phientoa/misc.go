package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"phientoa/internal/store/open"
)

func landingStyleHash() string {
	sum := sha256.Sum256([]byte(landingCSS()))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// migrateCmd opens a database, which brings it to this version.
type migrateCmd struct {
	Database string `arg:"" help:"sqlite:/path/file.db or postgres://…"`
}

func (c *migrateCmd) Run(ctx context.Context, s streams) error {
	st, err := open.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	if err := st.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "ok")
	return err
}
