// Commands from standard input, one JSON object a line; for each one JSON
// object comes back.  A test of a thousand steps would spend most of its time
// in starting a thousand programs.
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// answer is what became of a step: its lines, and the kind of its error, which
// is empty if there is none.
type answer struct {
	Kind    string   `json:"kind"`
	Message string   `json:"message"`
	Lines   []string `json:"lines"`
}

// serve answers until the input ends.
func serve(ctx context.Context, dsn string, in io.Reader, out io.Writer) error {
	commands := json.NewDecoder(bufio.NewReader(in))
	answers := json.NewEncoder(out)
	for {
		var one step
		if err := commands.Decode(&one); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		lines, err := one.run(ctx, dsn)
		reply := answer{Lines: lines}
		if err != nil {
			reply.Kind, reply.Message = kind(err), err.Error()
		}
		if err := answers.Encode(reply); err != nil {
			return err
		}
	}
}

// kind names an error as the tests do.  Some of goose's errors are known by
// their text only; an error of the server is its SQLSTATE.
func kind(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	for _, known := range []struct {
		err  error
		kind string
	}{
		{goose.ErrVersionNotFound, "version not found"},
		{goose.ErrAlreadyApplied, "already applied"},
		{goose.ErrNotApplied, "not applied"},
		{goose.ErrNoNextVersion, "no next version"},
		{goose.ErrNoMigrations, "no migrations"},
	} {
		if errors.Is(err, known.err) {
			return known.kind
		}
	}
	for _, known := range []struct{ text, kind string }{
		{"missing (out-of-order)", "out of order"},
		{"version must be greater than 0", "invalid version"},
		{"invalid version", "invalid version"},
		{"versioning is disabled", "not without versioning"},
		{"missing zero version", "no version 0"},
		{"found duplicate migration version", "duplicate version"},
		{"duplicate exclude", "duplicate exclusion"},
		{"failed to prepare migration", "format"},
	} {
		if strings.Contains(err.Error(), known.text) {
			return known.kind
		}
	}
	return "other"
}
