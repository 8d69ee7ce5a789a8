package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// tables gives the report as people read it.
func (r Report) tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; medians (least-greatest), taken in %v\n", r.Machine, r.Took.Round(time.Second))
	for _, s := range r.Scenarios {
		s.head(&b)
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		switch s.Scenario {
		case JoinStorm:
			s.storm(t)
		case Memory:
			s.memory(t)
		case Saturation:
			s.saturation(t)
		default:
			s.media(t)
		}
		_ = t.Flush() // into memory
		s.notes(&b)
	}
	r.goals(&b)
	return b.String()
}

func (r ScenarioReport) head(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s", r.Name)
	if r.Name != r.Scenario {
		fmt.Fprintf(b, " (%s)", r.Scenario)
	}
	switch r.Scenario {
	case JoinStorm:
		fmt.Fprintf(b, ": %d joins", r.Receivers)
	case Memory:
		fmt.Fprintf(b, ": %d and %d receivers", r.Receivers, memorySteps*r.Receivers)
	case Saturation:
		fmt.Fprintf(b, ": %d receivers, loss below %.1f %%", r.Receivers, 100*cleanLoss)
	default:
		fmt.Fprintf(b, ": %d receivers, %.1f kpps", r.Receivers, r.Packets/1000)
	}
	fmt.Fprintf(b, "; %d windows of %v\n", r.Windows, r.Window)
}

func (r ScenarioReport) media(t io.Writer) {
	row(t, "contestant", "CPU us/packet", "user + system", "to pion", "to floor", "lost", "duplicates",
		"latency p50 / p99 ms", "of pictures", "allocs/packet", "RSS MB", "KB/peer", "join CPU ms", "waited", "rejected")
	for _, c := range r.Contestants {
		if c.Contestant == Floor {
			row(t, c.Contestant, c.CPU.text(2), "", c.ToPion.ratio(), c.ToFloor.ratio())
			continue
		}
		row(t, c.Contestant, c.CPU.text(2), fmt.Sprintf("%.1f + %.1f", c.User.Median, c.System.Median),
			c.ToPion.ratio(), c.ToFloor.ratio(), fmt.Sprintf("%d of %d", c.Lost, c.Expected), fmt.Sprint(c.Duplicates),
			latencies(c.P50, c.P99), latencies(c.PictureP50, c.PictureP99),
			fmt.Sprintf("%.3f", c.Allocs.Median), c.RSS.text(0), c.PerPeer.text(0), c.JoinCPU.text(2),
			percent(c.Waited.Median), fmt.Sprint(len(c.Rejected)))
	}
}

// latencies prints two quantiles; what lies beyond the histogram is not known.
func latencies(p50, p99 Spread) string {
	text := func(ms float64) string {
		if most := float64((latencySlots-1)*latencySlot) / float64(time.Millisecond); ms > most {
			return fmt.Sprintf("> %.0f", most)
		}
		return fmt.Sprintf("%.2f", ms)
	}
	return text(p50.Median) + " / " + text(p99.Median)
}

func (r ScenarioReport) storm(t io.Writer) {
	row(t, "contestant", "joins/s", "CPU ms/join", "to pion", "RSS MB", "KB/peer", "waited")
	for _, c := range r.Contestants {
		row(t, c.Contestant, c.JoinRate.text(0), c.JoinCPU.text(2), c.JoinToPion.ratio(), c.RSS.text(0), c.PerPeer.text(0),
			percent(c.Waited.Median))
	}
}

func (r ScenarioReport) memory(t io.Writer) {
	row(t, "contestant", "KB for a further receiver", "RSS MB of the larger", "join CPU ms")
	for _, c := range r.Contestants {
		row(t, c.Contestant, c.PerFurther.text(0), c.RSS.text(0), c.JoinCPU.text(2))
	}
}

func (r ScenarioReport) saturation(t io.Writer) {
	row(t, "contestant", "clean kpps", "to pion", "sessions")
	for _, c := range r.Contestants {
		sessions := 0
		for _, s := range c.Samples {
			sessions += len(s.Probed)
		}
		row(t, c.Contestant, atLeast(c.CleanAtLeast)+c.CleanRate.text(1), c.CleanToPion.ratio(), fmt.Sprint(sessions))
	}
}

func atLeast(yes bool) string {
	if yes {
		return "at least "
	}
	return ""
}

// notes are what does not fit the table.
func (r ScenarioReport) notes(b *strings.Builder) {
	for _, c := range r.Contestants {
		note := func(format string, args ...any) {
			fmt.Fprintf(b, c.Contestant+": "+format+"\n", args...)
		}
		if f := c.Feedback; f != (FeedbackCount{}) {
			note("the receivers sent %d reports, %d transport feedbacks, %d requests for repeats, %d for keyframes",
				f.Reports, f.Transport, f.Nacks, f.Plis)
		}
		if c.Repeats+c.Probes > 0 {
			note("%d packets came again by the repair stream, %d were padding", c.Repeats, c.Probes)
		}
		if c.MediaTime.Max > 0 {
			note("all had joined and had media after %s s", c.MediaTime.text(1))
		}
		if c.Viewers != nil {
			note("participants before the viewers: %s", c.Before.text())
			note("participants beside the viewers: %s", c.After.text())
			note("viewers: lost %d of %d (%.4f %%)", c.Viewers.Lost, c.Viewers.Expected, c.Viewers.loss())
		}
		if c.Foreign > 0 {
			note("%d packets could not be opened or identified", c.Foreign)
		}
		if c.UserClock > 0 {
			note("%d packets had no kernel timestamp; their latency ends in the generator", c.UserClock)
		}
		if c.CleanAtLeast {
			note("the generator, not the server, ended a search: the clean rate is at least this")
		}
		if c.RSSSlope != nil {
			note("%d hearings opened and closed beside it, %d failed", c.Passed, c.Failed)
			note("resident memory %s; live heap %s", c.RSSSlope.text("MB", 1<<10), c.LiveSlope.text("MB", 1<<10))
			note("goroutines %s; descriptors %s", c.Goroutines.text("", 1), c.Files.text("", 1))
		}
		for _, s := range c.Samples {
			if s.FailedWhy != "" {
				note("a passing hearing failed: %s", s.FailedWhy)
			}
		}
		for _, why := range c.Rejected {
			note("a window was rejected: %s", why)
		}
	}
}

func (l *LegsReport) text() string {
	return fmt.Sprintf("lost %d of %d (%.4f %%), latency p50 %s ms, p99 %s ms", l.Lost, l.Expected, l.loss(), l.P50.text(2), l.P99.text(2))
}

// loss is in per cent.
func (l *LegsReport) loss() float64 { return 100 * float64(l.Lost) / float64(max(l.Expected, 1)) }

func row(w io.Writer, cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func (s Spread) text(decimals int) string {
	return fmt.Sprintf("%.*f (%.*f-%.*f)", decimals, s.Median, decimals, s.Min, decimals, s.Max)
}

// ratio prints a ratio, "-" when there is none.
func (s Spread) ratio() string {
	if s.Median == 0 {
		return "-"
	}
	return s.text(2)
}
