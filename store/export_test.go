package store

import (
	"context"
	"database/sql"
)

// What tests see beyond the exported methods: the transaction that every
// operation is made of, and the connections.

type Tx = tx

const MaxTries = maxTries

func (s *Store) RunTx(ctx context.Context, fn func(*Tx) error) error { return s.runTx(ctx, fn) }

func (s *Store) DB() *sql.DB { return s.db }

func (s *Store) Writer() *sql.DB { return s.writer }

// MergePlan lists, as "table.column", every column that a merge knows.
func MergePlan() (columns []string) {
	for _, c := range mergePlan() {
		columns = append(columns, c.table+"."+c.column)
	}
	return columns
}
