package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store/open"
)

// The first administrator of a court comes from the server's own terminal.
func TestAccountsFromTheTerminal(t *testing.T) {
	dir := t.TempDir()
	cli := func(args ...string) (int, string, string) {
		var out, problems bytes.Buffer
		code := run(context.Background(), append(args, "--data-dir", dir), streams{&out, &problems, strings.NewReader("")})
		return code, strings.TrimSpace(out.String()), problems.String()
	}
	create := []string{"account", "create", "--unit", "tand-1", "--login", "quan.tri", "--name", "Nguyễn Văn A", "--role", "sys_admin", "--role", "clerk"}
	code, _, problems := cli(create...)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "unit put")
	for range 2 {
		code, out, problems := cli("unit", "put", "--id", "tand-1", "--kind", "court.regional", "--name", "Tòa án nhân dân khu vực 1")
		require.Equal(t, []any{0, "ok"}, []any{code, out}, problems)
	}
	code, first, problems := cli(create...)
	require.Equal(t, 0, code, problems)
	code, _, problems = cli(create...)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "taken")
	code, _, _ = cli("account", "create", "--unit", "tand-1", "--login", "x", "--name", "B", "--role", "king")
	require.Equal(t, 1, code)

	ctx := context.Background()
	st, err := open.Open(ctx, "sqlite:"+filepath.Join(dir, "phientoa.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	o, err := auth.NewOfficials(auth.OfficialsParams{Store: st})
	require.NoError(t, err)
	_, err = o.SignIn(ctx, "quan.tri", first, "")
	require.NoError(t, err)

	code, second, _ := cli("account", "reset", "--login", "quan.tri")
	require.Equal(t, 0, code)
	require.NotEqual(t, first, second)
	_, err = o.SignIn(ctx, "quan.tri", first, "")
	require.ErrorIs(t, err, auth.ErrSignIn)
	_, err = o.SignIn(ctx, "quan.tri", second, "")
	require.NoError(t, err)
	code, out, _ := cli("account", "disable", "--login", "quan.tri")
	require.Equal(t, []any{0, "ok"}, []any{code, out})
	_, err = o.SignIn(ctx, "quan.tri", second, "")
	require.ErrorIs(t, err, auth.ErrSignIn)
	code, _, problems = cli("account", "disable", "--login", "nobody")
	require.Equal(t, 1, code)
	require.Contains(t, problems, "nobody")
	code, out, _ = cli("account", "log")
	require.Equal(t, 0, code)
	require.True(t, strings.HasPrefix(out, "5 entries, whole"), out)
	log, err := st.AdminLog(ctx, court.SystemScope(), 1, 10)
	require.NoError(t, err)
	for _, e := range log {
		require.Equal(t, "system", e.Actor)
		require.NotContains(t, e.Detail, "Nguyễn")
	}
}

func TestPasskeysAreBoundToAName(t *testing.T) {
	for origin, want := range map[string]string{
		"https://court.example": "court.example", "http://localhost:8080": "localhost",
		"https://192.0.2.1": "", "https://[2001:db8::1]:8443": "",
	} {
		require.Equal(t, want, passkeyHost([]string{origin}))
	}
	require.Empty(t, passkeyHost(nil))
}
