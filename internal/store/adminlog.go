package store

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Valid tells whether the role is one of the list.
func (r Role) Valid() bool {
	switch r {
	case RoleJudge, RoleChiefJudge, RoleClerk, RoleOperator, RoleAdmin, RoleAuditor, RoleArchivist,
		RoleProcurator, RoleProcuracyHead, RoleProcuracyDeputy, RolePointOfficer, RoleService:
		return true
	default:
		return false
	}
}

// AdminLine is the canonical JSON of an entry without Prev and Hash: the fields in
// this order, no white space, time in UTC unix microseconds.
func AdminLine(e AdminEntry) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		N      uint64 `json:"n"`
		At     int64  `json:"at"`
		Actor  string `json:"actor"`
		Unit   string `json:"unit"`
		What   string `json:"what"`
		Object string `json:"object"`
		Detail string `json:"detail"`
	}{e.N, e.At.UnixMicro(), e.Actor, string(e.Unit), e.What, e.Object, e.Detail})
	if err != nil {
		return nil, fmt.Errorf("store: administrative entry %d: %w", e.N, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// VerifyAdminChain checks that entries follow one another without a hole and that
// their hashes hold, starting behind entry `after` whose hash is prev (0 and zero
// for the start). What is missing at the end it cannot see.
func VerifyAdminChain(after uint64, prev [32]byte, entries []AdminEntry) error {
	for _, e := range entries {
		line, err := AdminLine(e)
		switch {
		case err != nil:
			return err
		case e.N != after+1:
			return fmt.Errorf("store: administrative entry %d follows entry %d", e.N, after)
		case e.Prev != prev:
			return fmt.Errorf("store: administrative entry %d does not name the hash of entry %d", e.N, after)
		case e.Hash != LineHash(e.Prev, line):
			return fmt.Errorf("store: hash of administrative entry %d does not match it", e.N)
		}
		after, prev = e.N, e.Hash
	}
	return nil
}
