# Two commands matter: `make run` and `make test`. The rest are parts of them.
# Everything lies in scripts/, so that each step can be run by itself.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PORT ?= 8080
DATA ?= data/demo
ARGS ?=

.PHONY: help run test long build web lint fmt generate bench sbom fuzz vuln clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: ## build everything and start the demonstration (PORT=, DATA=, ARGS="--points 2")
	@scripts/bootstrap.sh run
	@$(MAKE) --no-print-directory build
	@exec bin/phientoa demo --data-dir $(DATA) --port $(PORT) $(ARGS)

test: ## everything that must hold; PHASES="lint go-plain" for some of it
	@scripts/test.sh

long: ## test, and what is too slow for every commit
	@scripts/test.sh long

build: web ## bin/phientoa with the web application inside
	@scripts/build.sh

web: ## web/dist, when a source changed
	@scripts/web.sh build

lint: ## import bans, style, go.mod, length of files, shell scripts
	@scripts/lint.sh
	@scripts/shell.sh || [ $$? -eq 77 ]

fmt: ## format Go and TypeScript as lint wants it
	@scripts/tools.sh
	@.cache/bin/golangci-lint fmt ./...
	@cd web && npm run --silent format
	@cd test/e2e && ../../web/node_modules/.bin/biome format --write .

generate: ## protocol types and generated pages
	@scripts/generate.sh

vuln: ## known vulnerabilities that our code reaches
	@scripts/vuln.sh

bench: build ## our forwarding against plain Pion and the floor (ARGS=goals: beside the goals)
	@bin/phientoa bench $(ARGS)

sbom: build ## dist/sbom.json, what the binary is made of
	@scripts/sbom.sh

fuzz: ## every fuzz target for FUZZTIME (30s)
	@scripts/fuzz.sh $(or $(FUZZTIME),30s)

clean: ## what was built; the data of the demonstration stays
	@rm -rf bin web/dist/assets web/dist/index.html .cache test/e2e/results
