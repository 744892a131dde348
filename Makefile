# A short front for Meson. `make` builds build/optout; see HACKING.md.
BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
MESON  := meson

.PHONY: all check full asan tsan fuzz bench lint format install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
$(BUILD)/build.ninja:
	@$(MESON) setup $(BUILD) --prefix $(PREFIX) >/dev/null || \
	  { tail -n 20 $(BUILD)/meson-logs/meson-log.txt >&2; exit 1; }

check: all
	@test/run --build $(BUILD)
full: all
	@test/run --build $(BUILD) --full

# The same tests under the sanitizers.
asan:
	@[ -e build-asan/build.ninja ] || $(MESON) setup build-asan -Db_sanitize=address,undefined >/dev/null
	@ninja -C build-asan --quiet && test/run --build build-asan
tsan:
	@[ -e build-tsan/build.ninja ] || $(MESON) setup build-tsan -Db_sanitize=thread >/dev/null
	@ninja -C build-tsan --quiet && test/run --build build-tsan

fuzz:
	@fuzz/run
bench: all
	@bench/run
lint: all
	@tools/lint $(BUILD)
format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	@DESTDIR=$(DESTDIR) $(MESON) configure $(BUILD) --prefix $(PREFIX) >/dev/null
	@DESTDIR=$(DESTDIR) $(MESON) install -C $(BUILD) --quiet
clean:
	@rm -rf $(BUILD) build-asan build-tsan build-fuzz
