SHELL := bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# The race detector needs a C compiler; without one the same tests run without it.
RACE := $(shell command -v $${CC:-gcc} >/dev/null && echo -race)
GOFILES := find . -name '*.go' -not -path './.*'
LINT := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

.PHONY: build
build: ## build bin/medialift
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/medialift ./cmd/medialift

.PHONY: dist
dist: ## build release archives for six platforms into dist/, the same bytes for the same commit
	rm -rf dist
	go build -C tools -o ../bin/dist ./dist
	bin/dist

.PHONY: distcheck
distcheck: ## build one binary twice, in two directories, from nothing, and compare
	go build -C tools -o ../bin/dist ./dist
	bin/dist -check

.PHONY: demo
demo: build ## upload a real FiftyOne export to a directory: no account, no server
	@tools/demo.sh bin/medialift

.PHONY: test
test: ## run all tests but interop, with the race detector; fetches the servers they need
	gateway=$$(tools/versitygw.sh); export MEDIALIFT_TEST_VERSITYGW=$$gateway
	gcs=$$(tools/fakegcs.sh); export MEDIALIFT_TEST_FAKEGCS=$$gcs
	azure=$$(tools/azurite.sh); export MEDIALIFT_TEST_AZURITE=$$azure
	mongod=$$(tools/mongod.sh); export MEDIALIFT_TEST_MONGOD=$$mongod
	chromium=$$(tools/chromium.sh); export MEDIALIFT_TEST_CHROMIUM=$$chromium
	go build -C tools -o ../bin/testlog ./testlog
	go test $(RACE) -p $(PACKAGES) -timeout 50m -json ./... | bin/testlog

# How many packages are tested at a time: their tests often wait for servers.
PACKAGES ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 )))

.PHONY: interop
interop: build ## check against real FiftyOne and the clouds' own clients; makes its own Python environments and MongoDB
	venv=$$(interop/setup.sh); export MEDIALIFT_INTEROP_VENV=$$venv MEDIALIFT_INTEROP_BINARY=$(CURDIR)/bin/medialift
	clients=$$(interop/clients.sh); export MEDIALIFT_INTEROP_CLIENTS=$$clients
	gateway=$$(tools/versitygw.sh); export MEDIALIFT_TEST_VERSITYGW=$$gateway
	gcs=$$(tools/fakegcs.sh); export MEDIALIFT_TEST_FAKEGCS=$$gcs
	azure=$$(tools/azurite.sh); export MEDIALIFT_TEST_AZURITE=$$azure
	go build -C tools -o ../bin/testlog ./testlog
	go test -tags interop -count=1 -timeout 40m -json ./interop/... | bin/testlog

.PHONY: oldclients
oldclients: build ## let real old FiftyOne versions open, read and write what medialift makes for them (VERSIONS="0.17.2 1.1.0", default all; TABLE=FILE, or - to print it)
	mongod=$$(tools/mongod.sh); export MEDIALIFT_TEST_MONGOD=$$mongod MEDIALIFT_INTEROP_BINARY=$(CURDIR)/bin/medialift
	if [ -n "$(TABLE)" ]; then venv=$$(interop/setup.sh); export MEDIALIFT_INTEROP_VENV=$$venv; fi
	go test -tags oldclients -count=1 -v -timeout 600m ./interop/oldclients -versions "$(VERSIONS)" -table "$(if $(filter -,$(TABLE)),-,$(abspath $(TABLE)))"

VERSIONS ?=
TABLE ?=

.PHONY: chaos
chaos: ## kill lifts at random and compare with undisturbed ones; random sequences of commands and their laws (TRIALS=100 SEQUENCES=200 SEED=… FOR=18m JOURNEY=…)
	gateway=$$(tools/versitygw.sh); export MEDIALIFT_TEST_VERSITYGW=$$gateway
	mongod=$$(tools/mongod.sh); export MEDIALIFT_TEST_MONGOD=$$mongod
	go test ./internal/chaos -count=1 -v -timeout 60m -run '^Test(Chaos|Sequences)$$' -trials $(TRIALS) -sequences $(SEQUENCES) -seed $(SEED) -for $(FOR) -journey "$(JOURNEY)"
	go test ./cmd/medialift -count=1 -v -timeout 60m -run '^TestKilled' -kills 20
	go test ./dbmigrate/runner -count=1 -v -timeout 60m -run '^Test(Interrupted|UnfinishedButEdited)$$' -trials 1

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME, print how often each was executed (FUZZTIME=60s FUZZ=regexp)
	go build -C tools -o ../bin/fuzz ./fuzz
	bin/fuzz -time "$(FUZZTIME)" -run "$(FUZZ)"

FUZZTIME ?= 60s
FUZZ ?=

TRIALS ?= 100
SEQUENCES ?= 200
SEED ?= 0
FOR ?= 18m

.PHONY: bench
bench: build ## compare with s5cmd, rclone, boto3 where they are found, and FiftyOne; prints tables (BENCH="-scale 0.1" for less)
	@gateway=$$(tools/versitygw.sh) || { gateway=; echo "bench: no versitygw, so no rows with a real server" >&2; }
	venv=$$(interop/setup.sh) || { venv=; echo "bench: no FiftyOne, so no tables of a database" >&2; }
	go build -C tools -o ../bin/bench ./bench
	bin/bench -medialift bin/medialift -versitygw "$$gateway" -fiftyone "$$venv" $(BENCH)

.PHONY: docs
docs: ## write docs/reference, docs/man and what commands print in the guides anew
	mongod=$$(tools/mongod.sh); export MEDIALIFT_TEST_MONGOD=$$mongod
	gateway=$$(tools/versitygw.sh); export MEDIALIFT_TEST_VERSITYGW=$$gateway
	go test -count=1 ./cmd/medialift -run '^Test(Reference|Guides)' -update
	go test -count=1 -run '^TestHouse' .
	go test -count=1 ./cmd/medialift -run '^Test(Reference|Guides|CommandLines)'

.PHONY: check
check: ## gofmt, go vet here and for Windows and macOS, linters, tidy go.mod files, the rules of doc.go and CONTRIBUTING.md
	@step() { echo "-- $$*"; "$$@"; }
	unformatted=$$($(GOFILES) | xargs -r gofmt -l)
	if [ -n "$$unformatted" ]; then echo "make fmt would change:"; echo "$$unformatted"; exit 1; fi
	step go vet ./...
	step go vet -tags interop,oldclients ./interop/...
	for system in windows/amd64 darwin/arm64; do step env CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} go vet ./...; done
	step go mod tidy -diff
	step go mod verify
	step go -C tools mod tidy -diff
	step go test -C tools ./...
	step go test -count=1 -run '^Test(Layers|House)' .
	step go test -count=1 -run '^Test(Reference|CommandLines)' ./cmd/medialift
	step $(LINT) run

.PHONY: fmt
fmt: ## format the Go files
	$(GOFILES) | xargs -r gofmt -w

.PHONY: clean
clean: ## remove what was built here; caches outside the tree stay
	rm -rf bin dist
