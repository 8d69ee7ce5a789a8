package office

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"phientoa/internal/store"
)

//go:generate go test -run ^TestDocumentIsUpToDate$ . -update

// Version of the interface. Within a version fields are added, never changed.
const Version = "1.0.0"

const about = `Calendar, booking, invitations, import from case systems, the operators' view and the archives of phientoa.

Who calls: an official, signed in by cookie, or another system by its token (Authorization: Bearer). Every operation names the
roles that may, and for a token the right that it needs (x-right); nobody else gets through. What exists outside the caller's unit is answered byte for byte like what does not
exist. Refusals are application/problem+json (RFC 9457) with a stable ` + "`code`" + ` and a sentence in Vietnamese and English.
Bodies are strict JSON: no unknown key, no key twice, at most 512 KiB. Times are RFC 3339.`

// Document is the OpenAPI 3.1 document of Routes; the same table makes the mux.
func Document() ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "phientoa office API", Version: Version, Description: about, License: &huma.License{Name: "see LICENSE"}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"official": {Type: "apiKey", In: "cookie", Name: "__Host-phientoa-office", Description: "An official's sign-in"},
				"service":  {Type: "http", Scheme: "bearer", Description: "A service account's token"},
			},
		},
		Tags: []*huma.Tag{{Name: "office"}},
	}
	registry.Schema(reflect.TypeFor[Problem](), true, "Problem")
	for _, r := range Routes() {
		op, err := operation(registry, r)
		if err != nil {
			return nil, err
		}
		doc.AddOperation(op)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("office: OpenAPI document: %w", err)
	}
	var v any // indented with sorted keys, so that differences can be read
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("office: OpenAPI document: %w", err)
	}
	exact(v, "")
	text, err = json.MarshalIndent(v, "", " ")
	if err != nil {
		return nil, fmt.Errorf("office: OpenAPI document: %w", err)
	}
	return append(text, '\n'), nil
}

// exact corrects what the generator cannot know: our lists are never null, and
// answers may get further fields within a version while bodies may not.
func exact(v any, name string) {
	switch x := v.(type) {
	case map[string]any:
		if list, ok := x["type"].([]any); ok && len(list) == 2 && list[0] == "array" {
			x["type"] = "array"
		}
		if x["additionalProperties"] == false && !strings.HasSuffix(name, "Body") && name != "Empty" {
			delete(x, "additionalProperties")
		}
		for key, value := range x {
			exact(value, key)
		}
	case []any:
		for _, value := range x {
			exact(value, "")
		}
	}
}

func (o *Office) document() json.RawMessage { return o.doc }

func operation(registry huma.Registry, r Route) (*huma.Operation, error) {
	op := &huma.Operation{
		OperationID: r.Name, Method: r.Method, Path: r.Path, Summary: r.Vi + " / " + r.En, Tags: []string{"office"},
		Description: strings.TrimSpace(r.About + " Roles: " + roles(r) + "."),
		Responses:   map[string]*huma.Response{}, Extensions: map[string]any{"x-summary-vi": r.Vi, "x-summary-en": r.En, "x-roles": r.Roles},
	}
	for _, name := range pathNames(r.Path) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for _, p := range r.Query {
		op.Parameters = append(op.Parameters, parameter("query", p))
	}
	for _, p := range r.Header {
		op.Parameters = append(op.Parameters, parameter("header", p))
	}
	problems := slices.Clone(r.Problems)
	if !r.Public {
		op.Security = security(r)
		if r.Right != "" {
			op.Extensions["x-right"] = r.Right
			problems = append(problems, http.StatusTooManyRequests)
		}
		problems = append(problems, http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable)
	}
	if r.In != nil {
		media, err := body(registry, r.In, r.InExample)
		if err != nil {
			return nil, err
		}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": media}}
	}
	ok := &huma.Response{Description: http.StatusText(r.Status)}
	if r.Out != nil {
		media, err := body(registry, r.Out, r.OutExample)
		if err != nil {
			return nil, err
		}
		ok.Content = map[string]*huma.MediaType{"application/json": media}
	}
	if r.Binary != "" {
		file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Example: "PK…"}
		ok.Content = map[string]*huma.MediaType{r.Binary: file}
		if r.Binary == ContainerType {
			op.Responses[strconv.Itoa(http.StatusPartialContent)] = &huma.Response{Description: "The range that was asked for", Content: ok.Content}
		}
	}
	op.Responses[strconv.Itoa(r.Status)] = ok
	for _, status := range problems {
		media, err := body(registry, Problem{}, exampleProblem(status))
		if err != nil {
			return nil, err
		}
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": media},
		}
	}
	return op, nil
}

// security is who an operation can be for: officials, services, or both.
func security(r Route) (by []map[string][]string) {
	if slices.ContainsFunc(r.Roles, func(role store.Role) bool { return role != store.RoleService }) {
		by = append(by, map[string][]string{"official": {}})
	}
	if r.Right != "" {
		by = append(by, map[string][]string{"service": {}})
	}
	return by
}

// body names the type's schema. The example goes through JSON, so that it looks
// as it does on the wire.
func body(registry huma.Registry, v, example any) (*huma.MediaType, error) {
	text, err := json.Marshal(example)
	if err != nil {
		return nil, fmt.Errorf("office: example: %w", err)
	}
	var wire any
	if err := json.Unmarshal(text, &wire); err != nil {
		return nil, fmt.Errorf("office: example: %w", err)
	}
	return &huma.MediaType{Schema: registry.Schema(reflect.TypeOf(v), true, ""), Example: wire}, nil
}

func parameter(in string, p Parameter) *huma.Param {
	s := &huma.Schema{Type: huma.TypeString, Format: p.Format}
	if p.Max > 0 {
		s.MaxLength = &p.Max
	}
	return &huma.Param{Name: p.Name, In: in, Required: p.Required, Description: p.About, Schema: s, Example: p.Example}
}

func pathNames(path string) (names []string) {
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

func roles(r Route) string {
	if r.Public {
		return "everybody, without signing in"
	}
	var names []string
	for _, role := range r.Roles {
		names = append(names, string(role))
	}
	return strings.Join(names, ", ")
}

func exampleProblem(status int) *Problem {
	switch status {
	case http.StatusBadRequest:
		return badParameter("to", "Khoảng thời gian phải lớn hơn 0 và không quá 31 ngày.", "The span has to be longer than nothing and at most 31 days.")
	case http.StatusUnauthorized:
		return notSignedIn()
	case http.StatusForbidden:
		return notAllowed()
	case http.StatusNotFound:
		return notFound()
	case http.StatusConflict:
		return keyReused()
	case http.StatusRequestEntityTooLarge:
		return tooLarge()
	case http.StatusUnsupportedMediaType:
		return mediaType()
	case http.StatusTooManyRequests:
		return tooFast()
	case http.StatusUnprocessableEntity:
		return refused([]Finding{{
			Code: "excluded_state_secret", Field: "exclusions.state_secret",
			Vi: "Vụ án có nội dung thuộc bí mật nhà nước không được đưa lên hệ thống này dưới bất kỳ hình thức nào (Nghị quyết 33/2021/QH15, Điều 1).",
			En: "A case with secrets of the state is never put on this system, in any form (Resolution 33/2021/QH15, art. 1).",
		}})
	case http.StatusServiceUnavailable:
		return databaseAway()
	}
	return internal()
}
