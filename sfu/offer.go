package sfu

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// offerPlan is what an offer asks for, after checking, and the text that Pion
// gets to see.
type offerPlan struct {
	sdp      string
	publish  []publishPlan
	receive  []receivePlan
	stopped  map[string]bool // MIDs that are inactive or rejected
	sections int
}

type publishPlan struct {
	mid  string
	kind SourceKind
	rids []string // lowest first
	// codec of a camera
	codec Codec
	// ssrc and rtxSSRC are named by the offer; 0: not. With rids neither counts.
	ssrc, rtxSSRC uint32
}

type receivePlan struct {
	mid  string
	kind SourceKind
	red  bool // audio/red is offered in this m-line
	// formats are the payload types of ours that are offered in it
	formats []string
}

// parseOffer checks an offer against the limits and the protocol and rewrites it
// for Pion: without candidates (we are ICE-lite and learn addresses from
// authenticated checks only, RFC 8445 section 2.5), without data channels, each
// m-line in one direction. Receiving m-lines keep H.264 beside VP8.
func parseOffer(o Offer, lim Limits) (*offerPlan, error) {
	if len(o.SDP) > lim.OfferBytes {
		return nil, fmt.Errorf("%w: offer of %d bytes", ErrLimit, len(o.SDP))
	}
	if len(o.Publish) > lim.SourcesPerPeer {
		return nil, fmt.Errorf("%w: %d sources", ErrLimit, len(o.Publish))
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(o.SDP); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	if n := len(d.MediaDescriptions); n == 0 {
		return nil, fmt.Errorf("%w: no m-line", ErrBadOffer)
	} else if n > lim.SectionsPerPeer+lim.SourcesPerPeer {
		return nil, fmt.Errorf("%w: %d m-lines", ErrLimit, n)
	}
	publish, err := publishByMID(o.Publish)
	if err != nil {
		return nil, err
	}
	plan := &offerPlan{stopped: map[string]bool{}}
	candidates := takeCandidates(&d.Attributes)
	seen := map[string]bool{}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		if mid == "" || len(mid) > 32 || seen[mid] || strings.ContainsAny(mid, " \t") {
			return nil, fmt.Errorf("%w: MID %q is missing, doubled or malformed", ErrBadOffer, mid)
		}
		seen[mid] = true
		candidates += takeCandidates(&m.Attributes)
		if candidates > lim.CandidatesPerPeer {
			return nil, fmt.Errorf("%w: %d candidates", ErrLimit, candidates)
		}
		if err := checkSetup(&d, m); err != nil {
			return nil, err
		}
		if err := plan.media(m, mid, publish, lim); err != nil {
			return nil, err
		}
		delete(publish, mid)
	}
	for mid := range publish {
		return nil, fmt.Errorf("%w: no m-line %q to publish", ErrBadOffer, mid)
	}
	if plan.sections > lim.SectionsPerPeer {
		return nil, fmt.Errorf("%w: %d receiving sections", ErrLimit, plan.sections)
	}
	text, err := d.Marshal()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	plan.sdp = string(text)
	return plan, nil
}

func publishByMID(list []Publish) (map[string]SourceKind, error) {
	publish := map[string]SourceKind{}
	kinds := map[SourceKind]bool{}
	for _, p := range list {
		if p.Kind != Mic && p.Kind != Cam {
			return nil, fmt.Errorf("%w: source kind %q", ErrBadOffer, p.Kind)
		}
		if _, ok := publish[p.MID]; ok || kinds[p.Kind] {
			return nil, fmt.Errorf("%w: %s published twice", ErrBadOffer, p.Kind)
		}
		publish[p.MID], kinds[p.Kind] = p.Kind, true
	}
	return publish, nil
}

// checkSetup refuses an offer that would make us the DTLS client.
func checkSetup(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	setup, ok := m.Attribute(sdp.AttrKeyConnectionSetup)
	if !ok {
		setup, ok = d.Attribute(sdp.AttrKeyConnectionSetup)
	}
	if m.MediaName.Port.Value == 0 && !ok {
		return nil
	}
	if setup != "actpass" && setup != "active" {
		return fmt.Errorf("%w: setup %q, want actpass or active", ErrBadOffer, setup)
	}
	return nil
}

func (plan *offerPlan) media(m *sdp.MediaDescription, mid string, publish map[string]SourceKind, lim Limits) error {
	kind := Mic
	switch m.MediaName.Media {
	case "audio":
	case "video":
		kind = Cam
	default:
		return fmt.Errorf("%w: m=%s", ErrBadOffer, m.MediaName.Media)
	}
	direction := takeDirection(m)
	wants, publishes := publish[mid]
	if err := keepOurs(m, publishes); err != nil {
		return err
	}
	switch {
	case direction == "inactive" || m.MediaName.Port.Value == 0 && !bundleOnly(m):
		direction = "inactive"
		plan.stopped[mid] = true
		if publishes {
			return fmt.Errorf("%w: m-line %q is inactive", ErrBadOffer, mid)
		}
	case publishes:
		if wants != kind || direction == "recvonly" {
			return fmt.Errorf("%w: m-line %q cannot carry %s", ErrBadOffer, mid, wants)
		}
		rids := sendRIDs(m)
		if len(rids) > lim.LayersPerSource {
			return fmt.Errorf("%w: %d simulcast layers", ErrLimit, len(rids))
		}
		direction = "sendonly"
		pub := publishPlan{mid: mid, kind: kind, rids: rids}
		if len(rids) == 0 {
			pub.ssrc, pub.rtxSSRC = declaredSSRCs(m)
		}
		if kind == Cam {
			var ok bool
			if pub.codec, ok = videoCodec(m, m.MediaName.Formats); !ok {
				return fmt.Errorf("%w: m-line %q offers neither VP8 nor H.264 constrained baseline", ErrCodec, mid)
			}
		}
		plan.publish = append(plan.publish, pub)
	case direction == "recvonly":
		plan.sections++
		plan.receive = append(plan.receive, receivePlan{mid: mid, kind: kind, red: hasCodec(m, "red/48000/2"), formats: m.MediaName.Formats})
	default: // it would send what nobody announced
		direction = "inactive"
	}
	m.Attributes = append(m.Attributes, sdp.Attribute{Key: direction})
	return nil
}

// takeDirection removes the direction and returns it, sendrecv without one
// (RFC 8866 section 6.7).
func takeDirection(m *sdp.MediaDescription) string {
	direction := "sendrecv"
	kept := m.Attributes[:0]
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			direction = a.Key
		default:
			kept = append(kept, a)
		}
	}
	m.Attributes = kept
	return direction
}

func bundleOnly(m *sdp.MediaDescription) bool {
	_, ok := m.Attribute("bundle-only")
	return ok
}

// takeCandidates removes all candidates and returns how many there were.
func takeCandidates(list *[]sdp.Attribute) (n int) {
	*list = slices.DeleteFunc(*list, func(a sdp.Attribute) bool {
		if a.Key == "candidate" {
			n++
		}
		return a.Key == "candidate" || a.Key == "end-of-candidates" || a.Key == "remote-candidates"
	})
	return n
}

// hasCodec tells whether a rtpmap of the m-line names the codec.
func hasCodec(m *sdp.MediaDescription, name string) bool {
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		if _, codec, ok := strings.Cut(a.Value, " "); ok && strings.EqualFold(codec, name) {
			return true
		}
	}
	return false
}

// sendRIDs lists the layers of a=simulcast:send (RFC 8853), lowest first: the
// usual names q, h, f by meaning, others as offered. Some clients answer their own
// peer in a line of its own, a=simulcast:recv, before it.
func sendRIDs(m *sdp.MediaDescription) []string {
	for _, a := range m.Attributes {
		if a.Key != "simulcast" {
			continue
		}
		fields := strings.Fields(a.Value)
		i := slices.Index(fields, "send")
		if i < 0 || i+1 == len(fields) {
			continue
		}
		var rids []string
		for _, alternatives := range strings.Split(fields[i+1], ";") {
			rid, _, _ := strings.Cut(alternatives, ",")
			rids = append(rids, strings.TrimPrefix(rid, "~"))
		}
		return orderRIDs(rids)
	}
	return nil
}

func orderRIDs(rids []string) []string {
	rank := map[string]int{"q": 0, "h": 1, "f": 2}
	ordered := make([]string, 3)
	for _, r := range rids {
		i, ok := rank[r]
		if !ok || ordered[i] != "" {
			return rids
		}
		ordered[i] = r
	}
	out := ordered[:0]
	for _, r := range ordered {
		if r != "" {
			out = append(out, r)
		}
	}
	return out
}

// answerText adds to Pion's answer what it cannot say: that we like in-band FEC
// and DTX from Opus senders (RFC 7587 section 6.1), and which candidates are TCP. It
// works on the lines, as Pion writes them: reading and writing the answer once more was
// a twelfth of what a join allocates.
func (l *loop) answerText(answer string) string {
	var b strings.Builder
	b.Grow(len(answer) + 64*strings.Count(answer, "opus/48000/2"))
	opus := "" // payload type whose parameters have not come yet in this m-line
	say := func() {
		if opus != "" {
			b.WriteString("a=fmtp:" + opus + " " + opusParams("") + "\r\n")
		}
		opus = ""
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(answer, "\r\n"), "\r\n") {
		key, value, _ := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "m="):
			say()
		case key == "a=candidate":
			line = key + ":" + l.streamLine(value)
		case key == "a=rtpmap":
			if pt, codec, _ := strings.Cut(value, " "); strings.EqualFold(codec, "opus/48000/2") {
				say()
				opus = pt
			}
		case key == "a=fmtp":
			if pt, params, _ := strings.Cut(value, " "); opus != "" && pt == opus {
				line = "a=fmtp:" + opus + " " + opusParams(params)
				opus = ""
			}
		}
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	say()
	return b.String()
}

// opusParams are the parameters of Opus with what we wish for, where they do not say
// otherwise.
func opusParams(params string) string {
	for _, wish := range [...]string{"useinbandfec=1", "usedtx=1"} {
		name, _, _ := strings.Cut(wish, "=")
		if strings.Contains(";"+params, ";"+name+"=") {
			continue
		}
		if params != "" {
			params += ";"
		}
		params += wish
	}
	return params
}
