// Package bench measures what it costs to forward a packet: our sfu, the same
// sfu with Pion's sender, a plain Pion forwarder and the floor below them all,
// in one run, on one machine.
//
// A sample is one server process and one generator process, started afresh and
// ended after one window, so that memory and joins are measured every time and
// no contestant warms the machine for the next. The server stands on core 0,
// the generator on core 1, and an idle-priority spinner keeps both awake:
// without it the figures depend on the power management of the machine. The
// contestants take turns, window by window.
//
// CPU is the scheduler's run time of the server process over the packets
// delivered. Every packet carries its publisher, its number and the clock at
// its sending, so loss and duplicates are counted by identity and latency is
// one-way, up to the kernel's receive timestamp. A window in which the
// generator itself lagged says nothing about the server and is repeated.
// Receivers speak as browsers do, to all contestants alike: see feedback.
//
// Absolute figures differ from machine to machine; the ratios of one run hold.
// All traffic stays on the loopback interface and ends by itself.
package bench
