package bench

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Media of a publisher.
const (
	audioRate  = 50   // packets a second
	audioBytes = 120  // payload
	frameRate  = 26   // pictures a second
	videoBytes = 1160 // payload; with header, extension and seal about 1,200 bytes
)

// packetBytes has room for any packet on its way.
const packetBytes = 1500

// Streams: publisher i has streams 2i (audio) and 2i+1 (video).
const (
	audioStream = 0
	videoStream = 1
)

// feed is what one publisher sends: a microphone, and a camera of VideoRate
// packets a second; 0 is a microphone alone.
type feed struct {
	Publisher int
	VideoRate int
	Quiet     bool // not among the loudest, so that viewers do not get its sound
}

// streams gives the indices of the feed's streams.
func (f feed) streams() []int {
	if f.VideoRate == 0 {
		return []int{2*f.Publisher + audioStream}
	}
	return []int{2*f.Publisher + audioStream, 2*f.Publisher + videoStream}
}

// rate is the number of packets a second.
func (f feed) rate() int { return audioRate + f.VideoRate }

// peerPlan says what a peer sends and gets.
type peerPlan struct {
	Index    int    // its address
	ID       string // its name at the server
	Room     string
	Sends    *feed // nil: nothing
	Receives []feed
	Churns   bool // comes and goes
	Views    bool // takes no part: of Receives it gets the loudest sounds alone
}

// gets are the feeds that are due at the peer.
func (p peerPlan) gets() []feed {
	if !p.Views {
		return p.Receives
	}
	return slices.DeleteFunc(slices.Clone(p.Receives), func(f feed) bool { return f.Quiet })
}

// scene is what a session plays.
type scene struct {
	plan       []peerPlan // publishers first
	spaced     bool       // pictures are spread, no packet leaves beside another
	mediaFirst bool       // the others join while media flows
	silent     bool       // joins alone
	twice      bool       // the publishers are measured among themselves first
}

const mainRoom = "main"

// Sizes of the hearings.
const (
	eight = 8
	four  = 4
)

// participants are those whom viewers look at; loudest of them they hear.
const (
	participants = 11
	loudest      = 3
)

// churners are the hearings of two that open and close at once with another.
const churners = 4

// sceneOf gives the scene that config asks for.
func sceneOf(config sessionConfig) (scene, error) {
	rate := config.VideoRate
	switch config.Scenario {
	case Fanout:
		return scene{plan: oneToMany(config.Receivers, feed{VideoRate: rate})}, nil
	case Spaced:
		return scene{plan: oneToMany(config.Receivers, feed{VideoRate: rate}), spaced: true}, nil
	case JoinStorm:
		return scene{plan: oneToMany(config.Receivers, feed{VideoRate: rate}), silent: true}, nil
	case Receivers800:
		// The floor holder, and two more who are heard.
		return scene{plan: oneToMany(config.Receivers, feed{VideoRate: rate}, feed{}, feed{}), mediaFirst: true}, nil
	case Viewers800:
		return scene{plan: viewed(config.Receivers, rate), mediaFirst: true, twice: true}, nil
	case Hearing8:
		return scene{plan: hearings(1, eight, rate)}, nil
	case Hearings:
		return scene{plan: hearings(config.Hearings, four, rate)}, nil
	case Churn, Soak:
		plan := oneToMany(config.Receivers, feed{VideoRate: rate})
		return scene{plan: append(plan, comersAndGoers(len(plan), rate)...), mediaFirst: true}, nil
	default:
		return scene{}, fmt.Errorf("%w: scenario %q", ErrOptions, config.Scenario)
	}
}

// oneToMany is a room with a peer for each feed and receivers who get them all.
// Its feeds are numbered here.
func oneToMany(receivers int, feeds ...feed) []peerPlan {
	var plan []peerPlan
	for i := range feeds {
		feeds[i].Publisher = i
		plan = append(plan, peerPlan{Index: i, ID: publisherID(i), Room: mainRoom, Sends: &feeds[i]})
	}
	for i := range receivers {
		plan = append(plan, peerPlan{Index: len(plan), ID: "v" + strconv.Itoa(i+1), Room: mainRoom, Receives: feeds})
	}
	return plan
}

// viewed is a hearing of participants, the first of whom has the floor and is the only
// one with a camera, and of viewers.
func viewed(viewers, rate int) []peerPlan {
	feeds := make([]feed, participants)
	for i := range feeds {
		feeds[i].Quiet = i >= loudest
	}
	feeds[0].VideoRate = rate
	plan := oneToMany(viewers, feeds...)
	for i := range plan {
		if plan[i].Views = plan[i].Sends == nil; !plan[i].Views {
			plan[i].Receives = slices.Concat(feeds[:i], feeds[i+1:])
		}
	}
	return plan
}

// hearings are rooms in which everyone gets the others.
func hearings(rooms, size, rate int) []peerPlan {
	plan := make([]peerPlan, rooms*size)
	for i := range plan {
		room := i / size
		plan[i] = peerPlan{
			Index: i, ID: publisherID(i), Room: mainRoom + strconv.Itoa(room),
			Sends: &feed{Publisher: i, VideoRate: rate},
		}
		for j := room * size; j < (room+1)*size; j++ {
			if j != i {
				plan[i].Receives = append(plan[i].Receives, feed{Publisher: j, VideoRate: rate})
			}
		}
	}
	return plan
}

// comersAndGoers are triples, with indices from first: the two of a hearing that
// opens and closes, and one who visits the standing room.
func comersAndGoers(first, rate int) []peerPlan {
	var plan []peerPlan
	for k := range churners {
		room, sent := "passing"+strconv.Itoa(k), feed{Publisher: k + 1, VideoRate: rate}
		for _, p := range []peerPlan{
			{ID: publisherID(k + 1), Room: room, Sends: &sent},
			{ID: "w" + strconv.Itoa(k), Room: room, Receives: []feed{sent}},
			{ID: "x" + strconv.Itoa(k), Room: mainRoom, Receives: []feed{{VideoRate: rate}}},
		} {
			p.Index, p.Churns = first+len(plan), true
			plan = append(plan, p)
		}
	}
	return plan
}

func publisherID(i int) string { return "p" + strconv.Itoa(i) }

// standing counts the peers that stay, and among them those that send.
func standing(plan []peerPlan) (peers, publishers int) {
	for _, p := range plan {
		if p.Churns {
			continue
		}
		peers++
		if p.Sends != nil {
			publishers++
		}
	}
	return peers, publishers
}

// publishers counts those who send, the passing ones too.
func publishers(plan []peerPlan) int {
	n := 0
	for _, p := range plan {
		if p.Sends != nil {
			n++
		}
	}
	return n
}

// outputs gives the number of streams that the server delivers to peers that
// stay, and their packets a second.
func outputs(plan []peerPlan) (streams, packets int) {
	for _, p := range plan {
		if p.Churns {
			continue
		}
		for _, f := range p.gets() {
			streams += len(f.streams())
			packets += f.rate()
		}
	}
	return streams, packets
}

// sections gives the m-lines that the peer offers: what it sends, then one for
// each stream that it gets.
func (p peerPlan) sections() []offerSection {
	var out []offerSection
	add := func(f feed, sends bool) {
		for _, stream := range f.streams() {
			s := offerSection{mid: strconv.Itoa(len(out)), kind: "audio", sends: sends}
			if stream%2 == videoStream {
				s.kind = "video"
			}
			if sends {
				s.ssrc = ssrcOf(stream)
			}
			out = append(out, s)
		}
	}
	if p.Sends != nil {
		add(*p.Sends, true)
	}
	for _, f := range p.Receives {
		add(f, false)
	}
	return out
}

func ssrcOf(stream int) uint32 { return 0x5000_0000 + uint32(stream) }

// due is the least number of packets that a punctual publisher sends in a
// window: the window may begin just after a picture and end just before one.
func due(videoRate int, window time.Duration) uint64 {
	edge := videoRate/frameRate + 2
	return uint64(max(int(float64(audioRate+videoRate)*window.Seconds())-edge, 0))
}

// burst is what a camera sends at once: packets from to to-1 of its count, the
// part of a picture (from 0) that begins with packet first and ends before next.
type burst struct {
	due            time.Duration // after the publisher's start
	picture        int
	from, to       int
	first, pastEnd int
}

// burstOf gives the n-th burst (from 0) of a camera: a whole picture or, spaced,
// one packet.
func burstOf(n, rate int, spaced bool) burst {
	// Half an audio interval beside the audio, so that the two do not queue.
	const offset = time.Second / audioRate / 2
	picture := n
	if spaced {
		picture = ((n+1)*frameRate - 1) / rate
	}
	b := burst{picture: picture, first: picture * rate / frameRate, pastEnd: (picture + 1) * rate / frameRate}
	if spaced {
		b.due, b.from, b.to = offset+time.Duration(n)*time.Second/time.Duration(rate), n, n+1
	} else {
		b.due, b.from, b.to = offset+time.Duration(n)*time.Second/frameRate, b.first, b.pastEnd
	}
	return b
}
