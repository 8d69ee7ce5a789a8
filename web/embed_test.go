package web

import (
	"io/fs"
	"testing"
)

// The embedding must work on a checkout without a web build: the folder is
// there and can be read.
func TestDistIsReadableWithoutAWebBuild(t *testing.T) {
	if _, err := fs.Stat(Dist(), ".keep"); err != nil {
		t.Fatalf("dist/.keep is not embedded: %v", err)
	}
}
