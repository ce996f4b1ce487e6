// Package chaos disturbs the built binary at random and holds the end against an
// undisturbed run: the same objects, the same documents, and nothing else left.
//
// All of it is a test. A trial takes a journey (the commands that move datasets
// from database A to a bucket and database B), draws faults, and runs the command
// again and again until it is done:
//
//	go test ./internal/chaos -v -trials 20
//	go test ./internal/chaos -v -trials 1 -seed 1234
//
// What can go wrong is the process itself (killed, interrupted, stopped for a
// while, started twice), the way to the bucket (internal/faultproxy), the way to
// each database, and their servers, which are killed and come back. Besides moments
// drawn from the clock, faults wait for the n-th request or the n-th write, before
// or after the server has done what it says, so that short phases are hit too.
//
// TestSequences asks another question: not whether one journey ends well, but
// whether any row of commands does. It draws commands over three datasets that share
// targets, kills some of them, lets other clients change objects and files between
// them, and checks laws after every step: each path names the bytes that its sample
// had, nothing that a dataset names was deleted, a refusal has changed nothing, and
// verify says ok exactly when all is well.
package chaos
