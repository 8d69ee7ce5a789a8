package asic

import (
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// FS shows the entries that keep accepts as a directory. Files can be read at
// an offset: stored entries stand in one piece.
func (c *Container) FS(keep func(name string) bool) fs.FS {
	v := &view{c: c}
	for _, e := range c.entries {
		if keep(e.Name) {
			v.names = append(v.names, e.Name)
		}
	}
	slices.Sort(v.names)
	return v
}

type view struct {
	c     *Container
	names []string // sorted
}

// Open implements fs.FS.
func (v *view) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if _, ok := slices.BinarySearch(v.names, name); ok {
		e, _ := v.c.Entry(name)
		return &openFile{v.c.Reader(e), info{name, e.Size, false}}, nil
	}
	list := v.list(name)
	if len(list) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openDir{info: info{name, 0, true}, rest: list}, nil
}

// list returns what stands directly in a directory, sorted.
func (v *view) list(dir string) (out []fs.DirEntry) {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	last := ""
	for _, name := range v.names {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		base, _, deeper := strings.Cut(rest, "/")
		if base == last {
			continue
		}
		last = base
		i := info{base, 0, deeper}
		if !deeper {
			e, _ := v.c.Entry(name)
			i.size = e.Size
		}
		out = append(out, fs.FileInfoToDirEntry(i))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string       { return i.name[strings.LastIndexByte(i.name, '/')+1:] }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} } // the profile has none
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type openFile struct {
	*io.SectionReader
	info info
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info info
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out, nil
}
