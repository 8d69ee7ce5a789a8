package bench

import (
	"fmt"
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

// peerPlan says what a peer sends and gets.
type peerPlan struct {
	Index     int    // its address
	ID        string // its name at the server
	Publisher int    // its number as a publisher, -1 when it sends nothing
	Receives  []int  // publishers whose audio and video it gets
}

// planOf gives the peers of a scenario, publishers first.
func planOf(scenario string, receivers int) ([]peerPlan, error) {
	switch scenario {
	case Fanout, JoinStorm:
		plan := []peerPlan{{Index: 0, ID: publisherID(0), Publisher: 0}}
		for i := 1; i <= receivers; i++ {
			plan = append(plan, peerPlan{Index: i, ID: fmt.Sprintf("v%d", i), Publisher: -1, Receives: []int{0}})
		}
		return plan, nil
	case Hearing8:
		const peers = 8
		plan := make([]peerPlan, peers)
		for i := range plan {
			plan[i] = peerPlan{Index: i, ID: publisherID(i), Publisher: i}
			for j := range peers {
				if j != i {
					plan[i].Receives = append(plan[i].Receives, j)
				}
			}
		}
		return plan, nil
	default:
		return nil, fmt.Errorf("%w: scenario %q", ErrOptions, scenario)
	}
}

func publisherID(i int) string { return "p" + strconv.Itoa(i) }

// publishers counts those who send.
func publishers(plan []peerPlan) int {
	n := 0
	for _, p := range plan {
		if p.Publisher >= 0 {
			n++
		}
	}
	return n
}

// outputs is the number of streams that the server delivers in all.
func outputs(plan []peerPlan) int {
	n := 0
	for _, p := range plan {
		n += 2 * len(p.Receives)
	}
	return n
}

// sections gives the m-lines that the peer offers: what it sends, then two for
// each publisher that it gets.
func (p peerPlan) sections() []offerSection {
	var out []offerSection
	add := func(kind string, sends bool, ssrc uint32) {
		out = append(out, offerSection{mid: strconv.Itoa(len(out)), kind: kind, sends: sends, ssrc: ssrc})
	}
	if p.Publisher >= 0 {
		add("audio", true, ssrcOf(p.Publisher, audioStream))
		add("video", true, ssrcOf(p.Publisher, videoStream))
	}
	for range p.Receives {
		add("audio", false, 0)
		add("video", false, 0)
	}
	return out
}

func ssrcOf(publisher, stream int) uint32 { return 0x5000_0000 + uint32(publisher)*2 + uint32(stream) }

// due is the least number of packets that a punctual publisher sends in a
// window: the window may begin just after a picture and end just before one.
func due(videoRate int, window time.Duration) uint64 {
	edge := videoRate/frameRate + 2
	return uint64(max(int(float64(audioRate+videoRate)*window.Seconds())-edge, 0))
}
