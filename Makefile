# The tiers of tests and tools. Plain go commands work too: `go test ./...` needs Go and nothing else.

GO ?= go

.PHONY: build test race fuzz truth crash bench lint interop demo docs

build: ## the static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o radiograph ./cmd/radiograph

test: ## what every change runs
	$(GO) test ./...

race: ## the same with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

# Each fuzz target runs for FUZZTIME; a crash is written to its package's testdata.
FUZZTIME ?= 30s
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

# Generated traces, and what the API says of them against brute force; again with
# a SEED that failed.
SEED ?= 1
TRACES ?= 3000
truth:
	RADIOGRAPH_TRUTH_SEED=$(SEED) RADIOGRAPH_TRUTH_TRACES=$(TRACES) RADIOGRAPH_TRUTH_QUESTIONS=400 $(GO) test -count=1 -timeout 60m ./truth

# kill -9 at random moments, ROUNDS times, then everything acknowledged must be there.
ROUNDS ?= 200
crash:
	RADIOGRAPH_CRASH_ROUNDS=$(ROUNDS) $(GO) test -count=1 -timeout 60m -v -run Crash ./...

COUNT ?= 1
bench:
	$(GO) test -run '^$$' -bench . -count $(COUNT) ./...

lint: ## gofumpt, vet, staticcheck, the import table
	@unformatted="$$($(GO) tool -modfile=tools/go.mod gofumpt -l .)"; \
	  test -z "$$unformatted" || { echo "$$unformatted"; echo "not formatted: $(GO) tool -modfile=tools/go.mod gofumpt -w ."; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	$(GO) test -run '^TestImports$$' .

interop: ## the real clients; each sets itself up, and none may be missing
	RADIOGRAPH_CLIENTS=require $(GO) test -count=1 -timeout 60m ./interop/...

demo:
	$(GO) run ./cmd/radiograph demo

docs: ## docs/compatibility.md from the tables of operations
	$(GO) run ./cmd/radiograph compatibility > docs/compatibility.md.new
	mv docs/compatibility.md.new docs/compatibility.md
