package signaling

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRepeatedKeysAreFound(t *testing.T) {
	for text, want := range map[string]bool{
		`{"a":1,"a":2}`: true, `{"token":"a","TOKEN":"b"}`: true, `{"to\u006ben":1,"token":2}`: true,
		`{"toKen":1,"token":2}`: true, // the Kelvin sign folds to k
		`[{"a":1},{"a":1}]`:     false, `{"a":{"a":1},"b":[{"a":"a"}]}`: false, `{"a":"a","b":"a"}`: false,
		`{"a":[{"b":1,"b":2}]}`: true, `{"a":[[]],"c":{},"a":1}`: true, `{"a":["a","a"]}`: false,
		`{"a":1`: false, ``: false, `"a"`: false, `{"a":null,"b":{"c":1},"b":2}`: true,
	} {
		require.Equal(t, want, repeatsKey([]byte(text)), text)
	}
}

// What repeats no key means the same to a reader that takes the first of two
// fields and to one that takes the last.
func FuzzRepeatedKeys(f *testing.F) {
	for _, s := range []string{`{"token":"a"}`, `{"a":{"b":[1,{"c":2}]}}`, `{"a":1,"a":2}`, `{"text":"x","Text":"y"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var all map[string]json.RawMessage
		if json.Unmarshal(data, &all) != nil || repeatsKey(data) {
			return
		}
		n := 0
		var one struct{ Token, Text json.RawMessage }
		if json.Unmarshal(data, &one) == nil {
			for k := range all {
				if foldKey(k) == foldKey("token") || foldKey(k) == foldKey("text") {
					n++
				}
			}
		}
		if n > 2 {
			t.Fatalf("two fields of one meaning: %q", data)
		}
	})
}
