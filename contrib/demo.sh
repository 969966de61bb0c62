#!/usr/bin/env bash
# demo.sh [BIN]: real packets from a capture file are metered, exported over UDP, collected into an archive, filtered and
# ranked, all on this machine; then graphed, together with a day of made-up flows, as a page. Leaves nothing else behind.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "${1:-target/release}" && pwd)
packets=tests/fixtures/real-traffic.pcap
page=${2:-target/demo}
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

# A day until now as CSV: people work by day, backups run by night, and more comes in than goes out.
a_day() {
  awk -v now="$(date +%s)" '
    function flow(at, from, to, port, way, octets) {
      split(way ? to " " from " 50000 " port : from " " to " " port " 50000", f, " ")
      printf "%d,0,1000,127.0.0.1,%d,%d,0,1000,%s,%s,%s,%s,6\n", at, 1 + octets / 900, octets, f[1], f[2], f[3], f[4]
    }
    BEGIN {
      srand(1)
      print "#:unix_secs,unix_nsecs,sysuptime,exaddr,dpkts,doctets,first,last,srcaddr,dstaddr,srcport,dstport,prot"
      split("443 25 53 22 993", ports, " "); split("60 9 2 14 6", weights, " ")
      for (at = now - 86000; at < now - 300; at += 60) {
        day = 1 + sin((at % 86400) / 86400 * 6.283 - 2)
        for (s = 1; s <= 5; s++) {
          noise[s] = noise[s] * 0.9 + rand() - 0.5
          octets = weights[s] * 1e6 * (0.15 + day) * (1 + noise[s] / 4)
          for (way = 0; way < 2; way++)
            flow(at, "198.51.100." s, "192.0.2." int(rand() * 250 + 2), ports[s], way, octets / (way ? 4 : 1))
        }
        if (day < 0.25) flow(at, "198.51.100.9", "192.0.2.200", 873, 1, 9e7 * (0.8 + rand() / 4))
      }
    }'
}

# 192.0.2.0/24 is inside; RRDs go where the archive goes.
cat > "$archive/CUFlow.cf" <<END
Subnet 192.0.2.0/24
Network 192.0.2.0/25 office
Network 192.0.2.128/25 guests
Service 80/tcp,443/tcp web
Service 25/tcp,993/tcp mail
Service 53/udp,53/tcp dns
Service 22/tcp ssh
Service 873/tcp backup
Protocol tcp
Protocol udp
Protocol icmp
OutputDir $archive/rrds
Scoreboard 10 $archive/boards $archive/boards/latest.html
END
a_day | flow-import -f csv -z 6 > "$archive/day"
say "flow-scan --flush -c CUFlow.cf DAY ARCHIVE"
flow-scan --flush -c "$archive/CUFlow.cf" "$archive/day" "$archive/20"* | sed -n "s|$archive/||g; s/^[0-9/]* [0-9:]* \\(.* took \\)/\\1/p"
say "flow-graph -c CUFlow.cf --site $page"
flow-graph -c "$archive/CUFlow.cf" --site "$page"
echo "see a made-up day, and the packets above at its end: file://$(cd "$page" && pwd)/index.html"
