package signaling

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/permit"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// seenAccess collects what the access log is told.
type seenAccess struct {
	mu   sync.Mutex
	list []string
}

func (a *seenAccess) Note(_ court.UnitID, _, person, what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, person+" "+what)
}

func (a *seenAccess) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.list...)
}

// offerFile uploads a document from a person's seat; code is that of a refusal.
func (w *world) offerFile(cookie, name, pages string, body []byte) (status int, code string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.http.URL+"/api/exhibits", bytes.NewReader(body))
	require.NoError(w.t, err)
	r.Header.Set("Cookie", "s="+cookie)
	r.Header.Set("Exhibit-Name", url.PathEscape(name))
	r.Header.Set("Exhibit-Pages", pages)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	_, code, _ = strings.Cut(string(text), `"code":"`)
	code, _, _ = strings.Cut(code, `"`)
	return resp.StatusCode, code
}

func (w *world) readFile(cookie string, no int) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.http.URL+"/api/exhibits/"+strconv.Itoa(no), nil)
	require.NoError(w.t, err)
	r.Header.Set("Cookie", "s="+cookie)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	return resp, string(text)
}

func cmdShow(no, page int32) *wire.Command {
	return &wire.Command{Act: &wire.Command_ShowExhibit{ShowExhibit: &wire.ShowExhibit{Exhibit: no, Page: page}}}
}

func cmdAdmitExhibit(no int32) *wire.Command {
	return &wire.Command{Act: &wire.Command_AdmitExhibit{AdmitExhibit: &wire.AdmitExhibit{Exhibit: no}}}
}

// sitting is an open hearing with a judge, a party and an accused in the courtroom.
func sitting(t *testing.T, ev *fakeEvidence, change ...func(*RoomsParams)) (*world, *seenAccess, map[string]*client) {
	w := newWorld(t, func(p *RoomsParams) {
		p.Recorder = ev
		for _, f := range change {
			f(p)
		}
	})
	seats, log := map[string]*client{}, &seenAccess{}
	w.srv.p.Access = log
	for _, p := range []string{judge, party, accused} {
		seats[p] = w.enter(p)
		seats[p].must(cmdCheckIn)
	}
	seats[judge].must(cmdAdmit(party))
	seats[judge].must(&wire.Command{Act: &wire.Command_Open{Open: &wire.Open{OverrideReason: "thử"}}})
	return w, log, seats
}

// J2.6 over the wire: the file comes by HTTP, the server finds out what it is, the court
// decides, all in the room get the page and the file, and the evidence gets the file.
func TestADocumentGoesFromSeatToSeat(t *testing.T) {
	ev := &fakeEvidence{}
	w, log, seats := sitting(t, ev)
	body := []byte("%PDF-1.7 hợp đồng mua bán")
	sum := sha256.Sum256(body)

	status, code := w.offerFile(accused, "Giấy", "1", body) // waits outside
	require.Equal(t, 409, status)
	require.Equal(t, "not_admitted", code)
	status, code = w.offerFile("", "Giấy", "1", body)
	require.Equal(t, 404, status, code) // a sign-in that sits nowhere
	for what, c := range map[string]struct {
		pages string
		body  []byte
		code  string
	}{
		"a page in disguise":      {"1", []byte("<svg onload=alert(1)>"), "exhibit_type"},
		"a page behind a picture": {"1", []byte("<!doctype html>\x89PNG\r\n\x1a\n"), "exhibit_type"},
		"a picture of four pages": {"4", []byte("\x89PNG\r\n\x1a\n"), "exhibit_pages"},
		"no pages":                {"0", body, "exhibit_pages"},
		"too many":                {"201", body, "exhibit_pages"},
		"too large":               {"1", append(body, make([]byte, hearing.MaxExhibitBytes)...), "exhibit_size"},
		"not a number":            {"x", body, "bad_message"},
	} {
		status, code := w.offerFile(party, "Hợp đồng", c.pages, c.body)
		require.Contains(t, []int{400, 409}, status, what)
		require.Equal(t, c.code, code, what)
		w.srv.offers = newThrottle() // which the next test is about
	}
	status, code = w.offerFile(party, "", "1", body)
	require.Equal(t, 409, status)
	require.Equal(t, "exhibit_name", code)
	status, code = w.offerFile(party, "Hợp đồng mua bán số 12", "4", body)
	require.Equal(t, 201, status, code)

	v := seats[judge].view("an offer", func(v *wire.View) bool { return len(v.Exhibits) == 1 })
	x := v.Exhibits[0]
	require.Equal(t, []any{"Hợp đồng mua bán số 12", "application/pdf", int64(len(body)), int32(4), hex.EncodeToString(sum[:]), "offered"},
		[]any{x.Name, x.Type, x.Bytes, x.Pages, x.Sha256, x.Status})
	require.Contains(t, v.Acts, "admit_exhibit")
	resp, text := w.readFile(judge, 1)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, string(body), text)
	require.Equal(t, "application/pdf", resp.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	require.Equal(t, `attachment; filename="tai-lieu-1.pdf"`, resp.Header.Get("Content-Disposition"))
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))

	seats[judge].must(cmdAdmitExhibit(1))
	seats[judge].must(cmdFloor(party))
	seats[party].must(cmdShow(1, 2))
	seats[judge].view("page 2", func(v *wire.View) bool { return v.Showing.GetPage() == 2 })
	seats[judge].must(cmdShow(1, 3))
	seats[party].view("page 3", func(v *wire.View) bool { return v.Showing.GetPage() == 3 })
	resp, _ = w.readFile(accused, 1) // waits outside still: as if there were none
	require.Equal(t, 404, resp.StatusCode)
	for no, want := range map[int]int{0: 404, -1: 404, 2: 404, 1: 200} {
		resp, _ := w.readFile(party, no)
		require.Equal(t, want, resp.StatusCode, no)
	}
	require.Contains(t, log.all(), judge+" read.exhibit")
	require.Contains(t, log.all(), accused+" denied.exhibit")

	seats[judge].must(&wire.Command{Act: &wire.Command_Close{Close: &wire.Close{}}})
	require.Eventually(t, ev.over, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, map[int]string{1: string(body)}, ev.documents())
}

// A sign-in whose seat another has taken over reads and offers nothing any more.
func TestOnlyWhoSitsReadsDocuments(t *testing.T) {
	w, _, _ := sitting(t, &fakeEvidence{})
	status, code := w.offerFile(party+"@other", "Hợp đồng", "1", []byte("%PDF-1"))
	require.Equal(t, 404, status, code)
	status, code = w.offerFile(party, "Hợp đồng", "1", []byte("%PDF-1"))
	require.Equal(t, 201, status, code)
	resp, _ := w.readFile(judge+"@other", 1)
	require.Equal(t, 404, resp.StatusCode)
	for i := 2; ; i++ {
		status, code = w.offerFile(party, "Hợp đồng", "1", []byte("%PDF-"+strconv.Itoa(i)))
		if status != 201 {
			break
		}
	}
	require.Equal(t, "too_many_exhibits", code)
}

// What could not be copied is copied once the disk takes it.
func TestADocumentIsCopiedAgain(t *testing.T) {
	ev := &fakeEvidence{}
	w, _, seats := sitting(t, ev)
	status, code := w.offerFile(party, "Ảnh", "1", picture(t, 1, 1))
	require.Equal(t, 201, status, code)
	ev.breakDisk(true)
	seats[judge].must(cmdAdmitExhibit(1))
	ev.breakDisk(false)
	require.Eventually(t, func() bool { return len(ev.documents()) == 1 }, 10*time.Second, 5*time.Millisecond)
}

// An operator is told of evidence that ended without a document.
func TestAMissingDocumentIsAnAlarm(t *testing.T) {
	ev, f := &fakeEvidence{}, &fakeOffice{}
	w, _, seats := sitting(t, ev, func(p *RoomsParams) { p.Alarms = f })
	status, code := w.offerFile(party, "Ảnh", "1", picture(t, 1, 1))
	require.Equal(t, 201, status, code)
	ev.breakDisk(true)
	seats[judge].must(cmdAdmitExhibit(1))
	seats[judge].must(&wire.Command{Act: &wire.Command_Close{Close: &wire.Close{}}})
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return slices.ContainsFunc(f.alarms, func(a store.Alarm) bool { return a.Kind == alarmRecorder && a.Detail == troubleExhibit })
	}, 10*time.Second, 5*time.Millisecond)
}

// picture is a PNG whose header says a size; nobody has drawn it.
func picture(t *testing.T, width, height uint32) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))))
	p := b.Bytes()
	binary.BigEndian.PutUint32(p[16:], width)
	binary.BigEndian.PutUint32(p[20:], height)
	binary.BigEndian.PutUint32(p[29:], crc32.ChecksumIEEE(p[12:29]))
	return p
}

// A file of a few bytes may say that it is a picture of a thousand million pixels, for
// which the browser of each person in the room would make room.
func TestNoPictureIsTooLargeToDraw(t *testing.T) {
	w, _, _ := sitting(t, &fakeEvidence{})
	for _, body := range [][]byte{picture(t, 30_000, 30_000), picture(t, 1, 80_000_001), picture(t, 0, 1), []byte("\x89PNG\r\n\x1a\n"), []byte("\xff\xd8\xff")} {
		status, code := w.offerFile(party, "Ảnh", "1", body)
		require.Equal(t, 409, status)
		require.Equal(t, "exhibit_pixels", code)
	}
	status, code := w.offerFile(party, "Ảnh", "1", picture(t, 10_000, 8_000))
	require.Equal(t, 201, status, code)
}

// One seat has one document under way to the court and two to its screens; what another
// seat does is not touched by it.
func TestASeatHasFewDocumentsUnderWay(t *testing.T) {
	on := transfers{on: map[transfer]int{}}
	a, b := store.Session{Hearing: "h", Device: "a"}, store.Session{Hearing: "h", Device: "b"}
	up := on.begin(a, http.MethodPost)
	require.NotNil(t, up)
	require.Nil(t, on.begin(a, http.MethodPost))
	shown, looked := on.begin(a, http.MethodGet), on.begin(a, http.MethodGet)
	require.NotNil(t, shown)
	require.NotNil(t, looked)
	require.Nil(t, on.begin(a, http.MethodGet))
	require.NotNil(t, on.begin(b, http.MethodGet))
	up()
	require.NotNil(t, on.begin(a, http.MethodPost))
	shown()
	require.NotNil(t, on.begin(a, http.MethodGet))
	require.Nil(t, on.begin(a, http.MethodGet))
}

// slowReader takes what it is given and goes no further until it is told to.
type slowReader struct {
	http.ResponseWriter
	wrote chan struct{}
	more  chan struct{}
	got   int
}

func (s *slowReader) Write(b []byte) (int, error) {
	if s.got == 0 {
		close(s.wrote)
		<-s.more
	}
	s.got += len(b)
	return len(b), nil
}

// What the court has taken from a seat does not go on going out to it.
func TestADocumentEndsWithTheLeaveToReadIt(t *testing.T) {
	w, _, seats := sitting(t, &fakeEvidence{})
	body := append([]byte("%PDF-1.7 "), make([]byte, 8<<20)...)
	status, code := w.offerFile(party, "Hợp đồng", "1", body)
	require.Equal(t, 201, status, code)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/exhibits/1", nil)
	r.SetPathValue("no", "1")
	r.Header.Set("Cookie", "s="+party)
	out := &slowReader{ResponseWriter: httptest.NewRecorder(), wrote: make(chan struct{}), more: make(chan struct{})}
	done := make(chan struct{})
	go func() { defer close(done); w.srv.readExhibit(out, r) }()
	<-out.wrote
	begun := time.Now()
	seats[judge].must(&wire.Command{Act: &wire.Command_Remove{Remove: &wire.Remove{Person: party, Reason: "gây rối"}}})
	require.Eventually(t, func() bool { return time.Since(begun) > permit.Every }, 10*time.Second, 5*time.Millisecond)
	close(out.more)
	<-done
	require.Less(t, out.got, len(body))
}

func TestWhatAFileIs(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "%PDF": "", "%PDF-1.4": "application/pdf", "\xff\xd8\xff\xe0": "image/jpeg", "\xff\xd8": "",
		"\x89PNG\r\n\x1a\n": "image/png", "GIF89a": "", "<html>": "", "x%PDF-1": "",
	} {
		require.Equal(t, want, mediaTypeOf([]byte(text)), text)
	}
}
