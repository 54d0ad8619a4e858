# Installing, and what is made for installing: manual pages, packages. The top Makefile includes this.
.PHONY: install uninstall settle man deb dist test-packages test-dist

# Manual pages come from --help and the references. MAN is a directory with ready ones, where the programs that are built run elsewhere only.
MAN     ?= $(B)/man
MANUALS := man1/groundnut-relay.1 man1/groundnut-agent.1 man5/relay.json.5 man5/agent.json.5
man: $(MAN)/groundnut-relay.1
$(B)/man/groundnut-relay.1: deploy/man relay/README.md agent/README.md deploy/relay.json deploy/agent.json $(B)/groundnut-relay $(B)/groundnut-agent
	@mkdir -p $(@D)
	$(call say,MAN $(@D))deploy/man $(B) $(@D)

SHARE   = $(DESTDIR)$(PREFIX)/share
LIBDIR  = $(DESTDIR)$(PREFIX)/lib
DOCDIR  = $(SHARE)/doc/groundnut
BASHDIR = $(SHARE)/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
DOCS    = $(wildcard *.md */README.md) LICENSE shared/tunnel/PROTOCOL.md tests/bench/README.md tests/bench/ratios.svg tests/bench/paths.svg deploy/relay.json \
	deploy/agent.json deploy/container/compose.yaml deploy/monitoring/alerts.yaml deploy/monitoring/grafana.json
# Installs $(1) as $(2), with the words between @ replaced.
put     = sed "s\#@PREFIX@\#$(PREFIX)\#g; s\#@PROGRAM@\#$$program\#g" $(1) | install -D -m 644 /dev/stdin $(2)
# Nothing is to be done on this machine when the files go elsewhere, or who installs is not root.
ours    = [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]
booted  = [ -d /run/systemd/system ]

install: all man
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(B)/groundnut-relay $(B)/groundnut-agent $(DESTDIR)$(PREFIX)/bin/
	set -e; for program in groundnut-relay groundnut-agent; do \
		for kind in service path; do $(call put,deploy/$$program.$$kind,$(LIBDIR)/systemd/system/$$program.$$kind); done; \
		$(call put,deploy/completion.bash,$(BASHDIR)/$$program); \
		$(call put,deploy/completion.zsh,$(DESTDIR)$(ZSHDIR)/_$$program); done
	set -e; for page in $(MANUALS); do install -D -m 644 $(MAN)/$${page#*/} $(SHARE)/man/$$page; done
	set -e; for kind in sysusers tmpfiles; do install -D -m 644 deploy/groundnut.$$kind $(LIBDIR)/$$kind.d/groundnut.conf; done
	install -D -m 644 deploy/groundnut.modules $(LIBDIR)/modules-load.d/groundnut.conf
	set -e; for file in $(DOCS); do install -D -m 644 $$file $(DOCDIR)/$$file; done
	@! { $(ours); } || $(MAKE) --no-print-directory settle

# The user, the directories, the congestion control; systemd is told of the units. Where it is not, the first two are made by other means.
settle:
	if command -v systemd-sysusers >/dev/null; then systemd-sysusers $(LIBDIR)/sysusers.d/groundnut.conf; \
	else id groundnut >/dev/null 2>&1 || useradd --system --home-dir /var/lib/groundnut --shell /usr/sbin/nologin groundnut; fi
	install -d -m 770 -o root -g groundnut /etc/groundnut
	install -d -m 700 -o groundnut -g groundnut /var/lib/groundnut
	-modprobe -q tcp_bbr
	! $(booted) || systemctl daemon-reload

# The configuration, the state and the user stay.
uninstall:
	! { $(ours) && $(booted); } || systemctl disable --now groundnut-relay.service groundnut-agent.service
	rm -f $(foreach program,groundnut-relay groundnut-agent,$(DESTDIR)$(PREFIX)/bin/$(program) $(LIBDIR)/systemd/system/$(program).service \
		$(LIBDIR)/systemd/system/$(program).path $(BASHDIR)/$(program) $(DESTDIR)$(ZSHDIR)/_$(program)) \
		$(addprefix $(SHARE)/man/,$(MANUALS)) $(patsubst %,$(LIBDIR)/%.d/groundnut.conf,sysusers tmpfiles modules-load)
	rm -rf $(DOCDIR)
	! { $(ours) && $(booted); } || systemctl daemon-reload

# Debian packages into build/deb, for this machine's architecture; ARCHES='amd64 arm64 armhf' makes others, too.
ARCHES ?=
deb:
	@deploy/deb $(ARCHES)
# As root: goes the README's way to the first page, and installs, upgrades, reboots and purges the packages on machines with a real systemd; builds and runs
# the containers.
test-packages: deb
	@deploy/install-deps packages
	@code=0; tests/packages/bootstrap || code=1; tests/packages/first_page || code=1; tests/packages/run || code=1; tests/packages/containers || code=1; BUILD=$(abspath $(B)) tests/packages/openwrt || code=1; exit $$code

# Static programs for Linux of any kind, into build/dist; ARCHES='x86_64 aarch64' makes some only.
dist:
	@deploy/dist $(ARCHES)
test-dist:
	@deploy/install-deps test test-dist
	@ARCHES='$(ARCHES)' tests/packages/static
