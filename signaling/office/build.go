package office

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// plan is what a booking draws by chance, kept under its idempotency key: a
// repetition builds exactly the same hearing, which makes booking itself
// repeatable after any interruption.
type plan struct {
	At       int64     `json:"at"` // UTC unix microseconds of the first request
	ID       string    `json:"id"`
	Room     string    `json:"room"`
	Seed     string    `json:"seed"` // ids of people and devices follow from it
	Warnings []Finding `json:"warnings"`
}

func (o *Office) plan(now int64, warnings []Finding) (plan, error) {
	id, err := uuid.NewV7FromReader(o.p.Rand)
	if err != nil {
		return plan{}, fmt.Errorf("randomness: %w", err)
	}
	var b [48]byte
	if _, err := io.ReadFull(o.p.Rand, b[:]); err != nil {
		return plan{}, fmt.Errorf("randomness: %w", err)
	}
	if warnings == nil {
		warnings = []Finding{}
	}
	return plan{At: now, ID: id.String(), Room: hex.EncodeToString(b[:16]), Seed: hex.EncodeToString(b[16:]), Warnings: warnings}, nil
}

// derive is a UUIDv7 (RFC 9562, 5.7) of the plan's time whose other bits follow
// from the seed.
func (p plan) derive(kind string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", p.Seed, kind, i))
	var u uuid.UUID
	copy(u[6:], sum[:10])
	ms := p.At / 1000
	for n := range 6 {
		u[n] = byte(ms >> (40 - 8*n))
	}
	u[6] = 0x70 | u[6]&0x0f
	u[8] = 0x80 | u[8]&0x3f
	return u.String()
}

// build makes everything that is stored of a checked body without refusals.
func (k *checked) build(p plan, unit court.UnitID, courtName string) (store.Hearing, []store.PersonName, hearing.Booking, []store.Seat, store.HearingInfo) {
	h := store.Hearing{
		ID: p.ID, Room: p.Room, Unit: unit, DocketNo: k.Case.DocketNo, Title: k.Case.Title, StartsAt: k.startsAt.UnixMicro(),
	}
	b := hearing.Booking{
		Hearing: hearing.ID(p.ID), Unit: unit, Court: courtName, DocketNo: h.DocketNo, Title: h.Title, StartsAt: h.StartsAt,
		Reference: k.Case.EFileCode, Procedure: court.Procedure(k.Procedure), Instance: k.Instance,
		Form: hearing.Form(k.Form), Visibility: hearing.Visibility(k.Visibility), Exclusions: slices.Clone(k.exclusions), Minutes: k.Minutes,
	}
	info := store.HearingInfo{
		Hearing: p.ID, EFileCode: k.Case.EFileCode, Procedure: k.Procedure, Instance: k.Instance, Form: k.Form,
		Status: string(hearing.Scheduled), Closed: b.Visibility == hearing.ClosedDoors, Minutes: k.Minutes, Updated: p.At,
	}
	for i, x := range k.Points {
		pt := hearing.Point{ID: fmt.Sprintf("p%d", i), Kind: hearing.PointKind(x.Kind), Name: x.Name, Unit: court.UnitID(x.Unit), Detention: x.Detention}
		b.Points = append(b.Points, pt)
		info.Points = append(info.Points, store.InfoPoint{ID: pt.ID, Name: pt.Name, Kind: x.Kind, Unit: pt.Unit})
	}
	var names []store.PersonName
	var seats []store.Seat
	device := map[int]int{} // index into b.Devices by owner
	aliases := aliasesOf(k.People)
	for i, x := range k.People {
		person := hearing.PersonID(p.derive("person", i))
		booked := hearing.Person{
			ID: person, Capacity: court.Capacity(x.Capacity), Alias: aliases[i], Point: b.Points[x.Point].ID, Minor: x.Minor, Required: x.Required,
		}
		if x.Client != nil {
			booked.Client = hearing.PersonID(p.derive("person", *x.Client))
		}
		b.People = append(b.People, booked)
		names = append(names, store.PersonName{Person: string(person), Name: x.Name, Hearing: p.ID})
		if x.Shares != nil {
			continue
		}
		d := hearing.Device{ID: hearing.DeviceID(p.derive("device", i)), Kind: k.kind(i), People: []hearing.PersonID{person}, Private: x.Private}
		device[i] = len(b.Devices)
		b.Devices = append(b.Devices, d)
		if k.accounts[i] != "" || x.RoomDevice != "" {
			seats = append(seats, store.Seat{Hearing: p.ID, Person: string(person), Device: string(d.ID), Account: k.accounts[i], RoomDevice: x.RoomDevice})
		}
		if x.Encoder != "" {
			camera := hearing.Device{ID: hearing.DeviceID(p.derive("encoder", i)), Kind: hearing.RoomClient, People: []hearing.PersonID{person}}
			b.Devices = append(b.Devices, camera)
			seats = append(seats, store.Seat{Hearing: p.ID, Person: string(person), Device: string(camera.ID), RoomDevice: x.Encoder})
		}
	}
	for i, x := range k.People {
		if x.Shares != nil {
			d := &b.Devices[device[*x.Shares]]
			d.People = append(d.People, b.People[i].ID)
		}
	}
	return h, names, b, seats, info
}

// aliasesOf gives everybody without an alias the words of their capacity, with a
// number where there are several.
func aliasesOf(people []PersonBody) []string {
	count, seen := map[string]int{}, map[string]int{}
	for _, p := range people {
		count[p.Capacity]++
	}
	out := make([]string, len(people))
	for i, p := range people {
		seen[p.Capacity]++
		switch {
		case p.Alias != "":
			out[i] = p.Alias
		case count[p.Capacity] > 1:
			out[i] = fmt.Sprintf("%s %d", court.Capacity(p.Capacity).Words(), seen[p.Capacity])
		default:
			out[i] = court.Capacity(p.Capacity).Words()
		}
	}
	return out
}
