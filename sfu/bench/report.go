package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the outcome of a run.
type Report struct {
	Machine   string           `json:"machine"`
	Options   Options          `json:"options"`
	Scenarios []ScenarioReport `json:"scenarios"`
}

// ScenarioReport compares the contestants in one scenario.
type ScenarioReport struct {
	Scenario    string             `json:"scenario"`
	Packets     float64            `json:"packets_per_second"` // to be delivered
	Receivers   int                `json:"receivers"`
	Contestants []ContestantReport `json:"contestants"`
}

// ContestantReport is one line of the table. Ratios are of medians, 0 when the
// other one did not run.
type ContestantReport struct {
	Contestant string `json:"contestant"`

	CPU        Spread  `json:"cpu_us_per_packet"`
	User       Spread  `json:"user_us_per_packet"`
	System     Spread  `json:"system_us_per_packet"`
	Waited     Spread  `json:"waited_share"` // of the time: runnable without a core
	ToPion     float64 `json:"ratio_to_pion,omitempty"`
	ToFloor    float64 `json:"ratio_to_floor,omitempty"`
	Lost       uint64  `json:"lost"` // over all accepted windows
	Expected   uint64  `json:"expected"`
	Duplicates uint64  `json:"duplicates"`
	Foreign    uint64  `json:"foreign"`
	UserClock  uint64  `json:"latency_user_clock"`
	P50        Spread  `json:"latency_p50_ms"`
	P99        Spread  `json:"latency_p99_ms"`
	RSS        Spread  `json:"rss_mb"`
	PerPeer    Spread  `json:"rss_kb_per_peer"` // what the peers added, over their number
	JoinCPU    Spread  `json:"join_cpu_ms"`
	JoinRate   Spread  `json:"joins_per_second"`
	JoinToPion float64 `json:"join_ratio_to_pion,omitempty"`

	Samples  []Sample `json:"samples"`
	Rejected []string `json:"rejected,omitempty"`
}

// micros is the CPU of one delivered packet in microseconds.
func micros(s Sample) float64 { return perPacket(s, s.CPU) }

func perPacket(s Sample, d time.Duration) float64 {
	if s.Delivered == 0 {
		return 0
	}
	return float64(d) / float64(s.Delivered) / float64(time.Microsecond)
}

func newScenarioReport(scenario string, o Options, taken []ContestantReport) ScenarioReport {
	r := ScenarioReport{Scenario: scenario, Receivers: o.Receivers}
	plan, err := planOf(scenario, o.Receivers)
	if err == nil && scenario != JoinStorm {
		r.Packets = float64(outputs(plan)) / 2 * float64(audioRate+o.VideoRate)
	}
	if scenario == Hearing8 {
		r.Receivers = len(plan)
	}
	for _, c := range taken {
		if scenario != JoinStorm || c.Contestant != Floor {
			c.summarize()
			r.Contestants = append(r.Contestants, c)
		}
	}
	r.compare()
	return r
}

func (c *ContestantReport) summarize() {
	of := func(value func(Sample) float64) Spread {
		values := make([]float64, len(c.Samples))
		for i, s := range c.Samples {
			values[i] = value(s)
		}
		return spreadOf(values)
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	per := func(v float64, n int) float64 { return v / float64(max(n, 1)) }
	c.CPU = of(micros)
	c.User = of(func(s Sample) float64 { return perPacket(s, s.User) })
	c.System = of(func(s Sample) float64 { return perPacket(s, s.System) })
	c.Waited = of(func(s Sample) float64 {
		return float64(s.Waited) / float64(max(s.Window, s.JoinTime, 1))
	})
	c.P50 = of(func(s Sample) float64 { return ms(s.P50) })
	c.P99 = of(func(s Sample) float64 { return ms(s.P99) })
	c.RSS = of(func(s Sample) float64 { return float64(s.RSS) / (1 << 20) })
	c.PerPeer = of(func(s Sample) float64 { return per(float64(s.RSS-s.RSSEmpty)/(1<<10), s.Joins) })
	c.JoinCPU = of(func(s Sample) float64 { return per(ms(s.JoinCPU), s.Joins) })
	c.JoinRate = of(func(s Sample) float64 { return float64(s.Joins) / max(s.JoinTime.Seconds(), 1e-9) })
	for _, s := range c.Samples {
		c.Expected += s.Expected
		c.Lost += s.Expected - min(s.Delivered, s.Expected)
		c.Duplicates += s.Duplicates
		c.Foreign += s.Foreign
		c.UserClock += s.UserClock
	}
}

// compare fills in the ratios.
func (r *ScenarioReport) compare() {
	ratio := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	var pion, floor, join float64
	for _, c := range r.Contestants {
		switch c.Contestant {
		case Pion:
			pion, join = c.CPU.Median, c.JoinCPU.Median
		case Floor:
			floor = c.CPU.Median
		}
	}
	for i := range r.Contestants {
		c := &r.Contestants[i]
		c.ToPion, c.ToFloor = ratio(c.CPU.Median, pion), ratio(c.CPU.Median, floor)
		c.JoinToPion = ratio(c.JoinCPU.Median, join)
	}
}

// complete is nil when every contestant has all its windows.
func (r Report) complete() error {
	var missing []string
	for _, s := range r.Scenarios {
		for _, c := range s.Contestants {
			if n := r.Options.Windows - len(c.Samples); n > 0 {
				missing = append(missing, fmt.Sprintf("%s %s lacks %d", s.Scenario, c.Contestant, n))
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
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s; medians of %d windows of %v (least-greatest)\n", r.Machine, r.Options.Windows, r.Options.Window)
	for _, s := range r.Scenarios {
		if s.Scenario == JoinStorm {
			s.storm(&b)
		} else {
			s.media(&b)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r ScenarioReport) media(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s, %d receivers, %.1f kpps\n", r.Scenario, r.Receivers, r.Packets/1000)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row(t, "contestant", "CPU us/packet", "user + system", "to pion", "to floor", "lost", "duplicates",
		"latency p50 / p99 ms", "RSS MB", "KB/peer", "join CPU ms", "waited", "rejected")
	for _, c := range r.Contestants {
		if c.Contestant == Floor {
			row(t, c.Contestant, c.CPU.text(2), "", ratioText(c.ToPion), ratioText(c.ToFloor))
			continue
		}
		row(t, c.Contestant, c.CPU.text(2), fmt.Sprintf("%.1f + %.1f", c.User.Median, c.System.Median),
			ratioText(c.ToPion), ratioText(c.ToFloor), fmt.Sprintf("%d of %d", c.Lost, c.Expected), fmt.Sprint(c.Duplicates),
			fmt.Sprintf("%.2f / %.2f", c.P50.Median, c.P99.Median), c.RSS.text(0), c.PerPeer.text(0), c.JoinCPU.text(2),
			fmt.Sprintf("%.0f %%", 100*c.Waited.Median), fmt.Sprint(len(c.Rejected)))
	}
	_ = t.Flush() // into memory
	for _, c := range r.Contestants {
		if c.Foreign > 0 {
			fmt.Fprintf(b, "%s: %d packets could not be opened or identified\n", c.Contestant, c.Foreign)
		}
		if c.UserClock > 0 {
			fmt.Fprintf(b, "%s: %d packets had no kernel timestamp; their latency ends in the generator\n", c.Contestant, c.UserClock)
		}
		for _, why := range c.Rejected {
			fmt.Fprintf(b, "%s: a window was rejected: %s\n", c.Contestant, why)
		}
	}
}

func (r ScenarioReport) storm(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s, %d joins\n", r.Scenario, r.Receivers)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row(t, "contestant", "joins/s", "CPU ms/join", "to pion", "RSS MB", "KB/peer", "waited")
	for _, c := range r.Contestants {
		row(t, c.Contestant, c.JoinRate.text(0), c.JoinCPU.text(2), ratioText(c.JoinToPion), c.RSS.text(0), c.PerPeer.text(0),
			fmt.Sprintf("%.0f %%", 100*c.Waited.Median))
	}
	_ = t.Flush() // into memory
}

func row(w io.Writer, cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }

func (s Spread) text(decimals int) string {
	return fmt.Sprintf("%.*f (%.*f-%.*f)", decimals, s.Median, decimals, s.Min, decimals, s.Max)
}

func ratioText(r float64) string {
	if r == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", r)
}
