package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/wire"
)

// No party's address is shown to another: not where it signed in from, nor what its offer
// names. Read is every message that the judge gets while the party comes, connects and
// speaks, the answers to the judge and to the public's wall, and every page of the API
// that the clerk and the operator can ask for.
func TestNobodyReadsAnothersAddress(t *testing.T) {
	const home, v4, v6 = "127.0.77.5", "203.0.113.77", "2001:db8::77"
	w := startWhip(t)
	w.bookBeside("accused", "dock")
	var read strings.Builder
	judge := w.enter()
	w.from = &net.TCPAddr{IP: net.ParseIP(home)}
	w.sit(w.accused, "bi.cao")
	w.note = func(b []byte) { read.Write(b) } // the judge's alone
	w.openHearing(judge)
	w.act(judge, &wire.Command{Act: &wire.Command_Admit{Admit: &wire.Admit{Person: "accused"}}})
	w.act(judge, &wire.Command{Act: &wire.Command_GiveFloor{GiveFloor: &wire.GiveFloor{Person: "accused"}}})

	dock := newEncoderPeer(t)
	named := strings.Replace(dock.offer, "a=ice-ufrag:",
		"a=candidate:7 1 udp 2130706431 "+v4+" 47777 typ host\r\na=candidate:8 1 udp 2130706430 "+v6+" 47777 typ host\r\na=ice-ufrag:", 1)
	require.Contains(t, named, v4)
	resp, text := w.ask("POST", "/api/v1/whip", w.token, sdpType, named)
	w.answered(resp, text, "/api/v1/whip", "recvonly", 2)

	offer := newPlayer(t, 2).offer
	w.send(judge, &wire.Envelope{Id: "offer", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: offer}}})
	w.until(judge, func(e *wire.Envelope) bool { return e.GetMediaAnswer() != nil })
	_, text = w.ask("POST", "/api/v1/whep", w.wallToken, sdpType, newPlayer(t, 1).offer)
	require.Contains(t, text, "a=candidate", "an answer")
	read.WriteString(text)

	pages := 0
	for _, who := range []*browser{w.clerk, w.operator, w.judge} {
		for _, table := range []string{"/api/v1/openapi.json", "/api/v1/access/openapi.json"} {
			for _, path := range readable(t, who, table) {
				code, text := who.ask("GET", strings.ReplaceAll(path, "{hearing}", w.hearing), nil)
				require.NotEqual(t, http.StatusInternalServerError, code, path)
				read.WriteString(text)
				pages++
			}
		}
	}
	require.Greater(t, pages, 20)
	w.act(judge, &wire.Command{Act: &wire.Command_Close{Close: &wire.Close{}}})
	for _, address := range []string{home, "127.0.77", v4, v6, "47777"} {
		require.NotContains(t, read.String(), address)
	}
	require.Contains(t, read.String(), w.hearing, "something was read")
}

// readable are the paths of a description that GET answers without an object of their own,
// and those of the hearing.
func readable(t *testing.T, who *browser, description string) (list []string) {
	code, text := who.ask("GET", description, nil)
	require.Equal(t, http.StatusOK, code)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	for path, methods := range doc.Paths {
		_, get := methods["get"]
		if get && !strings.Contains(strings.ReplaceAll(path, "{hearing}", ""), "{") && path != description {
			list = append(list, path)
		}
	}
	return list
}
