// substitute - what goose's substitution makes of each line of standard input.
// Lines come, and results go, as hexadecimal digits; a line that it refuses
// becomes "error".  The variables are its arguments, NAME=value.
//
// Copyright (c) 2026, gooseplus contributors
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/mfridman/interpolate"
)

func main() {
	env := interpolate.NewSliceEnv(os.Args[1:])
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, err := hex.DecodeString(lines.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		result, err := interpolate.Interpolate(env, string(text))
		if err != nil {
			fmt.Println("error")
			continue
		}
		fmt.Println(hex.EncodeToString([]byte(result)))
	}
}
