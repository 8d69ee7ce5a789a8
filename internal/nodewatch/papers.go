package nodewatch

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"time"
)

// maxPaper bounds a file of certificates in bytes.
const maxPaper = 1 << 20

// Ends is the first end of validity among the certificates of a PEM file; false when it
// cannot be read or holds none.
func Ends(file string) (end time.Time, ok bool) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > maxPaper {
		return end, false
	}
	rest, err := os.ReadFile(file)
	if err != nil {
		return end, false
	}
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return end, ok
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if b.Type == "CERTIFICATE" && err == nil && (!ok || c.NotAfter.Before(end)) {
			end, ok = c.NotAfter, true
		}
	}
}
