package signaling

import "time"

// Limits bound what clients and outages can make signaling hold. Zero fields
// take the default given here; docs/limits.md lists them with what happens
// when they are reached.
type Limits struct {
	MessageBytes    int           // a WebSocket message, default 256 KiB (an offer needs it)
	SmallBytes      int           // any message but an offer, default 16 KiB
	MessagesPerSec  float64       // sustained, default 50
	MessageBurst    int           // default 200
	Handshake       time.Duration // upgrade to hello, default 10 s
	PingEvery       time.Duration // to a client from whom nothing came for as long, default 500 ms
	ReadTimeout     time.Duration // silence of a client, default 12 s
	WriteTimeout    time.Duration // one message, default 10 s
	ResumeWindow    time.Duration // default 120 s
	RingMessages    int           // reliable messages kept for resume, default 256
	RingBytes       int           // default 1 MiB
	UnsentMessages  int           // reliable messages behind a slow client, default 128
	Transients      int           // unreliable messages behind a slow client, default 32
	CommandsPending int           // unanswered commands of one seat, default 32
	CommandIDs      int           // answered ids remembered for a seat, default 256
	Mailbox         int           // acts waiting for a room, default 256
	MailboxReserve  int           // places of it for restrictions and the server, default 64
	Enlargements    int           // enlarging commands waiting for durability, default 64
	LogQueue        int           // batches between room and log writer, default 1024
	Backlog         int           // batches kept while the database is away, default 4096
	Rooms           int           // open hearings of a node, default 200
	RoomIdle        time.Duration // a closed or scheduled hearing without anybody stays open, default 60 s
	ClosedStay      time.Duration // clients of a closed hearing stay connected, default 10 min
	TouchEvery      time.Duration // a connection renews its sign-in, default 60 s
	SeatsPerRoom    int           // default 1000
	LostAfter       time.Duration // from a closed socket to DeviceLost, default 2 s
	SilentAfter     time.Duration // from the last sign of life on an open one to DeviceLost, default 2.5 s
	Flaps           int           // losses of a device within a minute, then its return waits, default 5
	SteadyAfter     time.Duration // a device that is lost that often is back when it was here so long, default 10 s
	ThinLine        int           // bytes a second of the thinnest line we reckon with, default 16 KiB
	LeaseTTL        time.Duration // default 15 s
	LeaseRenew      time.Duration // default 5 s
	LeaseGrace      time.Duration // media go on after the lease ran out, default 60 s
	AppendTimeout   time.Duration // one attempt to write the log, default 2.5 s
	RetryEvery      time.Duration // attempts while the database is away, default 1 s
	CheckpointEvery time.Duration // to clients, default 2 s
	AnchorEvery     time.Duration // AnchorEvidence events, default 10 s
	LeftEvery       time.Duration // between measurements of the recording that the disks still take, default 60 s
	CloseWait       time.Duration // for orderly ends of one room, default 5 s
	Alarms          int           // alarms of a hearing waiting for the database, default 64
	AlarmLost       time.Duration // from a closed connection of somebody needed to the alarm, default 3 s
	MediaBlocked    time.Duration // from a device's first offer to the alarm that no way for its media came about, default 20 s
	PointBack       time.Duration // "connected again" is shown, default 10 s
}

func def[T int | float64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	def(&l.MessageBytes, 256<<10)
	def(&l.SmallBytes, 16<<10)
	def(&l.MessagesPerSec, 50)
	def(&l.MessageBurst, 200)
	def(&l.Handshake, 10*time.Second)
	def(&l.PingEvery, 500*time.Millisecond)
	def(&l.ReadTimeout, 12*time.Second)
	def(&l.WriteTimeout, 10*time.Second)
	def(&l.ResumeWindow, 120*time.Second)
	def(&l.RingMessages, 256)
	def(&l.RingBytes, 1<<20)
	def(&l.UnsentMessages, 128)
	def(&l.Transients, 32)
	def(&l.CommandsPending, 32)
	def(&l.CommandIDs, 256)
	def(&l.Mailbox, 256)
	def(&l.MailboxReserve, 64)
	def(&l.Enlargements, 64)
	def(&l.LogQueue, 1024)
	def(&l.Backlog, 4096)
	def(&l.Rooms, 200)
	def(&l.RoomIdle, time.Minute)
	def(&l.ClosedStay, 10*time.Minute)
	def(&l.TouchEvery, time.Minute)
	def(&l.SeatsPerRoom, 1000)
	def(&l.LostAfter, 2*time.Second)
	def(&l.SilentAfter, 2500*time.Millisecond)
	def(&l.Flaps, 5)
	def(&l.SteadyAfter, 10*time.Second)
	def(&l.ThinLine, 16<<10)
	def(&l.LeaseTTL, 15*time.Second)
	def(&l.LeaseRenew, 5*time.Second)
	def(&l.LeaseGrace, 60*time.Second)
	def(&l.AppendTimeout, 2500*time.Millisecond)
	def(&l.RetryEvery, time.Second)
	def(&l.CheckpointEvery, 2*time.Second)
	def(&l.AnchorEvery, 10*time.Second)
	def(&l.LeftEvery, time.Minute)
	def(&l.CloseWait, 5*time.Second)
	def(&l.Alarms, 64)
	def(&l.AlarmLost, 3*time.Second)
	def(&l.MediaBlocked, 20*time.Second)
	def(&l.PointBack, 10*time.Second)
	return l
}
