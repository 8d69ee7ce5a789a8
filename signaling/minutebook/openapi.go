package minutebook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"phientoa/internal/auth"
)

//go:generate go test -run ^TestDocumentIsUpToDate$ . -update

// described is what the OpenAPI document says of a route beside its path.
type described struct {
	name, vi, en string
	who          string
	in, out      any // zero values of the bodies in JSON; nil: none, or a PDF
}

const (
	writers = "the clerk and the presiding judge of the hearing"
	readers = "whoever may read the minutes (docs/api.md, Minutes)"
)

// descriptions say something of every route of the table, by method and path behind
// that of the minutes.
func descriptions() map[string]described {
	return map[string]described{
		"GET ":                            {"minutes", "Biên bản phiên tòa", "The minutes as they stand, from line ?from= on, and what the caller may do", readers, nil, MinutesAnswer{}},
		"GET /preview":                    {"minutes_preview", "Xem trước biên bản", "The draft as PDF", "the bench and the clerk", nil, nil},
		"GET /documents/{sha256}":         {"minutes_document", "Tệp biên bản", "A file that waits for signatures or is final; each reading is noted in the access log", readers, nil, nil},
		"POST /entries":                   {"add_line", "Ghi một dòng vào biên bản", "Write a line", writers, EntryBody{}, nil},
		"POST /proposal":                  {"propose_minutes", "Lập tệp biên bản để ký", "After the hearing, make the file of all lines that no final file has", writers, Empty{}, nil},
		"POST /signed":                    {"add_signed", "Nộp tệp biên bản đã ký số", "The waiting file with one or more further signatures", writers, nil, nil},
		"POST /acknowledgement":           {"acknowledge_minutes", "Xác nhận đã đọc biên bản", "Say that one has read a file", "who may read the minutes and has a seat in the hearing", AcknowledgementBody{}, nil},
		"POST /requests":                  {"ask_amendment", "Đề nghị sửa đổi, bổ sung biên bản", "Ask for an amendment; line 0: of the whole", "the participants who may ask for one (docs/api.md, Minutes)", RequestBody{}, nil},
		"POST /requests/{request}/answer": {"answer_amendment", "Trả lời đề nghị sửa đổi, bổ sung", "Answer with a line at the end: what is amended, or why not", writers, AnswerBody{}, nil},
	}
}

// OpenAPI is the 3.1 document of Routes; the same table makes the mux.
func OpenAPI() ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "phientoa minutes API", Version: "1.0.0",
			Description: "The minutes of a hearing: lines, files, signatures, amendments. docs/api.md says what each act means. " +
				"What somebody may not read is answered like what does not exist. Refusals are application/problem+json (RFC 9457).",
		},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
			"official": {Type: "apiKey", In: "cookie", Name: auth.OfficeCookieName, Description: "An official's sign-in"},
			"seat":     {Type: "apiKey", In: "cookie", Name: auth.CookieName, Description: "The session of a seat"},
		}},
	}
	known := descriptions()
	for _, r := range Routes() {
		key := r.Method + " " + r.Path[len(at):]
		d, ok := known[key]
		if !ok {
			return nil, fmt.Errorf("minutebook: nothing is said of %s", key)
		}
		delete(known, key)
		doc.AddOperation(r.operation(registry, d))
	}
	if len(known) > 0 {
		return nil, fmt.Errorf("minutebook: no routes of %d descriptions", len(known))
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("minutebook: OpenAPI document: %w", err)
	}
	var v any // indented with sorted keys, so that differences can be read
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("minutebook: OpenAPI document: %w", err)
	}
	if text, err = json.MarshalIndent(v, "", " "); err != nil {
		return nil, fmt.Errorf("minutebook: OpenAPI document: %w", err)
	}
	return append(text, '\n'), nil
}

func (r Route) operation(registry huma.Registry, d described) *huma.Operation {
	op := &huma.Operation{
		OperationID: d.name, Method: r.Method, Path: r.Path, Summary: d.vi + " / " + d.en, Description: "Who: " + d.who + ".",
		Responses:  map[string]*huma.Response{},
		Extensions: map[string]any{"x-summary-vi": d.vi, "x-summary-en": d.en},
		Security:   []map[string][]string{{"official": {}}, {"seat": {}}},
	}
	for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(r.Path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	if d.name == "minutes" {
		op.Parameters = append(op.Parameters, &huma.Param{Name: "from", In: "query", Description: "First line, 1 when missing", Schema: &huma.Schema{Type: huma.TypeInteger}})
	}
	media := func(v any) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeOf(v), true, "")}}
	}
	pdf := map[string]*huma.MediaType{"application/pdf": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	switch {
	case d.in != nil:
		op.RequestBody = &huma.RequestBody{Required: true, Content: media(d.in)}
	case r.Body != "":
		op.RequestBody = &huma.RequestBody{Required: true, Content: pdf}
	}
	answer := &huma.Response{Description: http.StatusText(r.Status)}
	switch {
	case d.out != nil:
		answer.Content = media(d.out)
	case r.Status == http.StatusOK:
		answer.Content = pdf
	}
	op.Responses[strconv.Itoa(r.Status)] = answer
	op.Responses["default"] = &huma.Response{
		Description: "Refused, with a code and a sentence in both languages",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: registry.Schema(reflect.TypeFor[Problem](), true, "")}},
	}
	return op
}
