package office

import (
	"fmt"
	"slices"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// checkPeople looks at each person, and at whom a hearing cannot do without.
func (k *checked) checkPeople() {
	count := map[court.Capacity]int{}
	for i := range k.People {
		p := &k.People[i]
		field := fmt.Sprintf("people[%d]", i)
		k.refuse(checkText(field+".name", &p.Name, true, MaxName)...)
		k.refuse(checkText(field+".alias", &p.Alias, false, MaxAlias)...)
		k.refuse(checkText(field+".account", &p.Account, false, MaxLogin)...)
		k.refuse(checkID(field+".room_device", p.RoomDevice, hearing.MaxIDBytes)...)
		k.refuse(checkID(field+".encoder", p.Encoder, hearing.MaxIDBytes)...)
		c := court.Capacity(p.Capacity)
		count[c]++
		k.checkCapacity(field, c)
		k.checkPoint(field, c, p)
		if p.Client != nil && (*p.Client < 0 || *p.Client >= len(k.People) || *p.Client == i) {
			k.no(field+".client", "bad_client", "Người được bào chữa, được phiên dịch không có trong danh sách.", "The client is not another person of the list.")
			p.Client = nil
		}
	}
	if count[court.PresidingJudge] != 1 {
		k.no("people", "one_presiding", "Phải có đúng một Thẩm phán chủ tọa phiên tòa.", "There has to be exactly one presiding judge.")
	}
	if count[court.Clerk] == 0 {
		k.warn("people", "no_clerk", "Chưa có Thư ký phiên tòa.", "There is no clerk.")
	}
	if k.Procedure == string(court.Criminal) && count[court.Procurator] == 0 {
		k.warn("people", "no_procurator", "Chưa có Kiểm sát viên.", "There is no procurator.")
	}
}

func (k *checked) checkCapacity(field string, c court.Capacity) {
	switch {
	case !c.Valid():
		k.oneOf(field+".capacity", string(c))
	case c == court.ProtectedWitness:
		k.no(field+".capacity", "protected_witness",
			"Chưa hỗ trợ che hình, biến giọng; không đưa người làm chứng cần bảo vệ vào phiên tòa trực tuyến.",
			"Disguise of picture and voice is not supported yet; a protected witness is not put into an online hearing.")
	}
}

// checkRole: nobody sits on the bench, keeps the minutes or speaks for the procuracy
// by an account that the court did not give that office, and no other system sits
// anywhere. Capacities without a role of their own (lay assessors, parties, counsel)
// are open to every official.
func (k *checked) checkRole(field string, c court.Capacity, roles []store.Role) {
	wanted, vi, en := fitting(c)
	if slices.ContainsFunc(roles, func(r store.Role) bool { return slices.Contains(wanted, r) }) {
		return
	}
	k.no(field, "account_role",
		fmt.Sprintf("Tài khoản này không có vai trò %s nên không được giữ vị trí %s.", vi, c.Words()),
		fmt.Sprintf("This account does not have the role of %s, which this seat needs.", en))
}

// fitting are the roles whose accounts may take a seat of the capacity, in words.
func fitting(c court.Capacity) (roles []store.Role, vi, en string) {
	switch {
	case c == court.PresidingJudge || c == court.Judge:
		return []store.Role{store.RoleJudge, store.RoleChiefJudge}, "Thẩm phán", "a judge"
	case c == court.Clerk:
		return []store.Role{store.RoleClerk}, "Thư ký", "a clerk"
	case c == court.Procurator:
		return []store.Role{store.RoleProcurator, store.RoleProcuracyHead}, "Kiểm sát viên", "a procurator"
	case c.Officers():
		return []store.Role{store.RolePointOfficer, store.RoleClerk}, "Công chức Tòa án hỗ trợ điểm cầu", "a point officer"
	}
	return persons(), "cán bộ", "an official"
}

func (k *checked) checkPoint(field string, c court.Capacity, p *PersonBody) {
	if p.Point < 0 || p.Point >= len(k.Points) {
		k.no(field+".point", "bad_point", "Điểm cầu không có trong danh sách.", "The point is not one of the list.")
		p.Point = 0
		return
	}
	if c.CentralOnly() && k.Points[p.Point].Kind == string(hearing.ComponentPoint) {
		k.no(field+".point", "central_only", "Hội đồng xét xử, Thư ký và Kiểm sát viên phải ở điểm cầu trung tâm (TTLT 05/2021, Điều 10).",
			"The panel, the clerk and the procurator sit at the central point (TTLT 05/2021, art. 10).")
	}
}

// checkDevices looks at who sits before what.
func (k *checked) checkDevices() {
	sitters := map[int]int{}
	for i := range k.People {
		p := &k.People[i]
		field := fmt.Sprintf("people[%d]", i)
		if p.Shares != nil {
			k.checkShares(field, i, p, sitters)
			continue
		}
		kind := k.kind(i)
		switch kind {
		case hearing.RoomClient, hearing.Console, hearing.DeskClient, hearing.Viewer:
		default:
			k.oneOf(field+".device_kind", string(kind))
		}
		if court.Capacity(p.Capacity) == court.PresidingJudge && kind == hearing.Viewer {
			k.no(field+".device_kind", "presiding_device", "Chủ tọa phiên tòa cần bàn điều khiển riêng.", "The presiding judge needs a console or desk client of their own.")
		}
		if p.Private && (kind == hearing.Viewer || kind == hearing.Console || kind == hearing.RoomClient && k.central(p.Point)) {
			k.no(field+".private", "private_device", "Thiết bị này không dùng để trao đổi riêng được.", "This device is not fit for a private talk.")
		}
	}
}

// checkShares: everybody but the owner of a shared device names the owner.
func (k *checked) checkShares(field string, i int, p *PersonBody, sitters map[int]int) {
	n := *p.Shares
	switch {
	case n < 0 || n >= len(k.People) || n == i || k.People[n].Shares != nil:
		k.no(field+".shares", "bad_shares", "Người dùng chung thiết bị không hợp lệ.", "Shares has to name somebody with a device of their own.")
		p.Shares = nil
		return
	case court.Capacity(k.People[n].Capacity) == court.PresidingJudge || court.Capacity(p.Capacity) == court.PresidingJudge:
		k.no(field+".shares", "presiding_device", "Chủ tọa phiên tòa cần bàn điều khiển riêng.", "The presiding judge needs a console or desk client of their own.")
	case k.People[n].Point != p.Point:
		k.no(field+".shares", "other_point", "Người dùng chung thiết bị phải ở cùng điểm cầu.", "Those who share a device sit at one point.")
	case p.DeviceKind != "" || p.Private || p.Account != "" || p.RoomDevice != "" || p.Encoder != "":
		k.no(field+".shares", "shares_device", "Người dùng chung thiết bị không có thiết bị, tài khoản riêng.", "Who shares a device has no device or account of their own.")
	}
	if sitters[n]++; sitters[n] == hearing.MaxSeats {
		k.no(field+".shares", "too_many_seats", fmt.Sprintf("Không quá %d người trước một thiết bị.", hearing.MaxSeats),
			fmt.Sprintf("At most %d people sit before one device.", hearing.MaxSeats))
	}
}

func (k *checked) central(point int) bool {
	return point < len(k.Points) && k.Points[point].Kind == string(hearing.CentralPoint)
}

// kind is the kind of a person's own device.
func (k *checked) kind(i int) hearing.DeviceKind {
	p := k.People[i]
	switch {
	case p.DeviceKind != "":
		return hearing.DeviceKind(p.DeviceKind)
	case court.Capacity(p.Capacity).Watches():
		return hearing.Viewer
	case p.RoomDevice != "":
		return hearing.RoomClient
	}
	return hearing.DeskClient
}
