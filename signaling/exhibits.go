package signaling

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/permit"
	"phientoa/internal/store"
)

const (
	// filesInMemory bounds the documents that a node holds in memory, of all hearings, in
	// bytes; fileWait is how long one waits for its place.
	filesInMemory = 160 << 20
	fileWait      = 10 * time.Second
	// fileTime is how long a document may take on a thin line, either way.
	fileTime = 3 * time.Minute
	// maxPixels bounds a picture, which takes four bytes a pixel in the browser of each
	// person who looks at it: an A3 page at 600 dpi has 70 million.
	maxPixels = 80_000_000
	// Headers of an offer. The name is percent-encoded UTF-8; pages are those that the
	// person's own machine counts. A name in the address would stand in logs.
	nameHeader  = "Exhibit-Name"
	pagesHeader = "Exhibit-Pages"
)

// mediaTypeOf tells what a file is by its first bytes, whatever it is called; empty:
// nothing that is taken. The server never looks further into it.
func mediaTypeOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return "application/pdf"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	}
	return ""
}

// drawable tells whether a picture says a size that weak machines can draw. What a PDF
// holds is bounded where it is drawn.
func drawable(mediaType string, body []byte) bool {
	var c image.Config
	var err error
	switch mediaType { // by name: image's registry has whatever anybody imports
	case "image/png":
		c, err = png.DecodeConfig(bytes.NewReader(body))
	case "image/jpeg":
		c, err = jpeg.DecodeConfig(bytes.NewReader(body))
	default:
		return true
	}
	return err == nil && c.Width > 0 && c.Height > 0 && int64(c.Width)*int64(c.Height) <= maxPixels
}

// transfers bounds the documents that a seat has under way: one to the court, two to
// its screens (what is shown, and what is looked into). More slow ones of one seat would
// take the memory of the node from everybody else.
type transfers struct {
	mu sync.Mutex
	on map[transfer]int
}

type transfer struct {
	seat throttledSeat
	way  string // method of the request
}

// begin gives the end of a transfer, which has to be called, or nil: enough are under way.
func (t *transfers) begin(who store.Session, way string) (end func()) {
	k, most := transfer{throttledSeat{who.Hearing, who.Device}, way}, 1
	if way == http.MethodGet {
		most = 2
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on[k] >= most {
		return nil
	}
	t.on[k]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.on[k]--; t.on[k] == 0 {
			delete(t.on, k)
		}
	}
}

// offerExhibit takes a file from a seat, keeps it under its digest, and asks the
// hearing for leave to show it.
func (s *Server) offerExhibit(w http.ResponseWriter, r *http.Request) {
	room, who, ok := s.seatOf(w, r)
	if !ok {
		return
	}
	name, err := url.PathUnescape(r.Header.Get(nameHeader))
	pages, pagesErr := strconv.Atoi(r.Header.Get(pagesHeader))
	if err != nil || pagesErr != nil {
		problem(w, http.StatusBadRequest, refuseBadMessage())
		return
	}
	// What the rules refuse whatever the file is, before any of it is read.
	empty := sha256.Sum256(nil)
	offer := hearing.OfferExhibit{Name: name, Type: "application/pdf", Bytes: max(r.ContentLength, 1), Pages: pages, SHA256: hex.EncodeToString(empty[:])}
	if ref := room.mayOffer(r.Context(), who, offer); ref != nil {
		s.refuseExhibit(w, who, ref)
		return
	}
	if !s.offers.allow(who, s.p.Now()) {
		problem(w, http.StatusTooManyRequests, refuseTooFast())
		return
	}
	size := int64(hearing.MaxExhibitBytes)
	if r.ContentLength >= 0 {
		size = min(r.ContentLength, size)
	}
	release, ok := s.take(w, r, who, size)
	if !ok {
		return
	}
	defer release()
	body, err := io.ReadAll(io.LimitReader(r.Body, hearing.MaxExhibitBytes+1))
	if err != nil {
		problem(w, http.StatusBadRequest, refuseBadMessage())
		return
	}
	sum := sha256.Sum256(body)
	offer.Type, offer.Bytes, offer.SHA256 = mediaTypeOf(body), int64(len(body)), hex.EncodeToString(sum[:])
	if ref := room.mayOffer(r.Context(), who, offer); ref != nil {
		s.refuseExhibit(w, who, ref)
		return
	}
	if !drawable(offer.Type, body) {
		problem(w, http.StatusConflict, refusePixels())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 4*s.limits.AppendTimeout)
	defer cancel()
	if _, err := s.p.Rooms.p.Store.PutDocument(ctx, court.SystemScope(), who.Hearing, body); err != nil {
		s.p.Logger.Warn("document not kept", "hearing", who.Hearing, "err", err)
		problem(w, http.StatusServiceUnavailable, refuseDatabaseAway())
		return
	}
	if ref := room.offer(r.Context(), who, offer); ref != nil {
		s.refuseExhibit(w, who, ref)
		return
	}
	s.p.Logger.Info("document offered", "hearing", who.Hearing, "person", who.Person, "bytes", offer.Bytes)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"sha256":"`+offer.SHA256+`","type":"`+offer.Type+`","bytes":`+strconv.FormatInt(offer.Bytes, 10)+"}\n")
}

// refuseExhibit answers with what the rules say: what mends itself is no conflict.
func (s *Server) refuseExhibit(w http.ResponseWriter, who store.Session, ref *hearing.Refusal) {
	switch {
	case retryable(ref.Code):
		problem(w, http.StatusServiceUnavailable, ref)
	case ref.Code == refuseNotFound().Code:
		s.p.Access.Note(who.Unit, who.Hearing, who.Person, deniedExhibit)
		problem(w, http.StatusNotFound, ref)
	default:
		problem(w, http.StatusConflict, ref)
	}
}

// readExhibit gives a document to a seat whose view has it. What the person may know
// is asked anew each time; a document outside of the view looks like none.
func (s *Server) readExhibit(w http.ResponseWriter, r *http.Request) {
	room, who, ok := s.seatOf(w, r)
	if !ok {
		return
	}
	no, err := strconv.Atoi(r.PathValue("no"))
	if err != nil {
		s.refuseExhibit(w, who, refuseNotFound())
		return
	}
	x, ref := room.exhibitFor(r.Context(), who, no)
	if ref != nil {
		s.refuseExhibit(w, who, ref)
		return
	}
	release, ok := s.take(w, r, who, x.Bytes)
	if !ok {
		return
	}
	defer release()
	ctx, cancel := context.WithTimeout(r.Context(), 4*s.limits.AppendTimeout)
	defer cancel()
	body, err := document(ctx, s.p.Rooms.p.Store, who.Hearing, x.SHA256)
	if err != nil {
		s.p.Logger.Warn("document not read", "hearing", who.Hearing, "exhibit", no, "err", err)
		problem(w, http.StatusServiceUnavailable, refuseDatabaseAway())
		return
	}
	s.p.Access.Note(who.Unit, who.Hearing, who.Person, readExhibit)
	h := w.Header()
	h.Set("Content-Type", x.Type)
	// Opened by itself the file runs nothing and reaches nothing; our page draws it.
	h.Set("Content-Disposition", `attachment; filename="tai-lieu-`+strconv.Itoa(no)+extensionOf(x.Type)+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	// What the seat may not see any more does not go on going out on a thin line.
	still := func(ctx context.Context) bool {
		_, ref := room.exhibitFor(ctx, who, no)
		return ref == nil
	}
	out := permit.Reader(r.Context(), bytes.NewReader(body), still)
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{out}, make([]byte, 32<<10)); err != nil {
		s.p.Logger.Info("document not given out whole", "hearing", who.Hearing, "exhibit", no, "err", err)
	}
}

func extensionOf(mediaType string) string {
	switch mediaType {
	case "application/pdf":
		return ".pdf"
	case "image/png":
		return ".png"
	default:
		return ".jpg"
	}
}

// seatOf finds the hearing of a request's seat; otherwise it has answered.
func (s *Server) seatOf(w http.ResponseWriter, r *http.Request) (*Room, store.Session, bool) {
	who, err := s.p.Auth.Session(r)
	if err != nil {
		s.notSignedIn(w, err)
		return nil, who, false
	}
	room := s.p.Rooms.at(who.Hearing)
	if room == nil { // nobody sits in a hearing that is not open here
		s.refuseExhibit(w, who, refuseNotFound())
		return nil, who, false
	}
	return room, who, true
}

// take waits for a place in memory for so many bytes, and gives a thin line its time.
// release has to be called once the file is out of memory; otherwise it has answered.
func (s *Server) take(w http.ResponseWriter, r *http.Request, who store.Session, size int64) (release func(), ok bool) {
	end := s.transfers.begin(who, r.Method)
	if end == nil {
		problem(w, http.StatusServiceUnavailable, refuseBusy())
		return nil, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), fileWait)
	defer cancel()
	if s.files.Acquire(ctx, size) != nil {
		end()
		problem(w, http.StatusServiceUnavailable, refuseBusy())
		return nil, false
	}
	until := time.Now().Add(fileTime)
	c := http.NewResponseController(w)
	if err := errors.Join(c.SetReadDeadline(until), c.SetWriteDeadline(until)); err != nil {
		s.p.Logger.Debug("no deadline for a document", "err", err)
	}
	return func() { s.files.Release(size); end() }, true
}

// holds tells whether the sign-in is the one that sits at its device now. On the actor.
func (r *Room) holds(who store.Session) bool {
	pl := r.seats[hearing.DeviceID(who.Device)]
	return pl != nil && pl.owner == who.TokenHash && pl.seat.person == hearing.PersonID(who.Person)
}

// ask runs f on the actor and waits for it; otherwise it says why it did not.
func (r *Room) ask(ctx context.Context, f func()) *hearing.Refusal {
	done := make(chan struct{})
	if err := r.post(ctx, func() { f(); close(done) }); err != nil {
		return refuseStopping()
	}
	select {
	case <-done:
		return nil
	case <-r.done:
	case <-ctx.Done():
	}
	return refuseStopping()
}

func actorOf(who store.Session) hearing.Actor {
	return hearing.Actor{Person: hearing.PersonID(who.Person), Device: hearing.DeviceID(who.Device)}
}

// mayOffer asks the rules without doing anything.
func (r *Room) mayOffer(ctx context.Context, who store.Session, c hearing.OfferExhibit) (ref *hearing.Refusal) {
	var answer *hearing.Refusal
	if ref := r.ask(ctx, func() {
		switch {
		case !r.holds(who):
			answer = refuseNotFound()
		case r.away:
			answer = refuseDatabaseAway()
		default:
			_, answer = hearing.Decide(r.tip, c, actorOf(who), r.p.now())
		}
	}); ref != nil {
		return ref
	}
	return answer
}

// offer gives the command of a seat and waits until it is durable or refused.
func (r *Room) offer(ctx context.Context, who store.Session, c hearing.OfferExhibit) *hearing.Refusal {
	answer := make(chan *hearing.Refusal, 1)
	r.submit(&order{cmd: c, actor: actorOf(who), reply: func(a reply) { answer <- a.refusal }})
	select {
	case ref := <-answer:
		return ref
	case <-r.done:
	case <-ctx.Done():
	}
	return refuseStopping()
}

// exhibitFor is the document of the number if the seat's view gives it out.
func (r *Room) exhibitFor(ctx context.Context, who store.Session, no int) (x hearing.ExhibitView, ref *hearing.Refusal) {
	found := false
	ref = r.ask(ctx, func() {
		if !r.holds(who) {
			return
		}
		v := hearing.ViewFor(r.eff, hearing.Reader{Person: hearing.PersonID(who.Person), Device: hearing.DeviceID(who.Device)})
		for _, e := range v.Exhibits {
			if e.No == no && e.Opens {
				x, found = e, true
			}
		}
	})
	if ref == nil && !found {
		ref = refuseNotFound()
	}
	return x, ref
}
