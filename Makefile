# The targets a developer needs; CI calls `make test`.
#
#   run     start the server on port 6379          check   format, lints, layers, docs, unit tests
#   test    everything that proves the server      bench   criterion benches
#   compat  the official Redis test suite          fuzz    cargo-fuzz, FUZZ_SECONDS per target
#   test-miri  the modules with unsafe code under Miri (slow)
#   test-loom  the locks, run permits and mailboxes of the workers in all interleavings
#   test-tsan  a server with four workers under ThreadSanitizer (nightly, rust-src)
#   stress  latencies of simple commands beside exclusive ones, STRESS_SECONDS each way
#   linear  the long run for linearizability, LINEAR_SECONDS for each number of workers
#   crash   servers killed amid writes, failing disks: the long run
#   conf    ochre.conf and the completion against the directives of the server
#   deny    licenses, sources and versions of third-party crates (cargo-deny)
#   install the release build with its files below DESTDIR and PREFIX; ALIASES=1 adds the names of Redis
#   deb     a Debian package (cargo-deb)

SERVER := target/fast/ochre-server
REFERENCE ?= /usr/bin/redis-server
FUZZ_SECONDS ?= 60
CALLS ?= 30000
UNITS ?=
CRASH_KILLS ?= 200
STRESS_SECONDS ?= 60
LINEAR_SECONDS ?= 600
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system
ALIASES ?=
MIRI_MODULES := entry:: encoding::block encoding::intset encoding::listpack encoding::quicklist \
	keyspace:: sorted:: table:: value::

.PHONY: run test check unit e2e workers clients differential compat bench fuzz test-miri test-loom test-tsan stress linear crash server \
	conf deny release install deb

run:
	cargo run --release -p ochre-server

server:
	cargo build --profile fast -p ochre-server -p ochre-tests

check:
	cargo fmt --all --check
	python3 tools/check_sources.py
	python3 tools/test_imports.py
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
	cargo test --workspace --exclude ochre-tests

e2e: server
	cargo test --profile fast -p ochre-tests

# The same with several workers.
workers: server
	OCHRE_WORKERS=4 cargo test --profile fast -p ochre-tests
	OCHRE_WORKERS=4 target/fast/differential --calls $(CALLS) --reference $(REFERENCE)

conf: server
	tools/check_conf.py $(SERVER)

clients: server
	tests/clients/run $(SERVER)

differential: server
	target/fast/differential --calls $(CALLS) --reference $(REFERENCE)

compat: server
	tcl-tests/run --binary $(SERVER) $(UNITS)

# In this order: the quickest to fail first.
test: check conf e2e workers clients differential compat

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
	MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance -Zmiri-ignore-leaks" \
		cargo +nightly miri test -p ochre-engine --lib -- --include-ignored --exact \
		table::tests::a_forgotten_guard_leaks_its_entry_and_nothing_worse
	cargo +nightly miri test -p ochre-sync --lib

# Kills servers amid writes and lets file calls fail, CRASH_KILLS times each.
crash: server
	CRASH_KILLS=$(CRASH_KILLS) cargo test --profile fast -p ochre-tests --test crash --test faults -- --nocapture

test-loom:
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p ochre-sync --release --test loom

# Fences are the one thing that ThreadSanitizer does not understand; nothing here is ordered by a fence alone. It
# uses the system's allocator (see alloc.rs), so tests that look at used_memory are left out. It knows at most 64
# locks per thread, and a fork takes all of jemalloc's. Reports are kept in files, because tests kill their servers.
TSAN_TESTS := basics shared_mode blocking transactions pubsub protocol append_only log_order snapshots linearizability stress
TSAN_TARGET := x86_64-unknown-linux-gnu
TSAN_LOG := $(CURDIR)/target/tsan/races

test-tsan:
	RUSTFLAGS="-Zsanitizer=thread --cfg tsan" CARGO_TARGET_DIR=target/tsan cargo +nightly build \
		-Zbuild-std=std,panic_abort --target $(TSAN_TARGET) --profile fast -p ochre-server
	rm -rf $(TSAN_LOG) && mkdir -p $(TSAN_LOG)
	TSAN_OPTIONS="log_path=$(TSAN_LOG)/of suppressions=$(CURDIR)/tools/tsan.suppressions history_size=4 \
		detect_deadlocks=0 die_after_fork=0" \
		OCHRE_SERVER=$(CURDIR)/target/tsan/$(TSAN_TARGET)/fast/ochre-server OCHRE_WORKERS=4 \
		cargo test --profile fast -p ochre-tests $(addprefix --test ,$(TSAN_TESTS)) -- --test-threads 2
	! cat $(TSAN_LOG)/* 2>/dev/null

stress: server
	OCHRE_STRESS_SECONDS=$(STRESS_SECONDS) \
		cargo test --profile fast -p ochre-tests --test stress -- --nocapture --test-threads 1

linear: server
	OCHRE_LINEAR_SECONDS=$(LINEAR_SECONDS) \
		cargo test --profile fast -p ochre-tests --test linearizability -- --nocapture --test-threads 1

# The database of advisories needs a network; everything else does not.
deny:
	cargo fetch --locked
	cargo deny --offline check licenses bans sources

RELEASE := $(or $(CARGO_TARGET_DIR),target)/release/ochre-server
BINDIR := $(DESTDIR)$(PREFIX)/bin
SHAREDIR := $(DESTDIR)$(PREFIX)/share
CONF := $(DESTDIR)$(SYSCONFDIR)/ochre/ochre.conf

release:
	cargo build --release --locked -p ochre-server

# Builds nothing, so that it can run as another user than the build: `make release && sudo make install`.
# A configuration that is there already is left alone.
install:
	@test -x $(RELEASE) || { echo "$(RELEASE) is missing: run make release first" >&2; exit 1; }
	install -D -m 755 $(RELEASE) $(BINDIR)/ochre-server
	ln -sf ochre-server $(BINDIR)/ochre-check-aof
	ln -sf ochre-server $(BINDIR)/ochre-check-rdb
	$(if $(ALIASES),for name in server check-aof check-rdb; do \
		ln -sf ochre-server $(BINDIR)/redis-$$name || exit 1; done)
	test -e $(CONF) || install -D -m 640 ochre.conf $(CONF)
	install -d $(SHAREDIR)/man/man1
	install -m 644 man/*.1 $(SHAREDIR)/man/man1
	install -D -m 644 completions/ochre-server.bash $(SHAREDIR)/bash-completion/completions/ochre-server
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/bin/|$(PREFIX)/bin/|; s|/etc/ochre|$(SYSCONFDIR)/ochre|g' packaging/ochre.service \
		>$(DESTDIR)$(UNITDIR)/ochre.service

deb:
	cargo deb --locked -p ochre-server
