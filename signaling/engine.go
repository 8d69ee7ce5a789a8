package signaling

import "phientoa/sfu"

// FromEngine lets rooms use an sfu.Engine.
func FromEngine(e *sfu.Engine) Media { return engineMedia{e} }

type engineMedia struct{ e *sfu.Engine }

func (m engineMedia) Room(id string) (MediaRoom, error) {
	r, err := m.e.Room(id)
	if err != nil {
		return nil, err
	}
	return engineRoom{r}, nil
}

type engineRoom struct{ r *sfu.Room }

func (m engineRoom) Apply(rt sfu.Routing) error { return m.r.Apply(rt) }
func (m engineRoom) Close()                     { m.r.Close() }
func (m engineRoom) SFU() *sfu.Room             { return m.r }
func (m engineRoom) Join(p sfu.PeerParams) (MediaPeer, error) {
	peer, err := m.r.Join(p)
	if err != nil {
		return nil, err // not a typed nil
	}
	return peer, nil
}
