package minutebook_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/signaling/minutebook"
)

var update = flag.Bool("update", false, "write docs/openapi-minutes.json")

func TestDocumentIsUpToDate(t *testing.T) {
	const path = "../../docs/openapi-minutes.json"
	want, err := minutebook.OpenAPI()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(path, want, 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: make generate")
}

// The mux and the document are of one table: every route is described with the media
// type that it takes, in both languages, and the page for people names it.
func TestDocumentIsComplete(t *testing.T) {
	text, err := minutebook.OpenAPI()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Vi          string `json:"x-summary-vi"`
			En          string `json:"x-summary-en"`
			RequestBody struct{ Content map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	page, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	ids, operations := map[string]bool{}, 0
	for _, path := range doc.Paths {
		operations += len(path)
	}
	for _, r := range minutebook.Routes() {
		op, ok := doc.Paths[r.Path][strings.ToLower(r.Method)]
		require.True(t, ok, r.Path)
		require.False(t, ids[op.OperationID], op.OperationID)
		ids[op.OperationID] = true
		require.NotEmpty(t, op.Vi)
		require.NotEmpty(t, op.En)
		if r.Body == "" {
			require.Empty(t, op.RequestBody.Content)
		} else {
			require.Contains(t, op.RequestBody.Content, r.Body)
		}
		behind := strings.TrimPrefix(r.Path, "/api/v1/hearings/{id}/minutes")
		require.Contains(t, string(page), "`"+r.Method+" …/minutes"+strings.ReplaceAll(behind, "{request}", "{id}"), r.Path)
	}
	require.Len(t, minutebook.Routes(), operations)
}
