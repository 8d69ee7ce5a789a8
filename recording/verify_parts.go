package recording

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"phientoa/internal/ledger"
)

var errNoParts = errors.New("recording: neither a part nor parts of a hearing here")

// joinParts finds the parts in all directories, by number. Of a number that stands
// in two, the one counts whose log has a checkpoint: the other is the trace of a
// beginning that failed. Of two that have one the further counts if the other is a copy
// of its beginning, a side that was dropped; otherwise they are not of one hearing.
func joinParts(dirs []fs.FS) (out []partDirFS, err error) {
	at := map[int]int{}
	for _, dir := range dirs {
		found, err := findParts(dir)
		if errors.Is(err, errNoParts) && len(dirs) > 1 {
			continue // both disks have a directory of the hearing, also when one of them was not needed
		}
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if p.number == 0 && len(dirs) > 1 {
				return nil, errors.New("recording: of several directories each must be one of a hearing with its parts, not one of a part")
			}
			i, twice := at[p.number]
			switch {
			case !twice:
				at[p.number] = len(out)
				out = append(out, p)
			case !begunFS(out[i].fsys):
				out[i] = p
			case !begunFS(p.fsys) || beginsAs(p.fsys, out[i].fsys):
			case beginsAs(out[i].fsys, p.fsys):
				out[i] = p
			default:
				return nil, fmt.Errorf("recording: part %d stands in two of the directories", p.number)
			}
		}
	}
	if len(out) == 0 {
		return nil, errNoParts
	}
	slices.SortFunc(out, func(a, b partDirFS) int { return a.number - b.number })
	return out, nil
}

// beginsAs tells whether the log in a is the beginning of the one in b: its last
// checkpoint stands there.
func beginsAs(a, b fs.FS) bool {
	cp, err := ledger.LastCheckpoint(a)
	return err == nil && ledger.Further(b, a) && holdsNote(b, &previousPart{Size: cp.Size, Root: hex.EncodeToString(cp.Root[:]), Note: string(cp.Note)})
}

// chainPart checks that a part names the one before with its final root. A part
// that was left by a fault and got its end afterwards is named by the checkpoint
// that was its last then.
func (r *Report) chainPart(p PartReport, i int, parts []partDirFS) {
	if i == 0 {
		// A caller who points at one part need not have the others.
		if p.previous != nil && !r.single {
			r.absent(p.Part, p.previous.Part)
		}
		return
	}
	var fault string
	switch before := r.Parts[i-1]; {
	case p.Hearing != before.Hearing && p.Hearing != "" && before.Hearing != "":
		fault = "of another hearing than the part before"
	case p.previous != nil && p.previous.Part > before.Part && p.previous.Part < p.Part:
		r.absent(p.Part, p.previous.Part)
		return
	case p.previous == nil || p.previous.Part != before.Part:
		fault = "does not name the part before"
	case p.previous.Size != 0 && p.previous.Root != before.Root && !holdsNote(parts[i-1].fsys, p.previous):
		fault = "names another root of the part before"
	default:
		return
	}
	r.add(Damage{Part: p.Part, Damage: ledger.Damage{Code: DamagePart, File: ledger.LogName, Line: 0, LineTo: 0, Offset: 0, Detail: fault}})
}

// declared names the parts that are lost and that nothing else named: the last ones.
func (r *Report) declared() {
	last := r.Parts[len(r.Parts)-1].Part
	for _, n := range slices.Sorted(maps.Keys(r.lost)) {
		here := slices.ContainsFunc(r.Parts, func(p PartReport) bool { return p.Part == n })
		if r.lost[n] && !here && !r.single {
			r.absent(last, n)
		}
	}
}

// successor wants the part behind one that ended because the recording goes on there.
func (r *Report) successor() {
	if last := r.Parts[len(r.Parts)-1]; last.moved && !r.single && !r.Running {
		r.absent(last.Part, last.Part+1)
	}
}

// absent says that a part names another which was not given.
func (r *Report) absent(by, missing int) {
	code := DamagePartMissing
	if _, declared := r.lost[missing]; declared {
		code, r.lost[missing] = DamagePartLost, false
	}
	r.add(Damage{Part: by, Damage: ledger.Damage{
		Code: code, File: ledger.LogName, Line: -1, LineTo: -1, Offset: -1, Detail: PartDir(missing),
	}})
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

// lostParts are the numbers of the parts of which an entry says that they are lost.
func lostParts(dirs []fs.FS) map[int]bool {
	out := map[int]bool{}
	for _, dir := range dirs {
		list, err := fs.ReadDir(dir, ".")
		if err != nil {
			continue // joinParts says so
		}
		for _, e := range list {
			if n, ok := PartNumber(e.Name(), LostExt); ok && !e.IsDir() {
				out[n] = true
			}
		}
	}
	return out
}
