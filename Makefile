# The one door, for people and CI.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
BENCH_VENV := target/bench-venv
LIBCHDB = $$(deploy/scripts/fetch-libchdb.sh)
NEXTEST := $(shell command -v cargo-nextest >/dev/null 2>&1 && echo "nextest run" || echo "test")

# What tests leave to chance is decided by the code: the same code is tested alike wherever it is, whatever is written
# beside it, and other code otherwise. Either may be set, to repeat a run.
CODE := bus dashboards decode ingest mapping model src storage stream tests Cargo.lock
HASH := $(shell git ls-tree HEAD $(CODE) 2>/dev/null | git hash-object --stdin | cut -c1-8)
test: export IOC_SEED ?= $(shell printf %d 0x$(HASH))
test: export PROPTEST_RNG_SEED ?= $(IOC_SEED)

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## fetch what is needed, build, start the demo
	@if [ -z "$${IOC_CLICKHOUSE_URL:-}" ]; then deploy/scripts/fetch-libchdb.sh >/dev/null; fi
	cargo build --release --locked
	exec target/release/ioc demo

check: ## formatting, the fuzz engine's lock file, lints, dependency direction
	cargo fmt --all --check
	cargo metadata --locked --format-version 1 --manifest-path fuzz/engine/Cargo.toml >/dev/null
	cargo clippy --workspace --all-targets --locked --features failpoints -- -D warnings
	python3 deploy/scripts/check_dependencies.py

web: ## build the page's bundle, which is committed
	cd dashboards/web && npm ci --ignore-scripts --no-audit --no-fund && npm run build

web-check: ## the committed bundle is what the sources make, and the page's types what openapi.json says
	cd dashboards/web && npm ci --ignore-scripts --no-audit --no-fund && npm run build
	git diff --exit-code --stat -- dashboards/web/src/api.ts
	test -z "$$(git status --porcelain -- dashboards/web/dist)" || { git status --short -- dashboards/web/dist; exit 1; }

$(VENV)/installed: tests/requirements.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

# So many processes run the end-to-end tests, a file at a time: most of their time is spent waiting.
PROCESSES ?= 2
# These keep the machine busy, or measure clocks against it, and have it for themselves.
APART := test_browser.py test_environment.py test_fire.py test_full_disk.py test_soak.py test_stopping_points.py

test: check web-check $(VENV)/installed ## every test
	@echo "IOC_SEED=$(IOC_SEED) PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED)"
	deploy/scripts/fetch-libchdb.sh >/dev/null
	cargo build --locked --workspace --features failpoints
	cargo build --locked --features failpoints --example fire_rumqttc
	cargo $(NEXTEST) --locked --workspace --features failpoints --no-fail-fast
	$(PYTHON) -m pytest tests -n $(PROCESSES) --dist loadfile --durations=25 $(APART:%=--ignore=tests/%)
	$(PYTHON) -m pytest $(APART:%=tests/%)

crash: $(VENV)/installed ## the fire test in its long form: KILLS kills and more (200); IOC_SEED repeats one
	deploy/scripts/fetch-libchdb.sh >/dev/null
	cargo build --locked --workspace --features failpoints
	cargo build --locked --features failpoints --example fire_rumqttc
	cd tests && ../$(PYTHON) -m fire.run --kills $${KILLS:-200}

SECONDS ?= 60

fuzz: ## search every fuzz target for SECONDS each (60); TARGETS="chunk frame" some of them
	SECONDS_EACH=$(SECONDS) fuzz/run $(TARGETS)

MINUTES ?= 30
SOAK = PYTHONPATH=tests $(PYTHON) -m soak --minutes $(MINUTES)

soak: $(VENV)/installed ## ClickHouse away, a crowd, a disk that stalls, for MINUTES each
	deploy/scripts/fetch-libchdb.sh >/dev/null
	cargo build --release --locked --features failpoints
	IOC_BINARY=$(CURDIR)/target/release/ioc $(SOAK) store-trouble crowd slow-disk

$(BENCH_VENV)/installed: benches/requirements.txt
	python3 -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt
	touch $@

# The product is built last: beside its benches it has more features of its dependencies.
bench: $(BENCH_VENV)/installed ## measure, peers beside; writes benches/RESULTS.md. CASES="w1 latency" measures some
	deploy/scripts/fetch-libchdb.sh >/dev/null
	cargo bench --no-run --locked --bench w1 --bench load
	cargo build --release --locked
	cargo build --release --locked --manifest-path benches/peers/prototype/Cargo.toml --target-dir target/prototype
	sync # what the builds wrote is not to be written while something is measured
	$(BENCH_VENV)/bin/python benches/run.py $(CASES)

.PHONY: help run check web web-check test crash fuzz soak bench
