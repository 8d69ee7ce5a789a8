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

// LostExt is the end of the name of an entry which says that the part of that number
// is lost for good: an operator said so, because its disk will not come back. The
// hearing goes on without it, and every report names it.
const LostExt = ".lost"

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

// PartDir is the name of a part's directory, and how the names of everything beside
// it begin. Numbers run from 1.
func PartDir(number int) string { return fmt.Sprintf("part-%04d", number) }

// MirrorDir is the name of the second copy of a part, in the other directory of the
// evidence (--evidence-mirror). It never counts: it is behind the part or equal to it.
func MirrorDir(number int) string { return fmt.Sprintf("mirror-%04d", number) }

// IsMirror tells of a name whether it is one of MirrorDir.
func IsMirror(name string) bool {
	number, ok := strings.CutPrefix(name, "mirror-")
	_, isPart := PartNumber("part-"+number, "")
	return ok && isPart
}

// PartNumber reads such a name, which ext follows; false: it is none.
func PartNumber(name, ext string) (number int, ok bool) {
	text, ok := strings.CutSuffix(name, ext)
	if !ok {
		return 0, false
	}
	text, ok = strings.CutPrefix(text, "part-")
	number, err := strconv.Atoi(text)
	return number, ok && err == nil && number > 0 && text == fmt.Sprintf("%04d", number)
}

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

// exhibitDir is the directory of the documents that the court admitted.
const exhibitDir = "exhibits"

// maxExhibit is the highest number of a document of a hearing.
const maxExhibit = 9999

// exhibitExt is how the file of a document of the media type ends; empty: none is.
func exhibitExt(mediaType string) string {
	switch mediaType {
	case "application/pdf":
		return "pdf"
	case "image/png":
		return "png"
	case "image/jpeg":
		return "jpg"
	}
	return ""
}

// exhibitName is "exhibits/003-ab12cd34.pdf", and of later attempts, from 2,
// "exhibits/003-ab12cd34-2.pdf".
func exhibitName(no int, sha256 string, attempt int, ext string) string {
	name := fmt.Sprintf("%s/%03d-%s", exhibitDir, no, sha256[:8])
	if attempt > 1 {
		name += fmt.Sprintf("-%d", attempt)
	}
	return name + "." + ext
}

// parseExhibitName reads the number of such a name; false: it is none.
func parseExhibitName(name string) (no int, ok bool) {
	base, ext, ok := strings.Cut(strings.TrimPrefix(name, exhibitDir+"/"), ".")
	fields := strings.Split(base, "-")
	if !ok || len(fields) < 2 || len(fields) > 3 || len(fields[1]) != 8 || len(fields[0]) > 4 {
		return 0, false
	}
	no, err := strconv.Atoi(fields[0])
	attempt, attemptErr := 1, error(nil)
	if len(fields) == 3 {
		attempt, attemptErr = strconv.Atoi(fields[2])
	}
	known := ext == "pdf" || ext == "png" || ext == "jpg"
	if err != nil || attemptErr != nil || !known || no < 1 || exhibitName(no, fields[1], attempt, ext) != name {
		return 0, false
	}
	return no, true
}
