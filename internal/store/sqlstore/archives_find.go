package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// indexArchive makes a hearing findable by its people's names, which never change.
func indexArchive(ctx context.Context, q querier, hearing string) error {
	names, err := rows(ctx, q, func(r *sql.Rows, name *string) error { return r.Scan(name) },
		`SELECT name FROM person_name WHERE hearing = $1 ORDER BY person`, hearing)
	if err != nil {
		return err
	}
	for i := range names {
		names[i] = store.Fold(names[i])
	}
	_, err = q.ExecContext(ctx, `INSERT INTO archive_search (hearing, people) VALUES ($1, $2)
		ON CONFLICT (hearing) DO UPDATE SET people = excluded.people`, hearing, strings.Join(names, "\n"))
	return err
}

// FindArchives reads from the latest hearing on until it has enough.
func (s *Store) FindArchives(ctx context.Context, sc court.Scope, find store.ArchiveQuery) ([]store.Hearing, error) {
	if err := first(text("text", find.Text, true), text("person", find.Person, true)); err != nil {
		return nil, err
	}
	where, args := []string{"h.starts_at >= $1"}, []any{find.From}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if find.To != 0 {
		add("h.starts_at < $%d", find.To)
	}
	words := func(text string) []string {
		w := strings.Fields(store.Fold(text))
		return w[:min(len(w), maxWords)]
	}
	for _, w := range words(find.Text) {
		add(`(s.folded LIKE $%[1]d ESCAPE '\' OR s.e_file LIKE $%[1]d ESCAPE '\' OR a.people LIKE $%[1]d ESCAPE '\')`, "%"+literal(w)+"%")
	}
	person := words(find.Person)
	for _, w := range person {
		add(`a.people LIKE $%d ESCAPE '\'`, "%"+literal(w)+"%")
	}
	type row struct {
		store.Hearing
		people string
	}
	var out []store.Hearing
	err := s.read(ctx, "find archives", func(ctx context.Context, q querier) error {
		out = nil
		_, err := rows(ctx, q, func(r *sql.Rows, x *row) error {
			if len(out) == store.MaxFoundArchives {
				return errEnough
			}
			var unit string
			var demo int
			err := r.Scan(&x.ID, &x.Room, &unit, &x.DocketNo, &x.Title, &x.StartsAt, &demo, &x.people)
			x.Unit, x.Demo = court.UnitID(unit), demo == 1
			if err == nil && sc.Covers(x.Unit) && named(x.people, person) {
				out = append(out, x.Hearing)
			}
			return err
		}, `SELECT h.id, h.room, h.unit, h.docket_no, h.title, h.starts_at, h.demo, a.people
			FROM hearing h JOIN archive_search a ON a.hearing = h.id JOIN hearing_search s ON s.hearing = h.id
			WHERE `+strings.Join(where, " AND ")+` ORDER BY h.starts_at DESC, h.id DESC`, args...)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return out, err
}

// named tells whether one name has all the words.
func named(people string, words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(strings.Split(people, "\n"), func(name string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) })
	})
}
