package units

import (
	"fmt"

	"phientoa/internal/court"
)

// Days on which the demonstration's units begin and end.
const (
	demoFounded Day = "1960-07-26"
	demoHigh    Day = "2015-06-01" // high courts
	demoReform  Day = "2025-07-01" // Resolution 81/2025/UBTVQH15
)

// demoRegions is how many regional units the country has: about so many, spread evenly
// over the provinces, which the real ones are not.
const demoRegions = 355

type demoPlace struct{ slug, name string }

// demoProvinces are the 34 of Resolution 202/2025/QH15.
func demoProvinces() []demoPlace {
	return []demoPlace{
		{"ha-noi", "thành phố Hà Nội"},
		{"hue", "thành phố Huế"},
		{"hai-phong", "thành phố Hải Phòng"},
		{"da-nang", "thành phố Đà Nẵng"},
		{"ho-chi-minh", "Thành phố Hồ Chí Minh"},
		{"can-tho", "thành phố Cần Thơ"},
		{"lai-chau", "tỉnh Lai Châu"},
		{"dien-bien", "tỉnh Điện Biên"},
		{"son-la", "tỉnh Sơn La"},
		{"lang-son", "tỉnh Lạng Sơn"},
		{"cao-bang", "tỉnh Cao Bằng"},
		{"quang-ninh", "tỉnh Quảng Ninh"},
		{"thanh-hoa", "tỉnh Thanh Hóa"},
		{"nghe-an", "tỉnh Nghệ An"},
		{"ha-tinh", "tỉnh Hà Tĩnh"},
		{"tuyen-quang", "tỉnh Tuyên Quang"},
		{"lao-cai", "tỉnh Lào Cai"},
		{"thai-nguyen", "tỉnh Thái Nguyên"},
		{"phu-tho", "tỉnh Phú Thọ"},
		{"bac-ninh", "tỉnh Bắc Ninh"},
		{"hung-yen", "tỉnh Hưng Yên"},
		{"ninh-binh", "tỉnh Ninh Bình"},
		{"quang-tri", "tỉnh Quảng Trị"},
		{"quang-ngai", "tỉnh Quảng Ngãi"},
		{"gia-lai", "tỉnh Gia Lai"},
		{"khanh-hoa", "tỉnh Khánh Hòa"},
		{"lam-dong", "tỉnh Lâm Đồng"},
		{"dak-lak", "tỉnh Đắk Lắk"},
		{"dong-nai", "tỉnh Đồng Nai"},
		{"tay-ninh", "tỉnh Tây Ninh"},
		{"vinh-long", "tỉnh Vĩnh Long"},
		{"dong-thap", "tỉnh Đồng Tháp"},
		{"ca-mau", "tỉnh Cà Mau"},
		{"an-giang", "tỉnh An Giang"},
	}
}

// demoTree gathers courts with the procuracies beside them.
type demoTree struct{ l List }

// beside adds a court and its procuracy.
func (d *demoTree) beside(u Unit, name demoPlace, parents [2]court.UnitID, ids [2]court.UnitID, heirs [2][]court.UnitID) {
	u.Kind, u.ID, u.Parent, u.Successors = Court, ids[0], parents[0], heirs[0]
	u.Name = name.slug
	d.l.Units = append(d.l.Units, u)
	u.Kind, u.ID, u.Parent, u.Successors = Procuracy, ids[1], parents[1], heirs[1]
	u.Name = name.name
	d.l.Units = append(d.l.Units, u)
	d.l.Pairs = append(d.l.Pairs, Correspondence{Procuracy: ids[1], Court: ids[0], Span: u.Span})
}

func both(slug string) [2]court.UnitID {
	return [2]court.UnitID{court.UnitID("tand-" + slug), court.UnitID("vks-" + slug)}
}

// named are the names of a court and its procuracy, marked as demonstration.
func named(courtName, procuracy string) demoPlace {
	return demoPlace{courtName + " (minh họa)", procuracy + " (minh họa)"}
}

// Demonstration is a tree of the whole country to look at and to test with: the real
// provinces, everything below them made up. The region of the demonstration's hearings
// has the ids demo-court and demo-procuracy.
func Demonstration() List {
	d := &demoTree{}
	forever := func(l Level, from Day) Unit { return Unit{Branch: Civil, Level: l, Span: Span{From: from}} }
	none := [2]court.UnitID{}
	top := both("toi-cao")
	d.beside(forever(Supreme, demoFounded), named("Tòa án nhân dân tối cao", "Viện kiểm sát nhân dân tối cao"), none, top, [2][]court.UnitID{})
	for _, p := range []demoPlace{{"ha-noi", "Hà Nội"}, {"da-nang", "Đà Nẵng"}, {"ho-chi-minh", "Thành phố Hồ Chí Minh"}} {
		now, was := both("phuc-tham-"+p.slug), both("cap-cao-"+p.slug)
		d.beside(forever(Appeal, demoReform), named("Tòa Phúc thẩm Tòa án nhân dân tối cao tại "+p.name,
			"Viện công tố và kiểm sát xét xử phúc thẩm tại "+p.name), top, now, [2][]court.UnitID{})
		d.beside(Unit{Branch: Civil, Level: High, Span: Span{demoHigh, demoReform}}, named("Tòa án nhân dân cấp cao tại "+p.name,
			"Viện kiểm sát nhân dân cấp cao tại "+p.name), top, was, heirsOf(now))
	}
	provinces := demoProvinces()
	for i, p := range provinces {
		d.province(top, p, demoRegions/len(provinces)+boolean(i < demoRegions%len(provinces)))
	}
	d.military()
	return d.l
}

func boolean(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func heirsOf(ids [2]court.UnitID) [2][]court.UnitID {
	return [2][]court.UnitID{{ids[0]}, {ids[1]}}
}

// province adds a province, its regions, and three districts of before the reform.
func (d *demoTree) province(top [2]court.UnitID, p demoPlace, regions int) {
	ids := both(p.slug)
	d.beside(Unit{Branch: Civil, Level: Province, Span: Span{From: demoFounded}},
		named("Tòa án nhân dân "+p.name, "Viện kiểm sát nhân dân "+p.name), top, ids, [2][]court.UnitID{})
	for i := 1; i <= regions; i++ {
		region := both(fmt.Sprintf("%s-kv%d", p.slug, i))
		if p.slug == "da-nang" && i == 3 {
			region = [2]court.UnitID{"demo-court", "demo-procuracy"}
		}
		where := fmt.Sprintf(" khu vực %d – %s", i, p.name)
		d.beside(Unit{Branch: Civil, Level: Region, Span: Span{From: demoReform}},
			named("Tòa án nhân dân"+where, "Viện kiểm sát nhân dân"+where), ids, region, [2][]court.UnitID{})
		if i > 3 {
			continue
		}
		was := fmt.Sprintf(" huyện minh họa %d, %s", i, p.name)
		d.beside(Unit{Branch: Civil, Level: District, Span: Span{demoFounded, demoReform}},
			named("Tòa án nhân dân"+was, "Viện kiểm sát nhân dân"+was), ids, both(fmt.Sprintf("%s-huyen%d", p.slug, i)), heirsOf(region))
	}
}

// military adds a small tree of the other branch.
func (d *demoTree) military() {
	span := Span{From: demoFounded}
	top := both("quan-su-trung-uong")
	d.beside(Unit{Branch: Military, Level: Supreme, Span: span}, named("Tòa án quân sự Trung ương", "Viện kiểm sát quân sự Trung ương"),
		[2]court.UnitID{}, top, [2][]court.UnitID{})
	for _, zone := range []int{1, 7} {
		ids := both(fmt.Sprintf("quan-su-quan-khu%d", zone))
		where := fmt.Sprintf(" Quân khu %d", zone)
		d.beside(Unit{Branch: Military, Level: Province, Span: span}, named("Tòa án quân sự"+where, "Viện kiểm sát quân sự"+where), top, ids, [2][]court.UnitID{})
		for i := 1; i <= 2; i++ {
			part := fmt.Sprintf(" khu vực %d, Quân khu %d", i, zone)
			d.beside(Unit{Branch: Military, Level: Region, Span: span}, named("Tòa án quân sự"+part, "Viện kiểm sát quân sự"+part), ids,
				both(fmt.Sprintf("quan-su-quan-khu%d-kv%d", zone, i)), [2][]court.UnitID{})
		}
	}
}
