#!/usr/bin/env bash
# demo.sh [BIN]: real packets from a capture file are metered, exported over UDP, collected into an archive, filtered and
# ranked, all on this machine. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "${1:-target/release}" && pwd)
packets=tests/fixtures/real-traffic.pcap
archive=$(mktemp -d "${TMPDIR:-/tmp}/flow-demo.XXXXXX")
capture=
trap '[ -z "$capture" ] || kill "$capture" 2>/dev/null || true; rm -rf "$archive"' EXIT
PATH=$bin:$PATH

say() { printf '\n\033[1m$ %s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }

fail() { echo "demo: $*" >&2; exit 1; }

# The line of /proc/net/udp that is the collector's socket.
socket() { grep -i "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") " /proc/net/udp || true; }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
  local tries=$(($1 * 20)) what=$2
  shift 2
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "waited in vain for $what"
    kill -0 "$capture" 2>/dev/null || fail "flow-capture ended early"
    sleep 0.05
  done
}
listening() { [ -n "$(socket)" ]; }
drained() { [ "$(socket | awk '{ split($5, queue, ":"); print queue[2] }')" = 00000000 ]; }

port=$((20000 + RANDOM % 20000))
while [ -n "$(socket)" ]; do port=$((port + 1)); done

say "flow-capture -D -w ARCHIVE -n 8639 -z 6 127.0.0.1/0/$port &"
flow-capture -D -w "$archive" -n 8639 -z 6 "127.0.0.1/0/$port" &
capture=$!
wait_for 10 "the collector's socket" listening

say "flow-sensor -d -r $packets -v 5 -n 127.0.0.1:$port"
flow-sensor -d -r "$packets" -v 5 -n "127.0.0.1:$port" > "$archive/.sensor" 2>&1 || { cat "$archive/.sensor" >&2; fail "flow-sensor failed"; }
grep -E '^(Packets processed|IPv6 packets|Flows exported)' "$archive/.sensor" || true
rm -f "$archive/.sensor"
wait_for 10 "the collector to read everything" drained

kill "$capture"
wait "$capture" || fail "flow-capture failed"
capture=
say "find ARCHIVE -type f"
(cd "$archive" && find . -type f | sed 's|^\./||' | sort)

# The line that heads the columns, and the first rows.
rows() { grep -E '^# (IPaddr|port)|^[^#]' | sed -n "1,$1p"; }

say "flow-cat ARCHIVE | flow-filter -r6,17 | flow-stat -f9 -n -S2   # top talkers by octets"
flow-cat "$archive" | flow-filter -r6,17 | flow-stat -f9 -n -S2 | rows 7
say "flow-cat ARCHIVE | flow-filter -r6,17 -p1-1023 | flow-stat -f6 -n -S2   # top services by octets"
flow-cat "$archive" | flow-filter -r6,17 -p1-1023 | flow-stat -f6 -n -S2 | rows 8
