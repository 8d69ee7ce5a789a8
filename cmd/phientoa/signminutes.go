package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"phientoa/internal/courtkey"
	"phientoa/internal/pades"
)

// signCmd signs minutes on the machine of the presiding judge or the clerk, with a key
// that belongs to them: the server has no part in it. What comes out is uploaded on the
// page of the minutes, where it is checked.
type signCmd struct {
	File   string `arg:"" type:"existingfile" help:"The PDF of the minutes, as downloaded from their page."`
	Out    string `name:"out" default:"" help:"Where to write the signed file; default: beside it, with -da-ky before its ending. A file that stands is never written over."`
	P12    string `name:"p12" default:"" help:"PKCS #12 file with your key and certificate."`
	Module string `name:"pkcs11" default:"" help:"PKCS #11 library of your token; only in programs built with the tag pkcs11."`
	Token  string `name:"token" default:"" help:"Label of the token."`
	Label  string `name:"label" default:"" help:"Label of key and certificate on the token."`
}

func (c *signCmd) Run(s streams) (err error) {
	out := c.Out
	if out == "" {
		ext := filepath.Ext(c.File)
		out = strings.TrimSuffix(c.File, ext) + "-da-ky" + ext
	}
	if (c.P12 == "") == (c.Module == "") {
		return errors.New("sign-minutes: want --p12, or --pkcs11 with --token and --label")
	}
	doc, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s stands already", out)
	}
	what := "Mật khẩu tệp PKCS #12 (password): "
	if c.Module != "" {
		what = "Mã PIN (PIN): "
	}
	// Asked once: a token locks after few wrong PINs.
	key, end, err := courtkey.Open(courtkey.Params{
		PKCS12: c.P12, Module: c.Module, Token: c.Token, Label: c.Label, Ask: func() ([]byte, error) { return s.secret(what) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end.Close()) }()
	signed, err := pades.Sign(doc, pades.SignParams{
		Key: key.Key, Certificate: key.Certificate, Chain: key.Chain, Time: time.Now(), Rand: rand.Reader,
	})
	if err == nil {
		_, err = pades.Check(signed, doc) // what is handed in is checked at once
	}
	if err != nil {
		return err
	}
	if err := writeNew(out, signed); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\nĐã ký bằng chứng thư (signed with the certificate): %s\n", out, key.Certificate.Subject.CommonName)
	return err
}

func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// maxSecret bounds a password or PIN, in bytes.
const maxSecret = 1 << 10

// secret asks for a line without showing it. From a pipe it is read as it comes.
func (s streams) secret(what string) ([]byte, error) {
	fmt.Fprint(s.err, what)
	defer fmt.Fprintln(s.err)
	if f, ok := s.in.(*os.File); ok {
		show, err := hide(int(f.Fd()))
		if err != nil {
			return nil, err
		}
		defer show()
	}
	line, err := bufio.NewReader(io.LimitReader(s.in, maxSecret)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("password or PIN: %w", err)
	}
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return nil, errors.New("no password or PIN was given")
	}
	return line, nil
}

// hide has a terminal not show what is typed, until show is called. What is no terminal
// shows nothing anyway.
func hide(fd int) (show func(), err error) {
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if errors.Is(err, unix.ENOTTY) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	quiet := *was
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, was) }, nil
}
