package recording

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What the recorder writes in front of a file is known by its form, whatever the size of
// the picture, and nothing else is: no byte more, less or other.
func TestTheBeginningOfAFileIsKnownByItsForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sound := rapid.Bool().Draw(t, "sound")
		channels := rapid.Uint8Range(1, 2).Draw(t, "channels")
		codec, b := "vp8", initBytes(vp8Name, 0, rapid.Uint16().Draw(t, "width"), rapid.Uint16().Draw(t, "height"), nil)
		if sound {
			codec, b = "opus", initBytes(opusName, channels, 0, 0, nil)
		}
		require.True(t, IsInit(b, codec, channels))
		require.False(t, IsInit(b, map[bool]string{true: "vp8", false: "opus"}[sound], channels))
		require.False(t, IsInit(append(b[:len(b):len(b)], 0), codec, channels))
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		require.False(t, IsInit(b[:cut], codec, channels))
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		b[at] ^= 0x80
		if size := 10; sound || at < len(b)-size { // of a picture the size may be another
			require.False(t, IsInit(b, codec, channels))
		}
	})
}

func FuzzIsInit(f *testing.F) {
	f.Add(initBytes(vp8Name, 0, 1280, 720, nil), "vp8", uint8(0))
	f.Add(initBytes(opusName, 2, 0, 0, nil), "opus", uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, codec string, channels uint8) {
		if IsInit(b, codec, channels) {
			require.LessOrEqual(t, len(b), MaxInit)
		}
	})
}
