// parser - goose's own parser as a program, for target_goose.c.  It is built
// in a copy of goose's module (see ../prepare), as the parser is internal to
// it.
//
// Numbers have four bytes, the lowest first.  A request is 1 for up or 0 for
// down, the size of a file, and its text.  The answer is its size and then:
// accepted (1 or 0), in a transaction (1 or 0), how many statements; and for
// each of them the line after which goose had it, its size, and its text.
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/pressly/goose/v3/internal/sqlparser"
)

func main() {
	if err := serve(bufio.NewReader(os.Stdin), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers until the input ends.
func serve(in io.Reader, out io.Writer) error {
	log.SetFlags(0)
	for {
		var request struct{ Up, Size uint32 }
		err := binary.Read(in, binary.LittleEndian, &request)
		if errors.Is(err, io.EOF) {
			return nil
		}
		text := make([]byte, request.Size)
		if err == nil {
			_, err = io.ReadFull(in, text)
		}
		if err == nil {
			_, err = out.Write(answer(text, request.Up != 0))
		}
		if err != nil {
			return err
		}
	}
}

// answer is what to write back for a file.
func answer(text []byte, up bool) []byte {
	lines := &lineReader{rest: text}
	log.SetOutput(lines)
	statements, transaction, err := parse(lines, up)

	body := number(nil, flag(err == nil))
	body = number(body, flag(transaction))
	body = number(body, uint32(len(statements)))
	for i, statement := range statements {
		body = number(body, lines.stored[i])
		body = number(body, uint32(len(statement)))
		body = append(body, statement...)
	}
	return append(number(nil, uint32(len(body))), body...)
}

// parse calls goose's parser.  Wrong numbers in an expansion make it panic:
// that is an error, too.
func parse(lines io.Reader, up bool) (statements []string, transaction bool, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	return sqlparser.ParseSQLMigration(lines, sqlparser.FromBool(up), true)
}

func number(to []byte, value uint32) []byte {
	return binary.LittleEndian.AppendUint32(to, value)
}

func flag(value bool) uint32 {
	if value {
		return 1
	}
	return 0
}

// lineReader hands out a file line by line, and hears what the parser says it
// does: so it knows at which line it stored a statement.
type lineReader struct {
	rest   []byte
	line   uint32
	stored []uint32
}

// Read gives one line, or its beginning.
func (r *lineReader) Read(to []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	size := bytes.IndexByte(r.rest, '\n') + 1
	if size == 0 {
		size = len(r.rest)
	}
	n := copy(to, r.rest[:size])
	r.rest = r.rest[n:]
	r.line++
	return n, nil
}

// Write takes one message of the parser's.
func (r *lineReader) Write(message []byte) (int, error) {
	if strings.HasPrefix(string(message), "\033[90mStateMachine: store ") {
		r.stored = append(r.stored, r.line)
	}
	return len(message), nil
}
