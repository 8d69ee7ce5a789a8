package access

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
)

func rowOf(d store.RoomDevice) RoomDeviceItem {
	return RoomDeviceItem{ID: d.ID, Unit: string(d.Unit), Kind: string(d.Kind), Label: d.Label, Enrolled: d.Enrolled, Revoked: d.Revoked}
}

func (s *Server) devices(c call) error {
	list, err := s.p.Officials.Devices(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	rows := []RoomDeviceItem{}
	for _, d := range list {
		rows = append(rows, rowOf(d))
	}
	return c.json(http.StatusOK, RoomDevicesAnswer{rows})
}

func (s *Server) offerEnrolment(c call) error {
	var body EnrolmentBody
	if err := c.read(&body); err != nil {
		return err
	}
	if len(body.Label) > maxLabel {
		return store.ErrInvalid
	}
	code, ends, err := s.p.Officials.OfferEnrolment(c.r.Context(), c.by(), body.Label)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, EnrolmentAnswer{code, ends})
}

// offerEncoder adds an encoder; its token is shown once.
func (s *Server) offerEncoder(c call) error { return s.offerToken(c, store.Encoder) }

// offerWall adds a viewing wall; its token is shown once.
func (s *Server) offerWall(c call) error { return s.offerToken(c, store.Wall) }

func (s *Server) offerToken(c call, kind store.DeviceKind) error {
	var body EnrolmentBody
	if err := c.read(&body); err != nil {
		return err
	}
	if len(body.Label) > maxLabel {
		return store.ErrInvalid
	}
	device, token, err := s.p.Officials.OfferTokenDevice(c.r.Context(), c.by(), kind, body.Label)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, TokenAnswer{device, token})
}

func (s *Server) removeDevice(c call) error {
	if err := s.p.Officials.RevokeDevice(c.r.Context(), c.by(), c.r.PathValue("device")); err != nil {
		return err
	}
	return c.done()
}

func (s *Server) deviceCourts(c call) error {
	list, err := s.p.Officials.DeviceCourts(c.r.Context(), c.by(), c.r.PathValue("device"))
	if err != nil {
		return err
	}
	names, err := s.unitNames(c)
	if err != nil {
		return err
	}
	a := CourtsAnswer{Courts: []CourtItem{}}
	for _, u := range list {
		a.Courts = append(a.Courts, CourtItem{string(u), names[u]})
	}
	return c.json(http.StatusOK, a)
}

// unitNames are the names of all units, also of those that ended.
func (s *Server) unitNames(c call) (map[court.UnitID]string, error) {
	units, err := s.p.Officials.Units(c.r.Context())
	names := make(map[court.UnitID]string, len(units))
	for _, u := range units {
		names[u.ID] = u.Name
	}
	return names, err
}

// courts answers with the courts that stand today beside the own one.
func (s *Server) courts(c call) error {
	units, err := s.p.Officials.Units(c.r.Context())
	if err != nil {
		return err
	}
	now := s.p.Officials.Now().UnixMicro()
	a := CourtsAnswer{Courts: []CourtItem{}}
	for _, u := range units {
		stands := u.ValidFrom <= now && (u.ValidTo == 0 || now < u.ValidTo)
		if stands && u.ID != c.by().Unit && strings.HasPrefix(u.Kind, "court.") {
			a.Courts = append(a.Courts, CourtItem{string(u.ID), u.Name})
		}
	}
	return c.json(http.StatusOK, a)
}

// lentDevices answers with what other units lend to the own court.
func (s *Server) lentDevices(c call) error {
	list, err := s.p.Officials.LentDevices(c.r.Context(), c.by())
	if err != nil {
		return err
	}
	names, err := s.unitNames(c)
	if err != nil {
		return err
	}
	a := LentDevicesAnswer{Devices: []LentDeviceItem{}}
	for _, d := range list {
		a.Devices = append(a.Devices, LentDeviceItem{d.ID, string(d.Unit), names[d.Unit], string(d.Kind), d.Label})
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) lendDevice(c call) error { return s.lend(c, true) }

func (s *Server) keepDevice(c call) error { return s.lend(c, false) }

func (s *Server) lend(c call, yes bool) error {
	err := s.p.Officials.LendDevice(c.r.Context(), c.by(), c.r.PathValue("device"), court.UnitID(c.r.PathValue("unit")), yes)
	if err != nil {
		return err
	}
	return c.done()
}

// enrol takes the key as SubjectPublicKeyInfo in base64.
func (s *Server) enrol(c call) error {
	var body EnrolBody
	if err := c.read(&body); err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(body.PublicKey)
	if err != nil || len(body.Label) > maxLabel {
		return store.ErrInvalid
	}
	id, err := s.p.Officials.Enrol(c.r.Context(), body.Code, key, body.Label, c.addr())
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, DeviceAnswer{id})
}

func (s *Server) challenge(c call) error {
	var body ChallengeBody
	if err := c.read(&body); err != nil {
		return err
	}
	nonce, err := s.p.Officials.ChallengeDevice(c.r.Context(), body.Device, c.addr())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, NonceAnswer{nonce})
}

// deviceSignIn takes the signature in base64.
func (s *Server) deviceSignIn(c call) error {
	var body DeviceSignInBody
	if err := c.read(&body); err != nil {
		return err
	}
	c.tried.device = body.Device
	signature, err := base64.StdEncoding.DecodeString(body.Signature)
	if err != nil {
		return store.ErrInvalid
	}
	return s.signedIn(c)(s.p.Officials.SignInDevice(c.r.Context(), body.Device, body.Nonce, signature, c.addr()))
}

func (s *Server) deviceSignOut(c call) error {
	cookie, err := s.p.Officials.SignOutDevice(c.r)
	http.SetCookie(c.w, cookie)
	if err != nil {
		return err
	}
	return c.done()
}

// deviceSeat gives the seat's cookie to a device that the booking names for it.
func (s *Server) deviceSeat(c call) error {
	var body SeatBody
	if err := c.read(&body); err != nil {
		return err
	}
	cookie, _, err := s.p.Officials.EnterRoomSeat(c.r.Context(), c.room, body.Hearing, body.Person, body.Device)
	if err != nil {
		return err
	}
	s.p.Logger.Info("seat entered", "owner", c.room.Device.ID, "hearing", body.Hearing, "person", body.Person, "device", body.Device)
	http.SetCookie(c.w, cookie)
	return c.done()
}

// deviceSeats answers with the device's seats in the hearings of today, and in
// those that began yesterday and are still on.
func (s *Server) deviceSeats(c call) error {
	now := vietnam.Time(s.p.Officials.Now())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	list, err := s.p.Officials.RoomSeats(c.r.Context(), c.room, today.AddDate(0, 0, -1), today.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	rows := []RoomSeatItem{}
	for _, x := range list {
		at := time.UnixMicro(x.StartsAt).UTC()
		if at.Before(today) && !going(hearing.Status(x.Status)) {
			continue
		}
		rows = append(rows, RoomSeatItem{x.Hearing, x.Person, x.Seat.Device, at, x.Minutes, x.Status})
	}
	return c.json(http.StatusOK, RoomSeatsAnswer{rows})
}

// going tells whether the hearing was opened and did not end.
func going(s hearing.Status) bool {
	return !s.Over() && !s.BeforeOpening() && s != hearing.Suspended && s != ""
}
