package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// demoOfficial is an account of the demonstration, signed in by a click at the
// host of its role.
type demoOfficial struct {
	host   string // subdomain
	login  string
	name   string
	role   store.Role
	vi, en string
	seat   string // role whose seat the account may take; empty: none
}

// unit is whose account it is: the court's, but for the procuracy's head and deputy.
func (o demoOfficial) unit() court.UnitID {
	if o.role == store.RoleProcuracyHead || o.role == store.RoleProcuracyDeputy {
		return demoProcuracy
	}
	return demoUnit
}

func demoOfficials() []demoOfficial {
	return []demoOfficial{
		{"clerk", "thuky", "Lê Quốc Bảo", store.RoleClerk, "Thư ký: lịch xét xử, lập lịch", "Clerk: calendar and booking", "clerk"},
		{"judge", "thamphan", "Nguyễn Thị Minh Hạnh", store.RoleJudge, "Thẩm phán: lịch xét xử", "Judge: calendar", "judge"},
		{"operator", "kythuat", "Ngô Quang Huy", store.RoleOperator, "Cán bộ kỹ thuật: theo dõi vận hành", "Operator: live hearings and alarms", ""},
		{"admin", "quantri", "Bùi Thanh Sơn", store.RoleAdmin, "Quản trị: tài khoản, thiết bị", "Administrator: accounts and devices", ""},
		{"procuracy", "vientruong", "Trần Văn Kiên", store.RoleProcuracyHead, "Viện trưởng: theo dõi trực tuyến", "Head of the procuracy: follows hearings", ""},
		{"deputy", "phovientruong", "Phạm Thị Lan", store.RoleProcuracyDeputy, "Phó viện trưởng: theo dõi khi được ủy quyền", "Deputy head: follows what the head lends", ""},
		{"admin2", "quantri2", "Đặng Thị Thu", store.RoleAdmin, "Quản trị thứ hai: xác nhận đề nghị", "Second administrator: confirms proposals", ""},
	}
}

// demoKeys are what lets a browser of this machine sign in by a click: passwords
// made anew with each start, and tickets of the landing page, each good once. They
// live in memory only.
type demoKeys struct {
	mu        sync.Mutex
	passwords map[string]string    // by login
	tickets   map[string]time.Time // until
}

// maxTickets and ticketLife bound what reloading the landing page leaves behind.
const (
	maxTickets = 256
	ticketLife = time.Hour
)

// openOffice makes the accounts of the demonstration and gives them passwords.
func (d *demo) openOffice(ctx context.Context) error {
	d.keys.passwords, d.keys.tickets = map[string]string{}, map[string]time.Time{}
	by := auth.System(demoUnit)
	err := d.node.store.PutUnit(ctx, by.Scope, store.Unit{ID: demoUnit, Kind: "court.regional", Name: demoCourt, ValidFrom: 1},
		store.AdminEntry{At: time.Now(), Actor: by.ID, Unit: demoUnit, What: "unit.put", Object: demoUnit})
	if err != nil {
		return err
	}
	other := auth.System(demoProcuracy)
	err = d.node.store.PutUnit(ctx, other.Scope, store.Unit{ID: demoProcuracy, Kind: "vks.regional", Name: demoProcuracyName, ValidFrom: 1},
		store.AdminEntry{At: time.Now(), Actor: other.ID, Unit: demoProcuracy, What: "unit.put", Object: demoProcuracy})
	if err != nil {
		return err
	}
	for _, o := range demoOfficials() {
		if err := d.openAccount(ctx, auth.System(o.unit()), o); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) openAccount(ctx context.Context, by auth.Official, o demoOfficial) error {
	acc, password, err := d.node.officials.CreateAccount(ctx, by, auth.NewAccount{Login: o.login, Name: o.name, Roles: []store.Role{o.role}})
	if errors.Is(err, store.ErrConflict) {
		if acc, err = d.node.store.AccountByLogin(ctx, o.login); err == nil {
			password, err = d.node.officials.ChangeAccount(ctx, by, acc.ID, auth.Change{Reset: true})
		}
	}
	if err != nil {
		return err
	}
	// A demonstration asks nobody to choose a password.
	if acc, err = d.node.store.Account(ctx, by.Scope, acc.ID); err != nil {
		return err
	}
	acc.MustChange = false
	err = d.node.store.UpdateAccount(ctx, by.Scope, acc, store.AdminEntry{
		At: time.Now(), Actor: by.ID, Unit: o.unit(), What: "account.changed", Object: acc.ID, Detail: "demonstration",
	})
	d.keys.passwords[o.login] = password
	return err
}

// seatOfficials lets the accounts of the bench take their seats from the calendar.
func (d *demo) seatOfficials(ctx context.Context, h store.Hearing) error {
	var seats []store.Seat
	for _, o := range demoOfficials() {
		if o.seat == "" {
			continue
		}
		acc, err := d.node.store.AccountByLogin(ctx, o.login)
		if err != nil {
			return err
		}
		person := seatID(h.ID, o.seat)
		seats = append(seats, store.Seat{Hearing: h.ID, Person: person, Device: "d-" + person, Account: acc.ID})
	}
	return d.node.store.PutSeats(ctx, court.ScopeOf(demoUnit), seats)
}

// ticket makes one for the landing page.
func (d *demo) ticket() string {
	d.keys.mu.Lock()
	defer d.keys.mu.Unlock()
	now := time.Now()
	for t, until := range d.keys.tickets {
		if until.Before(now) || len(d.keys.tickets) >= maxTickets {
			delete(d.keys.tickets, t)
		}
	}
	t := rand.Text()
	d.keys.tickets[t] = now.Add(ticketLife)
	return t
}

func (d *demo) useTicket(t string) bool {
	d.keys.mu.Lock()
	defer d.keys.mu.Unlock()
	until, ok := d.keys.tickets[t]
	delete(d.keys.tickets, t)
	return ok && time.Now().Before(until)
}

// enterOffice signs an account in at its role's host. The form comes from the
// landing page, another origin: the ticket in its body is what vouches for it.
func (d *demo) enterOffice(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	i := slices.IndexFunc(demoOfficials(), func(o demoOfficial) bool { return o.host+".localhost:"+d.port == r.Host })
	if i < 0 || !d.useTicket(r.PostFormValue("ticket")) {
		http.Error(w, "Đường dẫn đã dùng. Mở lại trang đầu. / Used before: open the first page again.", http.StatusForbidden)
		return
	}
	login := demoOfficials()[i].login
	cookie, err := d.node.officials.SignIn(r.Context(), login, d.keys.passwords[login], r.RemoteAddr)
	if err != nil {
		d.node.logger.Error("no sign-in", "role", demoOfficials()[i].role, "err", err)
		http.Error(w, "Không đăng nhập được. / No sign-in.", http.StatusServiceUnavailable)
		return
	}
	http.SetCookie(w, cookie)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/cong-viec/", http.StatusSeeOther)
}
