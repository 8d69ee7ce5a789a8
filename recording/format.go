package recording

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"phientoa/internal/ledger"
)

// mediaDir is the directory of the track files in that of a part.
const mediaDir = "media"

// ElsewhereExt is the end of the name of an empty file which says, in the one
// directory of a hearing, that the part of that number stands in the other.
const ElsewhereExt = ".elsewhere"

// maxRuns and maxLoose bound the runs of one gap line, and the packets of one
// line of loose ones, 128 KiB in all.
const (
	maxRuns  = 64
	maxLoose = 64
)

// Origin names the log of a part in its checkpoints. Each part is a tree of its
// own, so each has an origin of its own.
func Origin(node, hearing string, part int) string {
	return fmt.Sprintf("phientoa/%s/hearing/%s/part/%04d", node, hearing, part)
}

func partDir(n int) string { return fmt.Sprintf("part-%04d", n) }

// parseMediaName reads "t001-2.webm".
func parseMediaName(base string) (track string, number int, ok bool) {
	track, rest, _ := strings.Cut(base, "-")
	num, ok := strings.CutSuffix(rest, ".webm")
	number, err := strconv.Atoi(num)
	if !ok || err != nil || number < 1 || len(track) < 2 || track[0] != 't' || mediaName(track, number) != mediaDir+"/"+base {
		return "", 0, false
	}
	return track, number, true
}

func mediaName(track string, number int) string {
	return fmt.Sprintf("%s/%s-%d.webm", mediaDir, track, number)
}

func begunFS(fsys fs.FS) bool {
	_, err := ledger.LastCheckpoint(fsys)
	return err == nil
}
