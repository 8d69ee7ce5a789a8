package hostile

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// At least forty kinds, none twice, and the media address itself is none.
func TestForbiddenKindsAreManyAndNoneIsMedia(t *testing.T) {
	media := netip.MustParseAddrPort("10.77.0.1:7000")
	all := ForbiddenKinds(media)
	require.GreaterOrEqual(t, len(all), 40)
	require.NotContains(t, all, media)
	slices.SortFunc(all, netip.AddrPort.Compare)
	require.Len(t, slices.Compact(all), len(all))
}
