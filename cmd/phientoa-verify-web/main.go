//go:build js && wasm

// Command phientoa-verify-web is the verifier inside a browser: scripts/web.sh builds
// it for the worker of the page that checks a file (web/src/verify/worker.ts). It
// gives that worker one function and waits to be called.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall/js"

	"phientoa/cmd/verifycli"
)

func main() {
	js.Global().Set("phientoaVerify", js.FuncOf(func(_ js.Value, args []js.Value) any {
		size, read, chosen := args[0].Int(), args[1], args[2]
		// Reading waits for nothing (the worker reads synchronously), so that the call
		// ends here; the goroutines of the verifier need no event of the browser's.
		return verify(int64(size), read, chosen)
	}))
	select {}
}

// verify returns the answer as JSON.
func verify(size int64, read, chosen js.Value) string {
	c := verifycli.Chosen{Name: chosen.Get("name").String(), Roots: bytesOf(chosen.Get("roots")), TSARoots: bytesOf(chosen.Get("tsaRoots"))}
	for list, i := chosen.Get("receipts"), 0; i < list.Length(); i++ {
		c.Receipts = append(c.Receipts, bytesOf(list.Index(i)))
	}
	b, err := json.Marshal(verifycli.VerifyChosen(context.Background(), file{read, size}, size, c))
	if err != nil {
		panic(fmt.Sprintf("an answer always marshals: %v", err)) // plain structs of our own
	}
	return string(b)
}

func bytesOf(v js.Value) []byte {
	if v.IsNull() || v.IsUndefined() {
		return nil
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}

// file reads the chosen file by slices; nothing holds the whole of it.
type file struct {
	read js.Value // (offset, length) => Uint8Array, or null when the browser cannot read
	size int64
}

var errRead = errors.New("the file could not be read: it was moved, changed or taken away")

// ReadAt implements io.ReaderAt.
func (f file) ReadAt(b []byte, off int64) (int, error) {
	n := min(int64(len(b)), f.size-off)
	if n <= 0 {
		if len(b) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	got := f.read.Invoke(float64(off), float64(n))
	if got.IsNull() {
		return 0, errRead
	}
	m := js.CopyBytesToGo(b[:n], got)
	if int64(m) < n {
		return m, errRead
	}
	if m < len(b) {
		return m, io.EOF
	}
	return m, nil
}
