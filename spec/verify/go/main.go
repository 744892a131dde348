// Command receipt checks receipts of an optout log with the Go project's own packages: the
// signed note by golang.org/x/mod/sumdb/note, the Merkle path by golang.org/x/mod/sumdb/tlog.
//
//	receipt VKEY FILE...
//
// VKEY is what `optout log key` printed, got from somebody you trust. One line a file: `FILE: ok
// ...` or why not. The exit status is 0 when all are good, 1 when one is not, 2 for bad usage.
//
// The form of a receipt is told in spec/log.md. On Debian, without network:
//
//	apt-get install golang-go golang-golang-x-mod-dev
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o receipt spec/verify/go/main.go
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const magic = "c2sp.org/tlog-proof@v1"

type receipt struct {
	leaf  []byte
	index int64
	path  tlog.RecordProof
	note  []byte
}

// decode takes the one spelling of some bytes; encoding/base64 takes others too.
func decode(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err == nil && base64.StdEncoding.EncodeToString(raw) != text {
		err = errors.New("base64 that is not canonical")
	}
	return raw, err
}

func decodeHash(text string) (hash tlog.Hash, err error) {
	raw, err := decode(text)
	if err == nil && copy(hash[:], raw) != len(raw) || len(raw) != tlog.HashSize {
		err = errors.New("a hash is not 32 bytes in base64")
	}
	return hash, err
}

func decodeNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is not a plain number", text)
	}
	return n, nil
}

// parse splits a receipt; nothing in it is proven yet.
func parse(text string) (r receipt, err error) {
	head, signed, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != magic ||
		!strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return r, errors.New("not a receipt")
	}
	r.note = []byte(signed)
	if r.leaf, err = decode(strings.TrimPrefix(lines[1], "extra ")); err != nil {
		return r, fmt.Errorf("extra: %w", err)
	}
	if r.index, err = decodeNumber(strings.TrimPrefix(lines[2], "index ")); err != nil {
		return r, err
	}
	for _, line := range lines[3:] {
		hash, err := decodeHash(line)
		if err != nil {
			return r, err
		}
		r.path = append(r.path, hash)
	}
	return r, nil
}

// openCheckpoint lets x/mod judge the signature, and reads size and root out of what was signed.
func openCheckpoint(message []byte, key note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open(message, note.VerifierList(key))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tree, errors.New("the checkpoint is of another log")
	}
	if tree.N, err = decodeNumber(lines[1]); err == nil {
		tree.Hash, err = decodeHash(lines[2])
	}
	return tree, err
}

// describe reads the leaf, which is proven by now.
func describe(leaf []byte) (string, error) {
	lines := strings.Split(string(leaf), "\n")
	if len(lines) != 5 || lines[0] != "optout/leaf/v1" || lines[4] != "" {
		return "", errors.New("the leaf is not one of optout")
	}
	seconds, err := decodeNumber(lines[2])
	if err != nil {
		return "", err
	}
	return lines[1] + " of " + time.Unix(seconds, 0).UTC().Format(time.RFC3339), nil
}

func verify(text string, key note.Verifier) (string, error) {
	r, err := parse(text)
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(r.note, key)
	if err != nil {
		return "", err
	}
	if r.index >= tree.N {
		return "", errors.New("the index is not in the tree")
	}
	if err := tlog.CheckRecord(r.path, tree.N, tree.Hash, r.index, tlog.RecordHash(r.leaf)); err != nil {
		return "", err
	}
	said, err := describe(r.leaf)
	return fmt.Sprintf("ok %s, leaf %d of %d", said, r.index, tree.N), err
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: receipt VKEY FILE...")
		os.Exit(2)
	}
	key, err := note.NewVerifier(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "the key:", err)
		os.Exit(2)
	}
	status := 0
	for _, path := range os.Args[2:] {
		text, err := os.ReadFile(path)
		said := ""
		if err == nil {
			said, err = verify(string(text), key)
		}
		if err != nil {
			said, status = err.Error(), 1
		}
		fmt.Printf("%s: %s\n", path, said)
	}
	os.Exit(status)
}
