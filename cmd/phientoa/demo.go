package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/signaling"
)

// demoCmd shows the product on one machine. It binds to loopback alone.
type demoCmd struct {
	DataDir      string `name:"data-dir" default:"data/demo" help:"Directory of the demonstration."`
	Port         uint16 `default:"8080" help:"Port of the web server on 127.0.0.1."`
	MediaPort    uint16 `name:"media-port" default:"7000" help:"First UDP port of media."`
	MediaAddress string `name:"media-address" default:"127.0.0.1" help:"Address that media is sent to."`
	MediaLoops   int    `name:"media-loops" default:"0" help:"Media loops; 0: one per processor."`
	Database     string `default:"" help:"Address of a database instead of SQLite in the data directory."`
	Points       int    `default:"0" help:"Simulated connection points that join by themselves, at most 12."`
	Fresh        bool   `help:"Begin with a new hearing."`
	LogLevel     string `name:"log-level" default:"warn" enum:"debug,info,warn,error" help:"Least level of log lines."`
}

// role is a seat of the demonstration hearing that a person may take by a click.
type role struct {
	key      string // subdomain
	capacity court.Capacity
	name     string
	point    string
	vi, en   string
}

func demoRoles() []role {
	return []role{
		{"judge", court.PresidingJudge, "Nguyễn Thị Minh Hạnh", "Phòng xử án", "Chủ tọa phiên tòa", "Presiding judge"},
		{"clerk", court.Clerk, "Lê Quốc Bảo", "Phòng xử án", "Thư ký phiên tòa", "Clerk"},
		{"procurator", court.Procurator, "Trần Văn Đức", "Viện kiểm sát", "Kiểm sát viên", "Procurator"},
		{"counsel", court.DefenceCounsel, "Phạm Thu Trang", "Văn phòng luật sư", "Người bào chữa", "Defence counsel"},
		{"party", court.Defendant, "Hoàng Văn Nam", "Trại tạm giam", "Bị cáo", "Defendant"},
		{"witness", court.Witness, "Đặng Thị Lan", "Điểm cầu người làm chứng", "Người làm chứng", "Witness"},
	}
}

// maxPoints bounds simulated points: each costs an encoder's worth of packets.
const maxPoints = 12

func (c *demoCmd) Run(ctx context.Context, s streams) error {
	if c.Points < 0 || c.Points > maxPoints {
		return fmt.Errorf("--points: 0 to %d", maxPoints)
	}
	if a, err := netip.ParseAddr(c.MediaAddress); err != nil || a.IsUnspecified() {
		return fmt.Errorf("--media-address: want one IP address")
	}
	port := strconv.Itoa(int(c.Port))
	d := &demo{port: port, points: c.Points, wake: make(chan struct{}, 1)}
	cfg := config.Config{
		Listen: "127.0.0.1:" + port, DataDir: c.DataDir, Database: c.Database, Node: "demo",
		MediaAddress: []string{c.MediaAddress}, MediaPort: c.MediaPort, MediaLoops: c.MediaLoops,
		LogLevel: c.LogLevel, LogFormat: "text",
	}
	n, err := openNode(ctx, nodeParams{Config: cfg, demo: true, logOut: s.err, originAllowed: d.originAllowed})
	if err != nil {
		return err
	}
	d.node = n
	if err := d.choose(ctx, c.Fresh); err != nil {
		n.close()
		return err
	}
	pointsCtx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	err = n.serve(ctx, d.handler(), func() {
		wg.Go(func() { d.runPoints(pointsCtx) })
		fmt.Fprintf(s.out, "Phiên tòa trình diễn: mở địa chỉ dưới đây trong trình duyệt.\nhttp://localhost:%s\n", port)
	})
	stop()
	wg.Wait()
	return err
}

// demo is the demonstration around a node: which hearing is shown.
type demo struct {
	node   *node
	port   string
	points int
	wake   chan struct{} // a new hearing was made

	mu      sync.Mutex
	current store.Hearing
}

func (d *demo) hearing() store.Hearing {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current
}

// choose goes on with the latest hearing of the database or makes the first.
func (d *demo) choose(ctx context.Context, fresh bool) error {
	all, err := d.node.store.Hearings(ctx, court.SystemScope(), 0, math.MaxInt64)
	if err != nil {
		return err
	}
	if fresh || len(all) == 0 {
		return d.create(ctx)
	}
	d.mu.Lock()
	d.current = all[len(all)-1]
	d.mu.Unlock()
	// Recovery now, not with the first click: after a crash everything in force
	// is in force again before anybody is let in.
	if _, ref := d.node.rooms.Open(ctx, d.hearing().ID); ref != nil {
		return ref
	}
	return nil
}

// create books a new demonstration hearing and shows it from now on.
func (d *demo) create(ctx context.Context) error {
	h, names, b, err := demoHearing(time.Now(), d.points)
	if err != nil {
		return err
	}
	if err := signaling.BookHearing(ctx, d.node.store, d.node.p.Node, h, names, b, time.Now()); err != nil {
		return err
	}
	d.mu.Lock()
	d.current = h
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// pointPerson and pointDevice name the seats of simulated points.
func pointID(i int) string { return fmt.Sprintf("point-%02d", i+1) }

// demoHearing makes up a hearing with every role and n simulated points.
func demoHearing(now time.Time, n int) (store.Hearing, []store.PersonName, hearing.Booking, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return store.Hearing{}, nil, hearing.Booking{}, err
	}
	var room [16]byte
	if _, err := rand.Read(room[:]); err != nil {
		return store.Hearing{}, nil, hearing.Booking{}, err
	}
	h := store.Hearing{
		ID: id.String(), Room: hex.EncodeToString(room[:]), Unit: "demo-court", Demo: true,
		DocketNo: "45/2026/TLST-HS", Title: "Phiên tòa hình sự sơ thẩm (trình diễn)", StartsAt: now.UnixMicro(),
	}
	b := hearing.Booking{
		Hearing: hearing.ID(h.ID), Unit: h.Unit, Court: "Tòa án nhân dân khu vực 3 – Đà Nẵng",
		DocketNo: h.DocketNo, Title: h.Title, StartsAt: h.StartsAt, Demo: true,
	}
	var names []store.PersonName
	seat := func(key string, c court.Capacity, name, point string) {
		person := h.ID[len(h.ID)-12:] + "-" + key
		b.People = append(b.People, hearing.Person{ID: hearing.PersonID(person), Capacity: c, Alias: point, Point: point})
		b.Devices = append(b.Devices, hearing.Device{
			ID: hearing.DeviceID("d-" + person), Kind: hearing.DeskClient, People: []hearing.PersonID{hearing.PersonID(person)},
		})
		names = append(names, store.PersonName{Person: person, Name: name, Hearing: h.ID})
	}
	for _, r := range demoRoles() {
		seat(r.key, r.capacity, r.name, r.point)
	}
	kinds := []court.Capacity{court.Victim, court.Witness, court.Interpreter, court.Respondent}
	for i := range n {
		seat(pointID(i), kinds[i%len(kinds)], fmt.Sprintf("Điểm cầu mô phỏng %d", i+1), fmt.Sprintf("Điểm cầu %d", i+1))
	}
	return h, names, b, nil
}

// invite makes a single-use token for a role or a simulated point.
func (d *demo) invite(ctx context.Context, key string) (string, error) {
	h := d.hearing()
	person := h.ID[len(h.ID)-12:] + "-" + key
	return d.node.auth.Invite(ctx, court.SystemScope(), h.ID, person, "d-"+person, 5*time.Minute)
}

// originAllowed knows the pages of the demonstration.
func (d *demo) originAllowed(origin string) bool {
	host, ok := strings.CutPrefix(origin, "http://")
	return ok && (d.baseHost(host) || d.roleHost(host))
}

func (d *demo) baseHost(host string) bool {
	return host == "localhost:"+d.port || host == "127.0.0.1:"+d.port
}

func (d *demo) roleHost(host string) bool {
	for _, r := range demoRoles() {
		if host == r.key+".localhost:"+d.port {
			return true
		}
	}
	return false
}
