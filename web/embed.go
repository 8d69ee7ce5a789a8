// Package web carries the built browser application inside the binary.
package web

import (
	"embed"
	"io/fs"
)

// The folder holds only .keep until "npm run build" has run, so that Go compiles
// on a bare checkout; "all:" takes names that begin with a dot.
//
//go:embed all:dist
var dist embed.FS

// Dist returns the built application: index.html at the root and hashed files
// under assets/. Before the first web build it holds nothing but .keep.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// fs.Sub fails only for an invalid path, and this one is a constant.
		panic(err)
	}
	return sub
}
