package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// referenceMembers is checkMembers by the decoder of the standard library. No space
// stands around a body: a line has one form.
func referenceMembers(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok != json.Delim('{') || body[0] != '{' {
		return errors.New("not an object")
	}
	seen := map[string]bool{"i": true, "t": true, "mono_ns": true, "k": true, "salt": true, "prev": true}
	var value json.RawMessage
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		name, ok := tok.(string)
		if !ok {
			return errors.New("member without a name")
		}
		if seen[name] {
			return fmt.Errorf("name %q is reserved or repeated", name)
		}
		seen[name] = true
		if err := dec.Decode(&value); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if dec.InputOffset() != int64(len(body)) {
		return errors.New("bytes behind the object")
	}
	return nil
}

// Whatever the body, both say the same.
func TestMembersAreReadAsTheStandardLibraryReadsThem(t *testing.T) {
	agree := func(t require.TestingT, body string) {
		require.Equal(t, referenceMembers([]byte(body)) == nil, checkMembers([]byte(body)) == nil, "%q", body)
	}
	for _, body := range []string{
		"", "{", "}", "{}", "[]", "{} {}", "{}}", " {}", "{} ", `{"a":1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"\u0069":1}`, `{"i":1}`, `{"b":{"i":1,"i":2}}`,
		`{"a":"}","b":"\"","c":"\\"}`, `{"a":[{"x":1},{"x":2}],"b":"x,y"}`, `{"a":1,}`, `{"a" : 1 , "b" : [ ] }`, `{"a":"\ud800"}`, `{"\ud800":1,"\ufffd":2}`,
		`{"a":"` + "\xff" + `"}`, `{"":1,"":2}`, `{"":1}`, `{"salt":1}`, "{\"a\":\"\n\"}",
	} {
		agree(t, body)
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf(`"n%d":%d`, i, i)
	}
	agree(t, "{"+strings.Join(many, ",")+"}")
	agree(t, "{"+strings.Join(many, ",")+`,"n3":1`+"}")
	agree(t, "{"+strings.Join(many, ",")+`,"n90":1`+"}")
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"{", "}", "[", "]", ",", ":", `"`, `\`, `"a"`, `"i"`, `"\u0061"`, "1", "true", `"x":`, `{"a":1}`, " ", "é"})
		body := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		agree(t, body)
		agree(t, "{"+body+"}")
	})
	rapid.Check(t, func(t *rapid.T) { // sound objects
		name := rapid.SampledFrom([]string{`"a"`, `"b"`, `"\u0061"`, `"c\"d"`, `"é"`, `"k"`, `"e,f"`, `"{"`})
		value := rapid.SampledFrom([]string{"1", `"x"`, `"\\"`, `"},{"`, `{"a":{"a":[1,{"b":2}]}}`, "[]", "{}", "null", `["a","a"]`})
		var members []string
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			members = append(members, name.Draw(t, "name")+":"+value.Draw(t, "value"))
		}
		agree(t, "{"+strings.Join(members, ",")+"}")
	})
}
