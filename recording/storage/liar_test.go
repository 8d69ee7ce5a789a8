package storage

import (
	"fmt"
	"net/http"
	"time"
)

// liar is a server that says all the right words about locks, and deletes.
type liar struct {
	mode   string // what it does wrong
	object []byte
	until  string
	puts   int
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	refuse := func(status int, code string) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
	switch {
	case q.Has("location"):
		fmt.Fprint(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`)
	case q.Has("versions"):
		fmt.Fprint(w, `<ListVersionsResult><Name>evidence</Name>`)
		if l.object != nil {
			fmt.Fprintf(w, `<Version><Key>x</Key><VersionId>v%d</VersionId><Size>%d</Size></Version>`, l.puts, len(l.object))
		}
		fmt.Fprint(w, `</ListVersionsResult>`)
	case q.Has("retention") && r.Method == http.MethodPut:
		if l.mode == "shortens" {
			return
		}
		refuse(http.StatusForbidden, "AccessDenied")
	case q.Has("retention") && l.mode == "forgets the lock":
		refuse(http.StatusNotFound, "NoSuchObjectLockConfiguration")
	case q.Has("retention"):
		fmt.Fprintf(w, `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>%s</RetainUntilDate></Retention>`, l.until)
	case r.Method == http.MethodPut:
		l.object, l.until = readBody(r), r.Header.Get("X-Amz-Object-Lock-Retain-Until-Date")
		l.puts++
		if l.mode == "locks for less" {
			until, _ := time.Parse(time.RFC3339, l.until) // of minio-go
			l.until = until.Add(-time.Minute).Format(time.RFC3339)
		}
		if l.mode != "no versions" {
			w.Header().Set("X-Amz-Version-Id", fmt.Sprint("v", l.puts))
		}
		w.Header().Set("ETag", `"00000000000000000000000000000000"`)
	case r.Method == http.MethodDelete && l.mode == "deletes":
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		if l.mode == "deletes and denies" {
			l.object = nil
		}
		refuse(http.StatusForbidden, "AccessDenied")
	case l.object == nil:
		refuse(http.StatusNotFound, "NoSuchVersion")
	default:
		w.Header().Set("X-Amz-Version-Id", fmt.Sprint("v", l.puts))
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Header().Set("ETag", `"00000000000000000000000000000000"`)
		body := l.object
		if l.mode == "changes" {
			body = make([]byte, len(body))
		}
		_, _ = w.Write(body)
	}
}
