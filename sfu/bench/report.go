package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Report is the outcome of a run.
type Report struct {
	Machine   string           `json:"machine"`
	Options   Options          `json:"options"`
	Took      time.Duration    `json:"took_ns"`
	Scenarios []ScenarioReport `json:"scenarios"`
	Goals     []GoalReport     `json:"goals,omitempty"` // of a run of goals
}

// ScenarioReport compares the contestants in one scenario.
type ScenarioReport struct {
	Name        string             `json:"name"`
	Scenario    string             `json:"scenario"`
	Packets     float64            `json:"packets_per_second"` // to be delivered
	Receivers   int                `json:"receivers"`
	VideoRate   int                `json:"video_rate"` // packets a second of a camera
	Windows     int                `json:"windows"`    // asked for
	Window      time.Duration      `json:"window_ns"`
	Contestants []ContestantReport `json:"contestants"`
}

// ContestantReport is one line of the table. Ratios are of medians, 0 when the
// other one did not run; their spread is that of the rounds, each of which has
// one window of every contestant.
type ContestantReport struct {
	Contestant string `json:"contestant"`

	CPU        Spread        `json:"cpu_us_per_packet"`
	User       Spread        `json:"user_us_per_packet"`
	System     Spread        `json:"system_us_per_packet"`
	Waited     Spread        `json:"waited_share"` // of the time: runnable without a core
	Allocs     Spread        `json:"allocs_per_packet"`
	ToPion     Spread        `json:"ratio_to_pion"`
	ToFloor    Spread        `json:"ratio_to_floor"`
	Lost       uint64        `json:"lost"` // over all accepted windows
	Expected   uint64        `json:"expected"`
	Duplicates uint64        `json:"duplicates"`
	Repeats    uint64        `json:"repeats"`
	Probes     uint64        `json:"probes"`
	Foreign    uint64        `json:"foreign"`
	Feedback   FeedbackCount `json:"feedback"`
	UserClock  uint64        `json:"latency_user_clock"`
	P50        Spread        `json:"latency_p50_ms"`
	P99        Spread        `json:"latency_p99_ms"`
	PictureP50 Spread        `json:"latency_pictures_p50_ms"`
	PictureP99 Spread        `json:"latency_pictures_p99_ms"`
	RSS        Spread        `json:"rss_mb"`
	PerPeer    Spread        `json:"rss_kb_per_peer"` // what the peers added, over their number
	JoinCPU    Spread        `json:"join_cpu_ms"`
	JoinRate   Spread        `json:"joins_per_second"`
	JoinToPion Spread        `json:"join_ratio_to_pion"`
	MediaTime  Spread        `json:"all_with_media_s"`

	// Of viewers800.
	Before  *LegsReport `json:"participants_before,omitempty"`
	After   *LegsReport `json:"participants_after,omitempty"`
	Viewers *LegsReport `json:"viewers,omitempty"`

	CleanRate    Spread `json:"clean_kpps"`
	CleanAtLeast bool   `json:"clean_at_least,omitempty"` // of a window: the generator ended the search
	CleanToPion  Spread `json:"clean_ratio_to_pion"`
	PerFurther   Spread `json:"rss_kb_per_further"`

	Passed     int    `json:"passed,omitempty"`
	Failed     int    `json:"failed,omitempty"`
	RSSSlope   *Slope `json:"rss_slope,omitempty"`
	LiveSlope  *Slope `json:"live_heap_slope,omitempty"`
	Goroutines *Slope `json:"goroutines_slope,omitempty"`
	Files      *Slope `json:"descriptors_slope,omitempty"`

	Samples  []Sample `json:"samples"`
	Rejected []string `json:"rejected,omitempty"`
}

// LegsReport is what some of the receivers got in all accepted windows; latencies of
// viewers are in none.
type LegsReport struct {
	Lost     uint64 `json:"lost"`
	Expected uint64 `json:"expected"`
	P50      Spread `json:"latency_p50_ms"`
	P99      Spread `json:"latency_p99_ms"`
}

// legs sums up what of gives of each window; nil when a window has none.
func (c *ContestantReport) legs(of func(Sample) *Legs) *LegsReport {
	var r *LegsReport
	for _, s := range c.Samples {
		l := of(s)
		if l == nil {
			return nil
		}
		if r == nil {
			r = &LegsReport{}
		}
		r.Expected += l.Expected
		r.Lost += l.Expected - min(l.Delivered, l.Expected)
	}
	if r != nil {
		r.P50 = spreadOf(c.values(func(s Sample) float64 { return millis(of(s).P50) }))
		r.P99 = spreadOf(c.values(func(s Sample) float64 { return millis(of(s).P99) }))
	}
	return r
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// micros is the CPU of one delivered packet in microseconds.
func micros(s Sample) float64 { return perPacket(s, s.CPU) }

func perPacket(s Sample, d time.Duration) float64 {
	if s.Delivered == 0 {
		return 0
	}
	return float64(d) / float64(s.Delivered) / float64(time.Microsecond)
}

func joinMillis(s Sample) float64 {
	return float64(s.JoinCPU) / float64(time.Millisecond) / float64(max(s.Joins, 1))
}

func cleanKilo(s Sample) float64 { return s.CleanRate / 1000 }

func newScenarioReport(t trial, taken []ContestantReport) ScenarioReport {
	o := t.options
	r := ScenarioReport{
		Name: t.name, Scenario: t.scenario, Receivers: o.Receivers, VideoRate: o.VideoRate, Windows: o.Windows, Window: o.Window,
	}
	scene, err := sceneOf(sessionConfig{Scenario: t.scenario, Receivers: o.Receivers, Hearings: o.Hearings, VideoRate: o.VideoRate})
	if err == nil && !scene.silent {
		_, packets := outputs(scene.plan)
		r.Packets = float64(packets)
	}
	for _, c := range taken {
		c.summarize()
		r.Contestants = append(r.Contestants, c)
	}
	r.compare()
	return r
}

func (c *ContestantReport) summarize() {
	of := func(value func(Sample) float64) Spread { return spreadOf(c.values(value)) }
	c.CPU = of(micros)
	c.User = of(func(s Sample) float64 { return perPacket(s, s.User) })
	c.System = of(func(s Sample) float64 { return perPacket(s, s.System) })
	c.Waited = of(func(s Sample) float64 { return float64(s.Waited) / float64(max(s.Window, s.JoinTime, 1)) })
	c.Allocs = of(func(s Sample) float64 { return float64(s.Allocs) / float64(max(s.Delivered, 1)) })
	c.P50 = of(func(s Sample) float64 { return millis(s.P50) })
	c.P99 = of(func(s Sample) float64 { return millis(s.P99) })
	c.PictureP50 = of(func(s Sample) float64 { return millis(s.PictureP50) })
	c.PictureP99 = of(func(s Sample) float64 { return millis(s.PictureP99) })
	c.RSS = of(func(s Sample) float64 { return float64(s.RSS) / (1 << 20) })
	c.PerPeer = of(func(s Sample) float64 { return float64(s.RSS-s.RSSEmpty) / (1 << 10) / float64(max(s.Joins, 1)) })
	c.JoinCPU = of(joinMillis)
	c.JoinRate = of(func(s Sample) float64 { return float64(s.Joins) / max(s.JoinTime.Seconds(), 1e-9) })
	c.MediaTime = of(func(s Sample) float64 { return s.MediaTime.Seconds() })
	c.CleanRate = of(cleanKilo)
	c.PerFurther = of(func(s Sample) float64 { return s.PerFurther / (1 << 10) })
	for _, s := range c.Samples {
		c.Expected += s.Expected
		c.Lost += s.Expected - min(s.Delivered, s.Expected)
		c.Duplicates += s.Duplicates
		c.Repeats += s.Repeats
		c.Probes += s.Probes
		c.Foreign += s.Foreign
		c.Feedback.add(s.Feedback)
		c.UserClock += s.UserClock
		c.CleanAtLeast = c.CleanAtLeast || s.CleanAtLeast
		c.Passed += s.Passed
		c.Failed += s.Failed
	}
	c.Before = c.legs(func(s Sample) *Legs { return s.Before })
	c.After = c.legs(func(s Sample) *Legs { return s.After })
	c.Viewers = c.legs(func(s Sample) *Legs { return s.Viewers })
	c.slopes()
}

func (c *ContestantReport) values(of func(Sample) float64) []float64 {
	values := make([]float64, len(c.Samples))
	for i, s := range c.Samples {
		values[i] = of(s)
	}
	return values
}

// slopes are those of the last window: windows are processes of their own.
func (c *ContestantReport) slopes() {
	if len(c.Samples) == 0 || len(c.Samples[len(c.Samples)-1].TimeSeries) == 0 {
		return
	}
	series := c.Samples[len(c.Samples)-1].TimeSeries
	of := func(value func(Vital) float64) *Slope {
		t, v := make([]time.Duration, len(series)), make([]float64, len(series))
		for i, vital := range series {
			t[i], v[i] = vital.At, value(vital)
		}
		s := slopeOf(t, v)
		return &s
	}
	c.RSSSlope = of(func(v Vital) float64 { return float64(v.RSS) / (1 << 10) })
	c.LiveSlope = of(func(v Vital) float64 { return float64(v.Live) / (1 << 10) })
	c.Goroutines = of(func(v Vital) float64 { return float64(v.Goroutines) })
	c.Files = of(func(v Vital) float64 { return float64(v.Descriptors) })
}

// compare fills in the ratios.
func (r *ScenarioReport) compare() {
	var pion, floor *ContestantReport
	for i := range r.Contestants {
		switch r.Contestants[i].Contestant {
		case Pion:
			pion = &r.Contestants[i]
		case Floor:
			floor = &r.Contestants[i]
		}
	}
	for i := range r.Contestants {
		c := &r.Contestants[i]
		c.ToPion, c.ToFloor = c.ratio(pion, micros), c.ratio(floor, micros)
		c.JoinToPion, c.CleanToPion = c.ratio(pion, joinMillis), c.ratio(pion, cleanKilo)
	}
}

// ratio is that of the medians, with the least and greatest of any round.
func (c *ContestantReport) ratio(to *ContestantReport, of func(Sample) float64) Spread {
	if to == nil {
		return Spread{}
	}
	mine, other := c.values(of), to.values(of)
	divisor := spreadOf(other).Median
	if divisor == 0 {
		return Spread{}
	}
	var rounds []float64
	for i := range min(len(mine), len(other)) {
		if other[i] > 0 {
			rounds = append(rounds, mine[i]/other[i])
		}
	}
	s := spreadOf(rounds)
	s.Median = spreadOf(mine).Median / divisor
	s.Min, s.Max = min(s.Min, s.Median), max(s.Max, s.Median)
	return s
}

// complete is nil when every contestant has all its windows.
func (r Report) complete() error {
	var missing []string
	for _, s := range r.Scenarios {
		for _, c := range s.Contestants {
			if n := s.Windows - len(c.Samples); n > 0 {
				missing = append(missing, fmt.Sprintf("%s %s lacks %d", s.Name, c.Contestant, n))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrIncomplete, strings.Join(missing, ", "))
}

func (r Report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return r.encode(w)
	}
	_, err := io.WriteString(w, r.tables())
	return err
}

func (r Report) encode(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// save writes the report as JSON into a file; no name writes none.
func (r Report) save(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(r.encode(file), file.Close())
}
