package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// An s3Access is how S3-compatible services are asked.
type s3Access struct {
	endpoint   string
	addressing string
	payer      string
}

// add declares the flags; what is what they are for, or nothing.
func (s *s3Access) add(f *pflag.FlagSet, what string) {
	f.StringVar(&s.endpoint, "endpoint-url", "", "`URL` of an S3-compatible service"+what)
	f.Var(&oneOf{&s.addressing, "auto", []string{"auto", "path", "virtual"}}, "addressing", "where S3 URLs name the bucket: auto, path, or virtual for the host name")
	f.Var(&oneOf{&s.payer, "", []string{requester, "true", "false"}}, "request-payer", "who pays for requests to an S3 bucket: `requester`, where its owner does not")
	f.Lookup("request-payer").NoOptDefVal = requester
}

const requester = "requester"

// paysItself tells whether the requester is to pay.
func (s *s3Access) paysItself() bool { return s.payer == requester || s.payer == "true" }

// A oneOf is the value of a flag that has some words to choose from.
type oneOf struct {
	to      *string
	usual   string
	allowed []string
}

// String is the word chosen, or the usual one.
func (o *oneOf) String() string {
	if o.to == nil || *o.to == "" {
		return o.usual
	}
	return *o.to
}

// Set takes one of the words.
func (o *oneOf) Set(word string) error {
	if !slices.Contains(o.allowed, word) {
		return errors.New("use one of: " + strings.Join(o.allowed, " "))
	}
	*o.to = word
	return nil
}

// Type is what help calls the value.
func (o *oneOf) Type() string { return "string" }

// joined joins a flag whose value may be left out to the value that other programs
// have stand beside it: --request-payer requester.
func joined(args []string) []string {
	for i := 0; i+1 < len(args) && args[i] != "--"; i++ {
		if args[i] == "--request-payer" && args[i+1] == requester {
			args = slices.Concat(args[:i], []string{args[i] + "=" + requester}, args[i+2:])
		}
	}
	return args
}
