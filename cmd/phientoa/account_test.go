package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
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

// The token of another system is printed once, and its account has no other way in.
func TestServicesFromTheTerminal(t *testing.T) {
	dir := t.TempDir()
	cli := func(args ...string) (int, string, string) {
		var out, problems bytes.Buffer
		code := run(context.Background(), append(args, "--data-dir", dir), streams{&out, &problems, strings.NewReader("")})
		return code, strings.TrimSpace(out.String()), problems.String()
	}
	create := []string{"account", "service", "create", "--unit", "tand-1", "--login", "qla", "--name", "Hệ thống quản lý án", "--right", "import"}
	code, _, problems := cli(create...)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "unit put")
	code, _, problems = cli("unit", "put", "--id", "tand-1", "--kind", "court.regional", "--name", "Tòa án nhân dân khu vực 1")
	require.Equal(t, 0, code, problems)
	for _, bad := range [][]string{{"--days", "0"}, {"--days", "366"}, {"--right", "everything"}} {
		code, _, problems = cli(append(create, bad...)...)
		require.Equal(t, 1, code, bad)
		require.NotContains(t, problems, "taken")
	}
	code, first, problems := cli(append(create, "--right", "status", "--label", "máy chủ 1")...)
	require.Equal(t, 0, code, problems)
	require.Regexp(t, `^phientoa_[A-Za-z0-9_-]{43}$`, first)
	require.Contains(t, problems, "not shown again")
	code, _, problems = cli(create...)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "taken")
	code, second, problems := cli("account", "service", "token", "--login", "qla", "--right", "units", "--days", "365")
	require.Equal(t, 0, code, problems)
	code, list, _ := cli("account", "service", "list", "--login", "qla")
	require.Equal(t, 0, code)
	rows := strings.Split(list, "\n")
	require.Len(t, rows, 2)
	require.Contains(t, rows[0], "\timport,status\t")
	require.Contains(t, rows[0], "máy chủ 1")
	require.NotContains(t, list, "phientoa_")

	ctx := context.Background()
	st, err := open.Open(ctx, "sqlite:"+filepath.Join(dir, "phientoa.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	o, err := auth.NewOfficials(auth.OfficialsParams{Store: st})
	require.NoError(t, err)
	works := func(token string) bool {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		who, err := o.Who(r)
		return err == nil && who.Unit == "tand-1"
	}
	require.True(t, works(first))
	id, _, _ := strings.Cut(rows[0], "\t")
	code, out, _ := cli("account", "service", "revoke", "--login", "qla", "--token", id)
	require.Equal(t, []any{0, "1 revoked"}, []any{code, out})
	require.False(t, works(first))
	require.True(t, works(second))
	code, _, _ = cli("account", "service", "revoke", "--login", "qla", "--token", id)
	require.Equal(t, 1, code)
	code, out, _ = cli("account", "service", "revoke", "--login", "qla")
	require.Equal(t, []any{0, "1 revoked"}, []any{code, out})
	require.False(t, works(second))
	for _, args := range [][]string{
		{"account", "create", "--unit", "tand-1", "--login", "x", "--name", "X", "--role", "service"},
		{"account", "reset", "--login", "qla"},
		{"account", "service", "list", "--login", "nobody"},
	} {
		code, _, _ = cli(args...)
		require.Equal(t, 1, code, args)
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
