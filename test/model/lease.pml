/*
 * Lease and fencing of one hearing's state log (architecture, "Two logs" and
 * "A node dies"; internal/store).
 *
 * Three nodes take and renew the lease, crash, and send appends that may stay
 * under way for any time: a node may pause after sending, its lease may run out,
 * another node may take over and write, and only then does the old append reach
 * the database. Two backends of the database work on requests side by side.
 *
 * Law: once a line of a later epoch is accepted, no line of an earlier epoch is.
 * So epochs never interleave in the accepted log.
 *
 * Mutants, in each of which Spin must find a run that breaks the law:
 *   -DNO_EPOCH_CHECK   the database does not compare the epoch
 *   -DNO_ROW_LOCK      it does, but a takeover may fall between check and insert
 *   -DSAME_EPOCH       a takeover does not raise the epoch
 * -DREACH asks instead whether a later epoch ever writes, which must be found,
 * or the law would hold only because nothing happens.
 */
#define NODES  3
#define EPOCHS 3 /* bound of the search */
#define NOBODY 255

/* The lease row. */
byte epoch = 0;
byte holder = NOBODY;
bool expired = true;
bool row_locked = false;

/* The accepted log, as far as the law needs it. */
byte last_epoch = 0;
byte last_writer = NOBODY;
bool interleaved = false;

chan requests = [1] of { byte, byte }; /* node, epoch under which it writes */

inline accept(id, e) {
	if
	:: e < last_epoch -> interleaved = true
	:: e == last_epoch && id != last_writer -> interleaved = true
	:: else
	fi;
	last_epoch = e;
	last_writer = id
}

proctype node(byte id) {
	byte mine = 0; /* epoch of the lease that this node believes to hold */

	do
	:: atomic { /* Acquire: one statement, waits for the row */
		!row_locked && (expired || holder == id) ->
		if
		:: holder == id && !expired
		:: else ->
#ifdef SAME_EPOCH
			if
			:: epoch == 0 -> epoch = 1
			:: else
			fi
#else
			if
			:: epoch < EPOCHS -> epoch++
			:: else -> break /* end of the search */
			fi
#endif
		fi;
		holder = id;
		expired = false;
		mine = epoch
	   }
	:: atomic { /* Renew: also after expiry, when nobody took it meanwhile */
		mine > 0 && !row_locked ->
		if
		:: holder == id && epoch == mine -> expired = false
		:: else -> mine = 0
		fi
	   }
	:: atomic { /* Append: sent now, executed whenever it arrives */
		mine > 0 && nfull(requests) -> requests!id, mine
	   }
	:: atomic { mine > 0 -> mine = 0 } /* crash and restart */
	od
}

proctype backend() {
	byte id, e;
	bool good;

	do
	:: requests?id, e;
#ifndef NO_ROW_LOCK
	   atomic { !row_locked -> row_locked = true };
#endif
#ifdef NO_EPOCH_CHECK
	   good = true;
#else
	   good = (holder == id && epoch == e);
#endif
	   if
	   :: good -> atomic { accept(id, e) }
	   :: else
	   fi;
	   atomic { row_locked = false; id = 0; e = 0; good = false }
	od
}

/* Time passes at any moment. */
proctype clock() {
	do
	:: atomic { !expired -> expired = true }
	od
}

init {
	atomic {
		run node(0);
		run node(1);
		run node(2);
		run backend();
		run backend();
		run clock()
	}
}

#ifdef REACH
ltl never_second_writer { [] (last_epoch < 2) }
#else
ltl never_interleaved { [] (!interleaved) }
#endif
