// One command on a Provider of its own.
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// options are named as gooseplus names them, so that one JSON object serves
// both sides.  What has no counterpart in goose is read over.
type options struct {
	Directory       string   `json:"directory"`
	AllowOutOfOrder bool     `json:"allow_out_of_order"`
	ExcludeNames    []string `json:"exclude_names"`
	ExcludeVersions []int64  `json:"exclude_versions"`
	Versioning      *bool    `json:"versioning"`
	VersionTable    string   `json:"version_table"`
	Lock            *bool    `json:"lock"`
	LockID          int64    `json:"lock_id"`
}

// step is a command with what it needs.
type step struct {
	Command   string  `json:"command"`
	Version   int64   `json:"version"`
	Direction string  `json:"direction"`
	Options   options `json:"options"`
}

// run connects, makes a Provider and does the command on it.  It returns lines
// for tests to read; those of a command that failed are what goose kept.
func (s *step) run(ctx context.Context, dsn string) ([]string, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()

	given, err := s.Options.provider()
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db,
		os.DirFS(s.Options.Directory), given...)
	if err != nil {
		return nil, err
	}
	if lines, known, err := s.look(ctx, provider); known {
		return lines, err
	}
	results, err := s.migrate(ctx, provider)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = append(results, partial.Applied...)
	}
	return resultLines(results), err
}

// provider makes goose's options of ours.
func (o *options) provider() ([]goose.ProviderOption, error) {
	given := []goose.ProviderOption{
		goose.WithAllowOutofOrder(o.AllowOutOfOrder),
		goose.WithExcludeNames(o.ExcludeNames),
		goose.WithExcludeVersions(o.ExcludeVersions),
		goose.WithDisableVersioning(o.Versioning != nil && !*o.Versioning),
	}
	if o.VersionTable != "" {
		given = append(given, goose.WithTableName(o.VersionTable))
	}
	if o.Lock != nil && !*o.Lock {
		return given, nil
	}

	// One second between two looks at the lock, the least there is: the tests
	// that race would spend their time in goose's default of five.
	how := []lock.SessionLockerOption{lock.WithLockTimeout(1, 120)}
	if o.LockID != 0 {
		how = append(how, lock.WithLockID(o.LockID))
	}
	locker, err := lock.NewPostgresSessionLocker(how...)
	if err != nil {
		return nil, err
	}
	return append(given, goose.WithSessionLocker(locker)), nil
}

// look does the commands that change no migration; it knows them or not.
func (s *step) look(ctx context.Context, provider *goose.Provider) (lines []string, known bool, err error) {
	switch s.Command {
	case "status":
		all, err := provider.Status(ctx)
		for _, one := range all {
			lines = append(lines, fmt.Sprint(one.Source.Version, " ",
				one.State, " ", one.Source.Path))
		}
		return lines, true, err
	case "sources":
		for _, one := range provider.ListSources() {
			lines = append(lines, fmt.Sprint(one.Version, " ", one.Path))
		}
		return lines, true, nil
	case "version":
		version, err := provider.GetDBVersion(ctx)
		return valueLines(err, version), true, err
	case "versions":
		current, target, err := provider.GetVersions(ctx)
		return valueLines(err, current, target), true, err
	case "has-pending":
		pending, err := provider.HasPending(ctx)
		return valueLines(err, pending), true, err
	}
	return nil, false, nil
}

// migrate does the commands that run migrations.  Redo and reset are not the
// Provider's: redo is its Down, and then its ApplyVersion of the same version.
func (s *step) migrate(ctx context.Context, provider *goose.Provider) ([]*goose.MigrationResult, error) {
	switch s.Command {
	case "up":
		return provider.Up(ctx)
	case "up-to":
		return provider.UpTo(ctx, s.Version)
	case "up-by-one":
		return single(provider.UpByOne(ctx))
	case "down":
		return single(provider.Down(ctx))
	case "down-to":
		return provider.DownTo(ctx, s.Version)
	case "reset":
		return provider.DownTo(ctx, 0)
	case "redo":
		down, err := provider.Down(ctx)
		if err != nil {
			return nil, err
		}
		up, err := provider.ApplyVersion(ctx, down.Source.Version, true)
		if err != nil {
			return []*goose.MigrationResult{down}, err
		}
		return []*goose.MigrationResult{down, up}, nil
	case "apply":
		return single(provider.ApplyVersion(ctx, s.Version, s.Direction == "up"))
	}
	return nil, fmt.Errorf("unknown command %q", s.Command)
}

// single makes a list of the result of a command that has one.
func single(result *goose.MigrationResult, err error) ([]*goose.MigrationResult, error) {
	if err != nil {
		return nil, err
	}
	return []*goose.MigrationResult{result}, nil
}

// resultLines says what became of each migration.
func resultLines(results []*goose.MigrationResult) []string {
	lines := []string{}
	for _, result := range results {
		line := fmt.Sprint(result.Source.Version, " ", result.Direction)
		if result.Empty {
			line += " empty"
		}
		lines = append(lines, line)
	}
	return lines
}

// valueLines is one line with the values, none if there is an error.
func valueLines(err error, values ...any) []string {
	if err != nil {
		return nil
	}
	return []string{fmt.Sprint(values...)}
}
