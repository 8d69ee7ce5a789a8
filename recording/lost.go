//go:build !verifier

package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Lost is what such an entry holds, as JSON.
type Lost struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`     // the operator's name at the terminal; may be empty
	Reason string    `json:"reason"` // 1 to 500 characters
}

// DeclareLost writes the entry into a hearing's directory, durably and once, and
// returns its path. It refuses a part that no entry names as standing on the other
// disk, or that stands here.
func DeclareLost(root string, number int, l Lost) (path string, err error) {
	l.Reason = strings.TrimSpace(l.Reason)
	if n := utf8.RuneCountInString(l.Reason); n < 1 || n > 500 {
		return "", errors.New("recording: a reason of 1 to 500 characters is wanted")
	}
	all, err := places(root)
	if err != nil {
		return "", err
	}
	if !slices.Contains(all.away, number) {
		return "", fmt.Errorf("recording: %s is not away: it stands here, is noted as lost already, or nothing names it", PartDir(number))
	}
	text, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("recording: %w", err)
	}
	path = filepath.Join(root, PartDir(number)+LostExt)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return "", fmt.Errorf("recording: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(root)); err != nil {
		return "", fmt.Errorf("recording: %w", err)
	}
	return path, nil
}

// ReadLost reads an entry; one that cannot be read says nothing but that it is there.
func ReadLost(path string) (l Lost) {
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &l) != nil {
		return Lost{}
	}
	return l
}

// String says who gave the part up, when and why.
func (l Lost) String() string {
	return fmt.Sprintf("declared lost by %q at %s: %s", l.By, l.At.UTC().Format(time.RFC3339), l.Reason)
}
