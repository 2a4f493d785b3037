// provider - goose's Provider as a command, for the comparison in ../*.pl.
// What it prints is made for tests to read; it does nothing that a program
// with a Provider and its session locker would not do.
//
//	provider -dir FOLDER -dsn DSN up | up-to VERSION | down ...
//	provider -dsn DSN serve
//
// The first form runs one command and prints its lines.  The second one reads
// commands from standard input and answers each; see serve.go.
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
)

func main() {
	dir := flag.String("dir", "", "folder with the migrations")
	dsn := flag.String("dsn", "", "how to reach the database")
	flag.Parse()

	err := run(context.Background(), *dir, *dsn, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does what the arguments say.
func run(ctx context.Context, dir, dsn string, args []string) error {
	if len(args) == 0 {
		return errors.New("a command is missing")
	}
	if args[0] == "serve" {
		return serve(ctx, dsn, os.Stdin, os.Stdout)
	}

	one := step{Command: args[0], Options: options{Directory: dir}}
	if len(args) > 1 {
		version, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		one.Version = version
	}
	if len(args) > 2 {
		one.Direction = args[2]
	}
	lines, err := one.run(ctx, dsn)
	for _, line := range lines {
		fmt.Println(line)
	}
	return err
}
