// Package lgsptest is FakeLGSP, which stands for the state's data-sharing platform in
// tests: the platform itself cannot run here. It checks what a receiver can: both schemas,
// digest, signature, key, credentials.
package lgsptest

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"

	"phientoa/internal/cades"
	"phientoa/internal/lgsp"
)

// FakeLGSP is the platform's door. It is safe for concurrent use.
type FakeLGSP struct {
	Token string // wanted as bearer; empty: none is asked for

	mu     sync.Mutex
	answer []int // statuses before it takes anything
	got    map[string]lgsp.Envelope
	asked  int
	errs   []error
}

// Answer gives these statuses to the next requests, without looking at them.
func (f *FakeLGSP) Answer(statuses ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = append(f.answer, statuses...)
}

// Seen is what was taken, by key, how often it was asked, and what was wrong.
func (f *FakeLGSP) Seen() (got map[string]lgsp.Envelope, asked int, wrong error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	got = map[string]lgsp.Envelope{}
	for k, v := range f.got {
		got[k] = v
	}
	return got, f.asked, errors.Join(f.errs...)
}

// ServeHTTP takes a report: 201, 200 when it stands, 401, 422 with a reason.
func (f *FakeLGSP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if len(f.answer) > 0 {
		w.WriteHeader(f.answer[0])
		_, _ = io.WriteString(w, `{"reason":"Sai mã đơn vị"}`)
		f.answer = f.answer[1:]
		return
	}
	if f.Token != "" && r.Header.Get("Authorization") != "Bearer "+f.Token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, lgsp.MaxEnvelope+1))
	if err == nil {
		err = f.take(r, body, w)
	}
	if err != nil {
		f.errs = append(f.errs, err)
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
}

func (f *FakeLGSP) take(r *http.Request, body []byte, w http.ResponseWriter) error {
	e, err := Check(body)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost || r.Header.Get("Idempotency-Key") != e.Key {
		return errors.New("fake: method or Idempotency-Key")
	}
	if old, ok := f.got[e.Key]; ok {
		if !bytes.Equal(old.Report, e.Report) {
			return errors.New("fake: another report under the same key")
		}
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if f.got == nil {
		f.got = map[string]lgsp.Envelope{}
	}
	f.got[e.Key] = e
	w.WriteHeader(http.StatusCreated)
	return nil
}

// Check reads an envelope as a receiver does who has the two schemas and the page.
func Check(body []byte) (e lgsp.Envelope, err error) {
	if err := Valid("lgsp-envelope-1", body); err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, err
	}
	if err := Valid("lgsp-coverage-1", e.Report); err != nil {
		return e, err
	}
	sum := sha256.Sum256(e.Report)
	if hex.EncodeToString(sum[:]) != e.SHA256 || lgsp.Key(e.Unit, e.Day, e.SHA256) != e.Key {
		return e, errors.New("fake: digest or key")
	}
	// As in a PDF, no time is claimed: cades.Verify would want one.
	_, err = cades.VerifyForeign(e.Signature, func(h crypto.Hash) []byte {
		d := h.New()
		d.Write(e.Report)
		return d.Sum(nil)
	})
	return e, err
}

// Valid tells whether a text is as the schema of that name in docs/schemas says.
func Valid(name string, text []byte) error {
	_, here, _, _ := runtime.Caller(0)
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "..", "docs", "schemas", name+".schema.json"))
	if err != nil {
		return err
	}
	var s map[string]any
	var v any
	if err := errors.Join(json.Unmarshal(raw, &s), json.Unmarshal(text, &v)); err != nil {
		return err
	}
	return validator{s}.check(name, s, v)
}

// validator knows the keywords of our schemas (JSON Schema 2020-12), and refuses others.
type validator struct{ root map[string]any }

func (d validator) check(at string, s map[string]any, v any) error {
	for word, arg := range s {
		if err := d.word(at, s, word, arg, v); err != nil {
			return err
		}
	}
	return nil
}

func wrong(at, word string) error { return fmt.Errorf("%s: %s", at, word) }

func (d validator) word(at string, s map[string]any, word string, arg, v any) error {
	ok := true
	switch word {
	case "$schema", "$defs", "title", "description", "additionalProperties":
	case "$ref":
		return d.check(at, d.root["$defs"].(map[string]any)[filepath.Base(arg.(string))].(map[string]any), v)
	case "type":
		ok = typeIs(arg.(string), v)
	case "const":
		ok = v == arg
	case "enum":
		ok = false
		for _, x := range arg.([]any) {
			ok = ok || x == v
		}
	case "minLength":
		t, is := v.(string)
		ok = is && float64(len(t)) >= arg.(float64)
	case "pattern":
		t, is := v.(string)
		ok = is && regexp.MustCompile(arg.(string)).MatchString(t)
	case "minimum":
		n, is := v.(float64)
		ok = is && n >= arg.(float64)
	case "items":
		return d.items(at, arg.(map[string]any), v)
	case "required":
		o, _ := v.(map[string]any)
		for _, k := range arg.([]any) {
			_, has := o[k.(string)]
			ok = ok && has
		}
	case "properties":
		return d.properties(at, s, arg.(map[string]any), v)
	default:
		return wrong(at, "unknown keyword "+word)
	}
	if !ok {
		return wrong(at, word)
	}
	return nil
}

func typeIs(want string, v any) bool {
	switch x := v.(type) {
	case map[string]any:
		return want == "object"
	case []any:
		return want == "array"
	case string:
		return want == "string"
	case float64:
		return want == "integer" && x == math.Trunc(x)
	}
	return false
}

func (d validator) items(at string, s map[string]any, v any) error {
	list, _ := v.([]any)
	for i, x := range list {
		if err := d.check(fmt.Sprintf("%s[%d]", at, i), s, x); err != nil {
			return err
		}
	}
	return nil
}

func (d validator) properties(at string, s, known map[string]any, v any) error {
	o, _ := v.(map[string]any)
	for k, x := range o {
		sub, ok := known[k].(map[string]any)
		if !ok {
			if s["additionalProperties"] == false {
				return wrong(at, "unknown field "+k)
			}
			continue
		}
		if err := d.check(at+"."+k, sub, x); err != nil {
			return err
		}
	}
	return nil
}
