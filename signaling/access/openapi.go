package access

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"phientoa/internal/hearing"
)

//go:generate go test -run ^TestDocumentIsUpToDate$ . -update

// operation is what the OpenAPI document says of a route beside who may.
type operation struct {
	name, vi, en string
	in, out      any // zero values of the bodies; nil: none
	status       int
}

// webAuthn are options of, or an answer for, navigator.credentials (WebAuthn 5.1).
type webAuthn map[string]any

// operations describes every route of the table, by method and path behind Prefix.
func operations() map[string]operation {
	const ok, made, done = http.StatusOK, http.StatusCreated, http.StatusNoContent
	return map[string]operation{
		"GET openapi.json":                        {"access_openapi", "Tài liệu này", "This document", nil, map[string]any{}, ok},
		"POST signin":                             {"sign_in", "Đăng nhập bằng mật khẩu", "Sign in by password", SignInBody{}, nil, done},
		"POST certificate":                        {"sign_in_certificate", "Đăng nhập bằng chứng thư số", "Sign in by the connection's certificate", nil, nil, done},
		"POST passkey/begin":                      {"passkey_begin", "Bắt đầu đăng nhập bằng khóa bảo mật", "Begin to sign in by passkey", nil, webAuthn{}, ok},
		"POST passkey/finish":                     {"passkey_finish", "Hoàn tất đăng nhập bằng khóa bảo mật", "Sign in by passkey", webAuthn{}, nil, done},
		"POST signout":                            {"sign_out", "Đăng xuất", "Sign out, with the seats entered from here", nil, nil, done},
		"GET me":                                  {"me", "Ai đang đăng nhập", "Who is signed in", nil, MeAnswer{}, ok},
		"POST password":                           {"change_password", "Đổi mật khẩu", "Change one's own password", PasswordBody{}, nil, done},
		"POST stepup":                             {"step_up", "Xác nhận lại danh tính", "Fresh proof: {password}, or {passkey} with the authenticator's answer", webAuthn{}, nil, done},
		"POST stepup/begin":                       {"step_up_begin", "Bắt đầu xác nhận lại bằng khóa bảo mật", "Begin a fresh proof by passkey", nil, webAuthn{}, ok},
		"GET sessions":                            {"sessions", "Nơi đang đăng nhập", "One's own sign-ins", nil, SessionsAnswer{}, ok},
		"DELETE sessions":                         {"end_other_sessions", "Kết thúc đăng nhập ở mọi nơi khác", "End every other sign-in of one's own", nil, nil, done},
		"DELETE sessions/{session}":               {"end_session", "Kết thúc một lần đăng nhập", "End one of one's own sign-ins", nil, nil, done},
		"GET passkeys":                            {"passkeys", "Khóa bảo mật của mình", "One's own passkeys", nil, []CredentialItem{}, ok},
		"POST passkeys/begin":                     {"add_passkey_begin", "Bắt đầu thêm khóa bảo mật", "Begin to register a passkey", nil, webAuthn{}, ok},
		"POST passkeys/finish":                    {"add_passkey_finish", "Thêm khóa bảo mật", "Register a passkey; label may stand beside the answer", webAuthn{}, IDAnswer{}, made},
		"DELETE passkeys/{credential}":            {"remove_passkey", "Gỡ khóa bảo mật", "Revoke one's own passkey, with every session", nil, nil, done},
		"DELETE " + invitations:                   {"revoke_invitation", "Thu hồi giấy mời", "Revoke a person's invitations, with what they opened", nil, nil, done},
		"POST devices/enrol":                      {"enrol", "Ghi danh máy phòng xử án", "Enrol a room device by its code", EnrolBody{}, DeviceAnswer{}, made},
		"POST devices/challenge":                  {"challenge", "Lấy số dùng một lần để ký", "Ask for a nonce to sign", ChallengeBody{}, NonceAnswer{}, ok},
		"POST devices/signin":                     {"sign_in_device", "Máy phòng xử án đăng nhập", "Sign a room device in", DeviceSignInBody{}, nil, done},
		"POST devices/signout":                    {"sign_out_device", "Máy phòng xử án đăng xuất", "Sign a room device out", nil, nil, done},
		"GET devices/seats":                       {"device_seats", "Phiên tòa hôm nay của máy", "The device's seats of today", nil, RoomSeatsAnswer{}, ok},
		"POST devices/seat":                       {"device_seat", "Máy vào chỗ của mình", "Enter a seat of the device", SeatBody{}, nil, done},
		"GET devices":                             {"devices", "Máy phòng xử án của đơn vị", "The unit's room devices", nil, RoomDevicesAnswer{}, ok},
		"POST devices":                            {"offer_enrolment", "Lấy mã ghi danh", "Make an enrolment code", EnrolmentBody{}, EnrolmentAnswer{}, made},
		"POST devices/encoders":                   {"offer_encoder", "Thêm bộ mã hóa hình, tiếng", "Add an encoder of a courtroom (WHIP)", EnrolmentBody{}, TokenAnswer{}, made},
		"POST devices/walls":                      {"offer_wall", "Thêm màn hình theo dõi", "Add a viewing wall (WHEP)", EnrolmentBody{}, TokenAnswer{}, made},
		"DELETE devices/{device}":                 {"revoke_device", "Thu hồi máy", "Revoke a room device", nil, nil, done},
		"GET devices/{device}/courts":             {"device_courts", "Tòa án được dùng máy", "Courts to which a room device is lent", nil, CourtsAnswer{}, ok},
		"GET devices/lent":                        {"lent_devices", "Máy phòng xử án đơn vị khác cho Tòa án dùng", "Room devices that other units lend to the court", nil, LentDevicesAnswer{}, ok},
		"GET courts":                              {"courts", "Các Tòa án khác đang hoạt động", "The other courts that stand today, to lend to", nil, CourtsAnswer{}, ok},
		"PUT devices/{device}/courts/{unit}":      {"lend_device", "Cho Tòa án khác dùng máy", "Lend a room device to another court", nil, nil, done},
		"DELETE devices/{device}/courts/{unit}":   {"keep_device", "Thôi cho Tòa án khác dùng máy", "Lend a room device no longer", nil, nil, done},
		"GET adminlog":                            {"adminlog", "Nhật ký quản trị", "The administrative log, from number ?from= on", nil, AdminLogAnswer{}, ok},
		"GET accounts":                            {"accounts", "Tài khoản của đơn vị", "The unit's accounts", nil, AccountsAnswer{}, ok},
		"POST accounts":                           {"create_account", "Tạo tài khoản", "Make an account that another administrator has to confirm", NewAccountBody{}, NewAccountAnswer{}, made},
		"PATCH accounts/{account}":                {"change_account", "Đổi hoặc khóa tài khoản", "Change or disable an account", ChangeAccountBody{}, nil, done},
		"GET " + credentials:                      {"credentials", "Cách đăng nhập của tài khoản", "An account's passkeys and certificates", nil, CredentialsAnswer{}, ok},
		"DELETE " + credentials + "/{credential}": {"revoke_credential", "Thu hồi khóa bảo mật, chứng thư số", "Revoke a passkey or certificate", nil, nil, done},
		"GET proposals":                           {"proposals", "Đề nghị của quản trị", "Proposals of administrators", nil, ProposalsAnswer{}, ok},
		"POST proposals":                          {"propose", "Đề nghị việc cần hai người", "Propose an act that takes two", ProposalBody{}, ProposedAnswer{}, made},
		"POST proposals/{proposal}/confirm":       {"confirm", "Xác nhận đề nghị", "Confirm another's proposal; 204 when no one-time password comes of it", nil, OneTimeAnswer{}, ok},
		"DELETE proposals/{proposal}":             {"withdraw", "Rút hoặc từ chối đề nghị", "Take a proposal back, or refuse another's", nil, nil, done},
	}
}

const (
	credentials = "accounts/{account}/credentials"
	invitations = "hearings/{hearing}/invitations/{person}"
)

// Document is the OpenAPI 3.1 document of Routes; the same table makes the mux.
func Document() ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "phientoa access API", Version: "1.0.0",
			Description: "Who one is: sign-ins, accounts, room devices. docs/access.md says what each act means. " +
				"What lies outside the caller's unit is answered like what does not exist. Refusals are application/problem+json (RFC 9457).",
		},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
			"official":    {Type: "apiKey", In: "cookie", Name: "__Host-phientoa-office", Description: "An official's sign-in"},
			"room_device": {Type: "apiKey", In: "cookie", Name: "__Host-phientoa-device", Description: "A room device's sign-in"},
		}},
	}
	known := operations()
	for _, r := range Routes() {
		key := r.Method + " " + strings.TrimPrefix(r.Path, Prefix)
		op, ok := known[key]
		if !ok {
			return nil, fmt.Errorf("access: nothing is said of %s", key)
		}
		delete(known, key)
		doc.AddOperation(r.document(registry, op))
	}
	if len(known) > 0 {
		return nil, fmt.Errorf("access: no routes %v", slices.Sorted(maps.Keys(known)))
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("access: OpenAPI document: %w", err)
	}
	var v any // indented with sorted keys, so that differences can be read
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("access: OpenAPI document: %w", err)
	}
	if text, err = json.MarshalIndent(v, "", " "); err != nil {
		return nil, fmt.Errorf("access: OpenAPI document: %w", err)
	}
	return append(text, '\n'), nil
}

func (r Route) document(registry huma.Registry, o operation) *huma.Operation {
	who := map[Audience]string{Anyone: "everybody, without signing in", Official: "every official", Device: "a room device"}[r.Audience]
	if r.Roles != nil {
		names := make([]string, len(r.Roles))
		for i, role := range r.Roles {
			names[i] = string(role)
		}
		who = strings.Join(names, ", ")
	}
	about := "Who: " + who + "."
	if r.StepUp {
		about += " Asks for a fresh proof (403 step_up)."
	}
	op := &huma.Operation{
		OperationID: o.name, Method: r.Method, Path: r.Path, Summary: o.vi + " / " + o.en, Description: about,
		Responses:  map[string]*huma.Response{},
		Extensions: map[string]any{"x-summary-vi": o.vi, "x-summary-en": o.en, "x-roles": r.Roles},
	}
	switch r.Audience {
	case Official:
		op.Security = []map[string][]string{{"official": {}}}
	case Device:
		op.Security = []map[string][]string{{"room_device": {}}}
	}
	for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(r.Path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	media := func(v any) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeOf(v), true, "")}}
	}
	if o.in != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: media(o.in)}
	}
	answer := &huma.Response{Description: http.StatusText(o.status)}
	if o.out != nil {
		answer.Content = media(o.out)
	}
	op.Responses[strconv.Itoa(o.status)] = answer
	op.Responses["default"] = &huma.Response{
		Description: "Refused, with a code and a sentence in both languages",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: registry.Schema(reflect.TypeFor[Problem](), true, "")}},
	}
	return op
}

// Problem is a refusal (RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	*hearing.Refusal
}

func (s *Server) openapi(c call) error {
	text, err := s.document()
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = c.w.Write(text) // the client may have gone
	return nil
}
