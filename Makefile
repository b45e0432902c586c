# The targets a developer needs; CI calls `make test`.
#
#   run     start the server on port 6379          check   format, lints, sizes, unit tests
#   test    everything that proves the server      bench   criterion benches
#   compat  the official Redis test suite          fuzz    cargo-fuzz, FUZZ_SECONDS per target
#   test-miri  the modules with unsafe code under Miri (slow)
#   test-loom  the lock of the workers in all interleavings
#   crash   servers killed amid writes, failing disks: the long run

SERVER := target/fast/ochre-server
REFERENCE ?= /usr/bin/redis-server
FUZZ_SECONDS ?= 60
CALLS ?= 30000
UNITS ?=
CRASH_KILLS ?= 200
MIRI_MODULES := entry:: encoding::block encoding::intset encoding::listpack encoding::quicklist \
	keyspace:: sorted:: table:: value::

.PHONY: run test check unit e2e workers clients differential compat bench fuzz test-miri test-loom crash server

run:
	cargo run --release -p ochre-server

server:
	cargo build --profile fast -p ochre-server -p ochre-tests

check:
	cargo fmt --all --check
	python3 tools/check_sources.py
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace --exclude ochre-tests

e2e: server
	cargo test --profile fast -p ochre-tests

# The same with several workers.
workers: server
	OCHRE_WORKERS=4 cargo test --profile fast -p ochre-tests
	OCHRE_WORKERS=4 target/fast/differential --calls $(CALLS) --reference $(REFERENCE)

clients: server
	tests/clients/run $(SERVER)

differential: server
	target/fast/differential --calls $(CALLS) --reference $(REFERENCE)

compat: server
	tcl-tests/run --binary $(SERVER) $(UNITS)

# In this order: the quickest to fail first.
test: check e2e workers clients differential compat

bench:
	cargo bench --workspace

fuzz:
	cd fuzz && for target in $$(cargo fuzz list); do \
		cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

# The modules with unsafe code. Entries and sorted sets keep addresses in integers; proptest reads files.
test-miri:
	MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance" \
		cargo +nightly miri test -p ochre-engine --lib -- $(MIRI_MODULES)
	cargo +nightly miri test -p ochre-sync --lib

# Kills servers amid writes and lets file calls fail, CRASH_KILLS times each.
crash: server
	CRASH_KILLS=$(CRASH_KILLS) cargo test --profile fast -p ochre-tests --test crash --test faults -- --nocapture

test-loom:
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p ochre-sync --release --test loom
