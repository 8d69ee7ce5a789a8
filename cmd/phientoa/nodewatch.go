package main

import (
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phientoa/internal/nodewatch"
	"phientoa/internal/pki"
	"phientoa/recording"
)

// newNodewatch looks at the disks and certificates of this node.
func (n *node) newNodewatch() *nodewatch.Watch {
	return nodewatch.New(nodewatch.Params{
		Store: n.store, Node: n.p.Node, Least: int64(n.p.DiskAlarm) << 30, Volumes: n.volumes(), Papers: n.papers, Logger: n.logger,
	})
}

// volumes are the disks of the recordings, and that of the data directory where it is
// another; none where no alarm is wanted.
func (n *node) volumes() []*nodewatch.Volume {
	if n.p.DiskAlarm == 0 {
		return nil
	}
	volume := func(key, dir string) *nodewatch.Volume {
		return &nodewatch.Volume{Key: key, Free: func() (int64, error) { return recording.Free(dir) }}
	}
	list := []*nodewatch.Volume{volume("evidence", n.evidenceDir())}
	if !recording.SameDisk(n.p.DataDir, n.evidenceDir()) {
		list = append(list, volume("data", n.p.DataDir))
	}
	if second := n.p.EvidenceSecond; second != "" && !recording.SameDisk(second, n.evidenceDir()) {
		list = append(list, volume("second", second))
	}
	return list
}

// papers are the ends of the certificates in use: the web server's as it was read last,
// those of files as they are now. A file that is not there, as those of a signer on
// another account, is left out.
func (n *node) papers() []nodewatch.Paper {
	var list []nodewatch.Paper
	if n.tls != nil {
		list = append(list, nodewatch.Paper{Key: "web", End: n.tls.NotAfter()})
	}
	if n.relayTLS != nil {
		list = append(list, nodewatch.Paper{Key: "relay", End: n.relayTLS.NotAfter()})
	}
	dir := filepath.Join(n.p.DataDir, "pki")
	for _, f := range [...]struct{ key, file string }{
		{"signer", filepath.Join(dir, pki.NodeCert)},
		{"timestamp", filepath.Join(dir, pki.TSACert)},
		{"authority", filepath.Join(dir, pki.CACert)},
		{"court", filepath.Join(dir, "court.pem")},
		{"client_ca", n.p.ClientCA},
		{"personal_ca", n.p.PersonalCA},
		{"court_ca", n.p.CourtCA},
		{"s3_ca", n.p.S3CA},
	} {
		if f.file == "" {
			continue
		}
		if end, ok := nodewatch.Ends(f.file); ok {
			list = append(list, nodewatch.Paper{Key: f.key, End: end})
		}
	}
	return list
}

// paperCollector tells the days left of the certificates read last.
type paperCollector struct {
	papers func() []nodewatch.Paper
	desc   *prometheus.Desc
}

func newPaperCollector(papers func() []nodewatch.Paper) *paperCollector {
	return &paperCollector{papers, prometheus.NewDesc("phientoa_certificate_days",
		"Whole days until a certificate in use ends, negative afterwards; read every hour.", []string{"certificate"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *paperCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect implements prometheus.Collector.
func (c *paperCollector) Collect(ch chan<- prometheus.Metric) {
	now := time.Now()
	for _, p := range c.papers() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(p.Days(now)), p.Key)
	}
}
