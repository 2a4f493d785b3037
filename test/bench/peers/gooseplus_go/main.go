// gooseplus_go - the Go library gooseplus as a command, for the comparison:
//
//	gooseplus_go URL FOLDER
//
// applies what is pending in FOLDER/base, under the library's lock.
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"context"
	"database/sql"
	"log"
	"os"

	"github.com/fredbi/gooseplus"
	_ "github.com/jackc/pgx/v5/stdlib"
)

func main() {
	db, err := sql.Open("pgx", os.Args[1])
	if err != nil {
		log.Fatalln(err)
	}
	migrator := gooseplus.New(db,
		gooseplus.WithFS(os.DirFS(os.Args[2])),
		gooseplus.WithBasePath("."),
		gooseplus.WithGlobalLock(true),
		gooseplus.WithTimeout(0),
		gooseplus.WithMigrationTimeout(0))
	if err := migrator.Migrate(context.Background()); err != nil {
		log.Fatalln(err)
	}
}
