package office

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

const documentPath = "../../docs/openapi.json"

func TestDocumentIsUpToDate(t *testing.T) {
	want, err := Document()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(documentPath, want, 0o644))
	}
	got, err := os.ReadFile(documentPath)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go generate ./signaling/office")
}

// Every route is documented, and says who may, in both languages, with an example
// of each body; and the page for people names each of them.
func TestDocumentIsComplete(t *testing.T) {
	text, err := Document()
	require.NoError(t, err)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Vi          string `json:"x-summary-vi"`
			En          string `json:"x-summary-en"`
			Security    []any
			RequestBody *struct {
				Content map[string]struct{ Example any }
			}
			Responses map[string]struct {
				Content map[string]struct{ Example any }
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	page, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, r := range Routes() {
		op, ok := doc.Paths[r.Path][strings.ToLower(r.Method)]
		require.True(t, ok, "%s %s", r.Method, r.Path)
		require.False(t, names[r.Name], r.Name)
		names[r.Name] = true
		require.NotEmpty(t, op.Vi, r.Path)
		require.NotEmpty(t, op.En, r.Path)
		require.NotEqual(t, op.Vi, op.En)
		require.Equal(t, r.Public, len(op.Security) == 0, r.Path)
		if r.In != nil {
			require.NotNil(t, op.RequestBody.Content["application/json"].Example, r.Path)
		}
		for status, answer := range op.Responses {
			if status == "204" {
				require.Empty(t, answer.Content)
				continue
			}
			for _, media := range answer.Content {
				require.NotNil(t, media.Example, "%s %s", r.Path, status)
			}
			require.NotEmpty(t, answer.Content, "%s %s", r.Path, status)
		}
		require.Contains(t, string(page), "`"+r.Method+" "+r.Path+"`")
	}
	require.Len(t, doc.Paths, countPaths())
	require.NotRegexp(t, regexp.MustCompile(`(?i)\b(host|meeting)\b`), strings.ReplaceAll(string(text), "__Host-phientoa", ""))
}

func countPaths() int {
	paths := map[string]bool{}
	for _, r := range Routes() {
		paths[r.Path] = true
	}
	return len(paths)
}

func TestDocumentIsServedToEverybody(t *testing.T) {
	w := startWorld(t)
	a := w.do("", http.MethodGet, "/api/v1/openapi.json", nil)
	require.Equal(t, http.StatusOK, a.status)
	want, err := os.ReadFile(documentPath)
	require.NoError(t, err)
	require.Equal(t, string(want), string(a.body))
}

// The limits that the document states are those of the check (TestBoundsOfFields).
func TestDocumentStatesTheLimits(t *testing.T) {
	text, err := Document()
	require.NoError(t, err)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					MaxLength, MaxItems, Minimum, Maximum int
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	at := func(schema, field string) (p struct{ MaxLength, MaxItems, Minimum, Maximum int }) {
		p = doc.Components.Schemas[schema].Properties[field]
		return p
	}
	for name, want := range map[string]int{
		"CaseBody docket_no": MaxDocket, "CaseBody e_file_code": MaxFileCode, "CaseBody title": MaxTitle,
		"PointBody name": MaxPointName, "PointBody unit": hearing.MaxIDBytes, "PersonBody name": MaxName, "PersonBody alias": MaxAlias,
		"CancelBody reason": MaxReason, "MoveBody reason": MaxReason, "PersonBody account": MaxLogin, "PersonBody room_device": hearing.MaxIDBytes,
	} {
		schema, field, _ := strings.Cut(name, " ")
		require.Equal(t, want, at(schema, field).MaxLength, name)
	}
	require.Equal(t, MaxPoints, at("BookingBody", "points").MaxItems)
	require.Equal(t, MaxPeople, at("BookingBody", "people").MaxItems)
	require.Equal(t, MaxImports, at("ImportListBody", "hearings").MaxItems)
	require.Equal(t, MinMinutes, at("BookingBody", "minutes").Minimum)
	require.Equal(t, MaxMinutes, at("BookingBody", "minutes").Maximum)
}
