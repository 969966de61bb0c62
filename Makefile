# make            build the programs (target/release)
# make demo       capture, collect, filter and rank real traffic on this machine
# make test       run all tests
# make install    install programs, man pages, completions and name tables below PREFIX (and DESTDIR)
# make docs       make man pages and completions anew, after changes to the programs' arguments
# make clean      remove what was built

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
CARGO   ?= $(shell command -v cargo || echo "$$HOME/.cargo/bin/cargo")
INSTALL ?= install

PROGRAMS := $(patsubst src/bin/%.rs,%,$(wildcard src/bin/*.rs))

BASHDIR := $(DATADIR)/bash-completion/completions
ZSHDIR  := $(DATADIR)/zsh/site-functions
FISHDIR := $(DATADIR)/fish/vendor_completions.d
SYMDIR  := $(DATADIR)/flow-tools/sym

.PHONY: all demo test install uninstall docs clean linker

all: linker
	$(CARGO) build --release --bins

# Rust brings everything but a linker.
linker:
	@contrib/need.sh cc gcc libc6-dev

demo: all
	@contrib/demo.sh target/release

# RRDs are made, and read again, by rrdtool itself.
test: linker
	@contrib/need.sh rrdtool rrdtool
	$(CARGO) test

docs: linker
	$(CARGO) run --quiet --example docs

install: all
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(SYMDIR)"
	for p in $(PROGRAMS); do $(INSTALL) -s -m 755 "target/release/$$p" "$(DESTDIR)$(BINDIR)/" || exit 1; done
	$(INSTALL) -m 644 share/sym/*.sym "$(DESTDIR)$(SYMDIR)/"
	for n in 1 5 7; do \
	  for page in man/*.$$n; do \
	    [ -e "$$page" ] || continue; \
	    $(INSTALL) -d "$(DESTDIR)$(MANDIR)/man$$n" && \
	    $(INSTALL) -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$$n/" || exit 1; \
	  done; \
	done
	$(INSTALL) -d "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)"
	$(INSTALL) -m 644 completions/bash/* "$(DESTDIR)$(BASHDIR)/"
	$(INSTALL) -m 644 completions/zsh/* "$(DESTDIR)$(ZSHDIR)/"
	$(INSTALL) -m 644 completions/fish/* "$(DESTDIR)$(FISHDIR)/"

uninstall:
	for p in $(PROGRAMS); do \
	  rm -f "$(DESTDIR)$(BINDIR)/$$p" "$(DESTDIR)$(MANDIR)/man1/$$p.1" "$(DESTDIR)$(BASHDIR)/$$p" \
	    "$(DESTDIR)$(ZSHDIR)/_$$p" "$(DESTDIR)$(FISHDIR)/$$p.fish"; \
	done
	for page in man/*.5 man/*.7; do \
	  [ -e "$$page" ] || continue; rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; \
	done
	rm -rf "$(DESTDIR)$(DATADIR)/flow-tools"

clean:
	$(CARGO) clean
