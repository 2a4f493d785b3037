// provider - goose's Provider as a small command, for the comparison in
// ../*.pl.  What it prints is made for tests to read; it does nothing that a
// program with a Provider and its session locker would not do.
//
//	provider -dir FOLDER -dsn DSN up | up-to VERSION | down
//	provider -dir FOLDER -dsn DSN status | version | has-pending
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

func main() {
	dir := flag.String("dir", "", "folder with the migrations")
	dsn := flag.String("dsn", "", "how to reach the database")
	flag.Parse()

	if err := run(context.Background(), *dir, *dsn, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does one command on a Provider of its own.
func run(ctx context.Context, dir, dsn string, args []string) error {
	if len(args) == 0 {
		return errors.New("a command is missing")
	}

	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()

	// One second between two looks at the lock, the least there is: the tests
	// that race would spend their time in goose's default of five.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db,
		os.DirFS(dir), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}

	switch args[0] {
	case "up":
		return report(provider.Up(ctx))
	case "up-to":
		if len(args) != 2 {
			return errors.New("up-to needs a version")
		}
		version, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return report(provider.UpTo(ctx, version))
	case "down":
		result, err := provider.Down(ctx)
		if err != nil {
			return err
		}
		return report([]*goose.MigrationResult{result}, nil)
	case "status":
		return status(ctx, provider)
	case "version":
		version, err := provider.GetDBVersion(ctx)
		if err == nil {
			fmt.Println(version)
		}
		return err
	case "has-pending":
		pending, err := provider.HasPending(ctx)
		if err == nil {
			fmt.Println(pending)
		}
		return err
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// report prints one line for each migration that was run.
func report(results []*goose.MigrationResult, err error) error {
	for _, result := range results {
		fmt.Println(result.Source.Version, result.Direction)
	}
	return err
}

// status prints one line for each file, in order: version, state and name.
func status(ctx context.Context, provider *goose.Provider) error {
	all, err := provider.Status(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		fmt.Println(one.Source.Version, one.State, one.Source.Path)
	}
	return nil
}
