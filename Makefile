# SPDX-License-Identifier: MIT
.DEFAULT_GOAL := help
SHELL := /bin/bash
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo dev)
LAB := bin/lab
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

build: ## build bin/lab
	@mkdir -p bin
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(LAB) ./cmd/lab

engine: ## make sure that a Docker engine answers; install Debian's where that can be done
	@scripts/engine

demo: engine build ## stage 5 up, 20 s of load, the table of what it cost
	@scripts/demo

test: engine build lint unit cross e2e ## everything, on a fresh machine

unit: ## unit tests with the race detector; no engine needed
	go test -race $$(go list ./... | grep -v '/loadgen$$')
	go test -race ./loadgen # keeps to a schedule in real time, so nothing runs beside it

e2e: engine build ## scenarios on the real engine
	scripts/e2e

nightly: engine build ## the scenarios that .ci/run leaves out for time
	RUN="$$(scripts/slow)" scripts/e2e

test-stages: engine build ## all stages: up, loaded at 200 requests a second, down; a row a stage
	RUN='^TestStages$$' scripts/e2e

lint: ## gofmt, vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags e2e ./...
	go run $(STATICCHECK) -tags e2e ./...

cross: ## the CLI compiles for the systems that its users have
	GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/lab
	GOOS=windows GOARCH=amd64 go build -o /dev/null ./cmd/lab
	GOOS=linux GOARCH=arm64 go build -o /dev/null ./cmd/lab

golden: ## write the golden files anew; look at the difference before you commit it
	go test ./internal/engine ./internal/report ./internal/cli ./internal/tui -update

bench: engine build ## benchmarks side by side with what one would use instead (docs/benchmarks)
	docs/benchmarks/up

tables: engine build ## write the tables of the README and of the lessons from real runs (20 minutes)
	go run ./docs/measure

screens: ## draw the pictures of the live view anew, from the runs that ship with lab
	go run ./docs/screens

record-demo: engine build ## record the runs that ship with lab, on a quiet machine (10 minutes); then make golden screens
	scripts/record-demo

clean: ## remove what was built
	rm -rf bin artifacts

.PHONY: help build engine demo test nightly test-stages unit e2e lint cross golden bench tables screens record-demo clean
