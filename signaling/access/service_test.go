package access_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/signaling/access"
)

// A token of another system is nobody here: no screen, no seat, no administration.
func TestTokensReachNoRouteOfAccess(t *testing.T) {
	w := newWorld(t)
	ctx, by := context.Background(), auth.System("unit")
	acc, err := w.o.CreateService(ctx, by, "qla", "Hệ thống quản lý án")
	require.NoError(t, err)
	text, _, err := w.o.IssueToken(ctx, by, acc.ID, auth.NewToken{Rights: auth.Rights(), Life: time.Hour})
	require.NoError(t, err)
	for _, route := range access.Routes() {
		if route.Audience == access.Anyone {
			continue
		}
		x := missing()
		x.account = acc.ID
		target := path(route.Path, x)
		r := httptest.NewRequest(route.Method, access.Prefix+target, bytes.NewReader([]byte("{}")))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+text)
		rec := httptest.NewRecorder()
		w.srv.ServeHTTP(rec, r)
		require.Equal(t, 401, rec.Code, route.Path)
		require.Equal(t, w.do(route.Method, target, "{}").body, rec.Body.String(), "%s: as nobody", route.Path)
	}
}
