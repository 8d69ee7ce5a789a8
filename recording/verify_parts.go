package recording

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"

	"phientoa/internal/ledger"
)

// chainPart checks that a part names the one before with its final root. A part
// that was left by a fault and got its end afterwards is named by the checkpoint
// that was its last then.
func (r *Report) chainPart(p PartReport, i int, parts []partDirFS) {
	var fault string
	switch {
	case i == 0 && (p.previous == nil || r.single):
		return // a caller who points at one part need not have the others
	case i == 0:
		fault = "an earlier part is missing"
	case p.previous == nil || p.previous.Part != r.Parts[i-1].Part:
		fault = "does not name the part before"
	case p.previous.Size != 0 && p.previous.Root != r.Parts[i-1].Root && !holdsNote(parts[i-1].fsys, p.previous):
		fault = "names another root of the part before"
	default:
		return
	}
	r.add(Damage{Part: p.Part, Damage: ledger.Damage{Code: DamagePart, File: ledger.LogName, Line: 0, LineTo: 0, Offset: 0, Detail: fault}})
}

// maxNotes bounds what is read of a part's checkpoints: a day of one a second.
const maxNotes = 64 << 20

// holdsNote tells whether the checkpoint that a genesis names stands among those
// of the part, each of which was checked against its lines.
func holdsNote(fsys fs.FS, x *previousPart) bool {
	n, err := ledger.ParseNote([]byte(x.Note))
	if err != nil || n.Size != x.Size || fmt.Sprintf("%x", n.Root[:]) != x.Root {
		return false
	}
	f, err := fsys.Open(ledger.CheckpointsName)
	if err != nil {
		return false
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, maxNotes))
	return err == nil && bytes.Contains(append([]byte("\n"), all...), append([]byte("\n"+x.Note), '\n'))
}
