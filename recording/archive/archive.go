// Package archive makes a finished part of a hearing's evidence one sealed file
// and checks such a file without database, network or configuration. The file is
// an ASiC-E container with a CAdES signature; docs/archive-format.md describes it.
package archive

import (
	"encoding/json"
	"fmt"
	"strings"

	_ "embed" // the texts that every container carries

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
)

// Ext is what the file of a part is named with, beside the part's directory.
const Ext = ".asice"

// NewExt marks a file that is still being written; a later start overwrites it.
const NewExt = ".new"

// Names of the entries that the container adds to the part's files.
const (
	sessionName = "session.json"
	readmeName  = "VERIFY.txt"
	scriptName  = "verify.py"
	metaDir     = "META-INF/"
)

//go:embed assets/VERIFY.txt
var readme string

//go:embed assets/verify.py
var script string

// ofPart tells the part's own files from what the container adds.
func ofPart(name string) bool {
	switch name {
	case asic.MimetypeName, sessionName, readmeName, scriptName:
		return false
	}
	return !strings.HasPrefix(name, metaDir)
}

// session is session.json of format 1: nothing but what the log says, so that
// there are no two truths. A change of what stands here is another format.
type session struct {
	Format   int             `json:"format"`
	Origin   string          `json:"origin"`
	Hearing  string          `json:"hearing"`
	Node     string          `json:"node"`
	Part     int             `json:"part"`
	Epoch    uint64          `json:"epoch"`
	Previous *previous       `json:"previous"`
	BeganT   int64           `json:"began_t"` // of the first line, UTC unix microseconds
	EndedT   int64           `json:"ended_t"` // of the last line
	Lines    uint64          `json:"lines"`
	Root     string          `json:"root"` // hex, of the last checkpoint
	Session  json.RawMessage `json:"session"`
}

type previous struct {
	Part int    `json:"part"`
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

// sessionJSON renders session.json from what was read of the log.
func sessionJSON(l ledger.Report) ([]byte, error) {
	s := session{
		Format: 1, Origin: l.Origin, BeganT: l.FirstT, EndedT: l.LastT,
		Lines: l.Size, Root: fmt.Sprintf("%x", l.Root[:]),
	}
	var g struct {
		Hearing  string          `json:"hearing"`
		Node     string          `json:"node"`
		Part     int             `json:"part"`
		Epoch    uint64          `json:"epoch"`
		Previous *previous       `json:"previous"`
		Session  json.RawMessage `json:"session"`
	}
	// A genesis that cannot be read is damage, which the report of the log names.
	if json.Unmarshal(l.Genesis, &g) == nil {
		s.Hearing, s.Node, s.Part, s.Epoch, s.Previous, s.Session = g.Hearing, g.Node, g.Part, g.Epoch, g.Previous, g.Session
	}
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, fmt.Errorf("archive: %s: %w", sessionName, err)
	}
	return append(b, '\n'), nil
}

// maxSession bounds session.json in bytes: it repeats a line of the log, indented.
const maxSession = 4 * ledger.MaxLine

// readSession reads what a container says of itself. It is the log's to confirm.
func readSession(c *asic.Container) (s session, err error) {
	b, err := c.ReadFile(sessionName, maxSession)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return s, fmt.Errorf("archive: %s: %w", sessionName, err)
	}
	return s, nil
}
