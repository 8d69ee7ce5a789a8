//go:build !verifier

package archive

import (
	"strings"
	"time"
)

// lookEvery is how often a running job looks for what is to be renewed.
const lookEvery = 24 * time.Hour

func (j *Job) due(s State) bool { return s.Due(j.p.Now(), j.p.RenewBefore, time.Time{}) }

// renewals asks for the parts whose timestamp is to be renewed.
func (j *Job) renewals() {
	for _, dir := range j.dirs() {
		files, err := Sealed(dir)
		if err != nil {
			j.p.Logger.Error("sealed parts not looked through", "err", err)
		}
		for _, path := range files {
			if state, err := Look(path); err == nil && j.due(state) {
				j.Add(strings.TrimSuffix(path, Ext))
			}
		}
	}
}
