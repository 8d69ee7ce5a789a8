package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// roleLifetime ends server and generator whatever happens around them, where
// their parent names no other time of at most maxLifetime. Spinner and sink end
// with their parent, the floor has a fixed number of packets.
const (
	roleLifetime = 5 * time.Minute
	maxLifetime  = maxMinutes*time.Minute + 2*roleLifetime
)

// Role runs the part of a re-executed child when args, the arguments after the
// program's name, ask for one; then handled is true and the process is to exit
// with code. The main function of a program that calls Run calls Role first.
func Role(args []string) (handled bool, code int) {
	if len(args) == 0 || args[0] != roleArg {
		return false, 0
	}
	if err := runRole(args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

func runRole(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("bench: %s takes a role and its lifetime; it is started by bench alone", roleArg)
	}
	lifetime, err := time.ParseDuration(args[1])
	if err != nil || lifetime <= 0 || lifetime > maxLifetime {
		return fmt.Errorf("bench: lifetime %q of a role, takes up to %v", args[1], maxLifetime)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lifetime)
	defer cancel()
	switch args[0] {
	case "server":
		line, err := inheritedLine(ctx)
		if err != nil {
			return err
		}
		return serve(ctx, line)
	case "generator":
		line, err := inheritedLine(ctx)
		if err != nil {
			return err
		}
		return answer(func(c sessionConfig) (Sample, error) { return generate(ctx, c, line) })
	case "floor":
		return answer(floor)
	case "sink":
		return sink(os.Stdin, os.Stdout)
	case "spin":
		return spin(os.Stdin)
	default:
		return fmt.Errorf("bench: no role %q", args[0])
	}
}

// answer reads a configuration from standard input and writes the sample of run
// to standard output.
func answer[C any](run func(C) (Sample, error)) error {
	var config C
	if err := json.NewDecoder(os.Stdin).Decode(&config); err != nil {
		return fmt.Errorf("bench: configuration of a child: %w", err)
	}
	sample, err := run(config)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(sample)
}

// inheritedLine is the end of the socket pair that the parent put at descriptor
// 3; it is closed when ctx ends.
func inheritedLine(ctx context.Context) (io.ReadWriteCloser, error) {
	file := os.NewFile(3, "bench-line")
	defer func() { _ = file.Close() }() // FileConn has its own copy
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("bench: line between server and generator: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, nil
}
