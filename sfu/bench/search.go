package bench

// search finds the highest clean rate of video packets a second: it climbs by
// half until a rate is not clean and then halves the gap, by ratio, until it is
// narrower than searchGap.
type search struct {
	clean   int // highest clean rate, 0: none
	unclean int // lowest that is not, 0: none
	most    int
	// atLeast: the upper end is where the generator gave out or the search had to
	// stop, not where the server lost.
	atLeast bool
	first   int
}

const (
	searchGap = 1.05
	climb     = 1.5
)

// cleanLoss is the share of loss below which a rate is clean.
const cleanLoss = 0.001

// verdict on one rate.
type verdict int

const (
	isClean verdict = iota
	isLossy
	isUnjudged // the generator was at fault
)

// next gives the rate to try; ok is false when the search is over.
func (s *search) next() (rate int, ok bool) {
	switch {
	case s.unclean == 0 && s.clean == 0:
		return s.first, true
	case s.unclean == 0 && s.clean >= s.most:
		s.atLeast = true
		return 0, false
	case s.unclean == 0:
		return min(max(int(float64(s.clean)*climb), s.clean+1), s.most), true
	case s.clean == 0 && s.unclean <= frameRate:
		return 0, false
	case s.clean == 0:
		return max(int(float64(s.unclean)/climb), frameRate), true
	case float64(s.unclean) < float64(s.clean)*searchGap || s.unclean-s.clean < 2:
		return 0, false
	default:
		return middle(s.clean, s.unclean), true
	}
}

// middle is the geometric mean, strictly between two that are at least 2 apart.
func middle(a, b int) int {
	low, high := a, b
	for high-low > 1 {
		mid := (low + high) / 2
		if mid*mid <= a*b {
			low = mid
		} else {
			high = mid
		}
	}
	return min(max(low, a+1), b-1)
}

// take enters what next's rate gave.
func (s *search) take(rate int, v verdict) {
	if v == isClean {
		s.clean = max(s.clean, rate)
		return
	}
	s.unclean, s.atLeast = rate, v == isUnjudged
}
