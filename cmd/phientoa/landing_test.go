package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// The page's style is allowed by its hash: what is in the page must be what was
// hashed, or it shows without any style.
func TestLandingStyleIsWhatItsHashSays(t *testing.T) {
	var page bytes.Buffer
	require.NoError(t, landingPage().Execute(&page, landingData{Title: "Phiên tòa"}))
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(page.Bytes())
	require.NotNil(t, style)
	sum := sha256.Sum256(style[1])
	require.Equal(t, landingStyleHash(), base64.StdEncoding.EncodeToString(sum[:]))
}

func TestLandingFontIsOfTheWebBuild(t *testing.T) {
	require.Empty(t, landingFont(fstest.MapFS{"index.html": {}}), "before the first web build")
	css := landingFont(fstest.MapFS{
		"assets/be-vietnam-pro-vietnamese-400-normal-CRcqvyg1.woff2": {},
		"assets/be-vietnam-pro-latin-400-normal-PpnXBOrz.woff2":      {},
		"assets/be-vietnam-pro-latin-ext-400-normal-x.woff2":         {},
	})
	require.Contains(t, css, `url(/assets/be-vietnam-pro-vietnamese-400-normal-CRcqvyg1.woff2)`)
	require.Contains(t, css, `url(/assets/be-vietnam-pro-latin-400-normal-PpnXBOrz.woff2)`)
	require.NotContains(t, css, "latin-ext")
}
