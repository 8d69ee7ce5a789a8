package verifycli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"phientoa/recording/archive"
)

// together are verdicts that stand beside each other: a supplement and the parts that it
// was compared with, or a hearing's directory and the supplements in it.
type together struct {
	// Evidence is of the directory; nil: a file was given.
	Evidence    verdict        `json:"evidence,omitempty"`
	Supplements []supplementOf `json:"supplements"`
	Parts       []namedPart    `json:"parts,omitempty"`
}

type supplementOf struct {
	File string `json:"file"`
	archive.SupplementReport
}

type namedPart struct {
	File string `json:"file"`
	archive.Report
}

// ExitCode is the gravest: damage, unreadable, unknown, whole.
func (t together) ExitCode() int {
	var codes []int
	if t.Evidence != nil {
		codes = append(codes, t.Evidence.ExitCode())
	}
	for _, s := range t.Supplements {
		codes = append(codes, s.ExitCode())
	}
	for _, p := range t.Parts {
		codes = append(codes, p.ExitCode())
	}
	for _, code := range []int{1, 2, 3} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return 0
}

// Text prints one report after the other.
func (t together) Text(lang string) string {
	var b strings.Builder
	if t.Evidence != nil {
		b.WriteString(t.Evidence.Text(lang))
	}
	for _, s := range t.Supplements {
		fmt.Fprintf(&b, "\n== %s ==\n%s", s.File, s.SupplementReport.Text(lang))
	}
	for _, p := range t.Parts {
		fmt.Fprintf(&b, "\n== %s ==\n%s", p.File, p.Report.Text(lang))
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// supplement checks the file of a supplement, with the parts that were given: each is
// checked itself as well.
func (c *Cmd) supplement(ctx context.Context, o archive.Options) together {
	t := together{Supplements: supplementsOf(ctx, c.Path, c.Part, o)}
	for _, path := range c.Part {
		t.Parts = append(t.Parts, namedPart{filepath.Base(path), archive.VerifyFile(ctx, path, o)})
	}
	return t
}

// withSupplements adds what supplements lie in the directories of a hearing.
func withSupplements(ctx context.Context, evidence verdict, dirs []string, o archive.Options) (verdict, error) {
	var files, parts []string
	for _, dir := range dirs {
		for list, pattern := range map[*[]string]string{&files: "supplement-*", &parts: "part-*"} {
			found, err := filepath.Glob(filepath.Join(dir, pattern+archive.Ext))
			if err != nil {
				return nil, err
			}
			*list = append(*list, found...)
		}
	}
	if len(files) == 0 {
		return evidence, nil
	}
	t := together{Evidence: evidence}
	for _, path := range files {
		// A part that came later is no fault of an earlier supplement.
		t.Supplements = append(t.Supplements, supplementsOf(ctx, []string{path}, cited(path, parts), o)...)
	}
	return t, nil
}

// cited are those of the parts whose numbers a supplement cites.
func cited(path string, parts []string) (out []string) {
	b, err := archive.ReadSupplement(path)
	if err != nil {
		return nil // which its verification tells
	}
	for _, part := range parts {
		if slices.ContainsFunc(b.About.Cites, func(c archive.Cited) bool {
			return filepath.Base(part) == fmt.Sprintf("part-%04d%s", c.Part, archive.Ext)
		}) {
			out = append(out, part)
		}
	}
	return out
}

func supplementsOf(ctx context.Context, files, parts []string, o archive.Options) (out []supplementOf) {
	for _, path := range files {
		r := archive.VerifySupplementFile(ctx, path, archive.SupplementOptions{Options: o, Parts: parts})
		out = append(out, supplementOf{filepath.Base(path), r})
	}
	return out
}
