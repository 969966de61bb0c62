# make            build the programs (target/release)
# make demo       capture, collect, filter and rank real traffic on this machine, and make a page of graphs
# make test       run all tests
# make install    install programs, man pages, completions, name tables and systemd units below PREFIX (and DESTDIR);
#                 with COMPAT=1 also the names softflowd, softflowctl and flowdumper
# make uninstall  remove what was installed
# make docs       make man pages and completions anew, after changes to the programs' arguments
# make clean      remove what was built

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
CARGO   ?= $(shell command -v cargo || echo "$$HOME/.cargo/bin/cargo")
INSTALL ?= install
# Where the programs are built, and how they are installed: without what only debuggers want.
BUILD   ?= target/release
INSTALL_PROGRAM ?= $(INSTALL) -s -m 755

PROGRAMS := $(patsubst src/bin/%.rs,%,$(wildcard src/bin/*.rs))

BASHDIR := $(DATADIR)/bash-completion/completions
ZSHDIR  := $(DATADIR)/zsh/site-functions
FISHDIR := $(DATADIR)/fish/vendor_completions.d
SYMDIR  := $(DATADIR)/flow-tools/sym
UNITDIR := $(PREFIX)/lib/systemd/system
USERDIR := $(PREFIX)/lib/sysusers.d

UNITS := $(wildcard contrib/*.service contrib/*.timer)
# Names of other programs that ours answer to, each with ours: as in src/cli/links.rs.
LINKS := softflowd=flow-sensor softflowctl=flow-sensorctl flowdumper=flow-print

.PHONY: all demo test install uninstall docs clean linker rrdtool

all: linker
	$(CARGO) build --release --bins

# Rust brings everything but a linker.
linker:
	@contrib/need.sh cc gcc libc6-dev

# RRDs are made, and read again, by rrdtool itself.
rrdtool:
	@contrib/need.sh rrdtool rrdtool

demo: rrdtool all
	@contrib/demo.sh target/release

test: linker rrdtool
	$(CARGO) test --no-fail-fast

docs: linker
	$(CARGO) run --quiet --example docs

install: $(if $(filter target/release,$(BUILD)),all)
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(SYMDIR)"
	for p in $(PROGRAMS); do $(INSTALL_PROGRAM) "$(BUILD)/$$p" "$(DESTDIR)$(BINDIR)/" || exit 1; done
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
	$(INSTALL) -d "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(USERDIR)"
	$(INSTALL) -m 644 $(UNITS) "$(DESTDIR)$(UNITDIR)/"
	$(INSTALL) -m 644 contrib/flow-tools.sysusers "$(DESTDIR)$(USERDIR)/flow-tools.conf"
ifeq ($(COMPAT),1)
	for link in $(LINKS); do \
	  ln -sf "$${link#*=}" "$(DESTDIR)$(BINDIR)/$${link%=*}" && \
	  ln -sf "$${link#*=}.1" "$(DESTDIR)$(MANDIR)/man1/$${link%=*}.1" || exit 1; \
	done
endif

# Names of other programs are removed only where they are links to ours.
uninstall:
	for link in $(LINKS); do \
	  for name in "$(BINDIR)/$${link%=*}" "$(MANDIR)/man1/$${link%=*}.1"; do \
	    case $$(readlink "$(DESTDIR)$$name") in "$${link#*=}"|"$${link#*=}.1") rm -f "$(DESTDIR)$$name";; esac; \
	  done; \
	done
	for unit in $(notdir $(UNITS)); do rm -f "$(DESTDIR)$(UNITDIR)/$$unit"; done
	rm -f "$(DESTDIR)$(USERDIR)/flow-tools.conf"
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
