#!/bin/sh
# What collectors lose: blasts NetFlow 5 or 9 at each of them at a fixed rate, and counts what they stored.
#
#   benches/capture.sh [FLOWS_A_SECOND [SECONDS [ENGINES [FLOW_FILE]]]]
#   PROTOCOL=9 benches/capture.sh [FLOWS_A_SECOND [SECONDS [SOURCES]]]
#
# Defaults: 1000000 flows a second, 10 seconds, one engine, made-up flows; of NetFlow 9 by a template of 20 fields.
# Needs release builds of flow-capture, flow-header and the examples blast and blast9; nfcapd and nfdump are measured
# too if they are installed. CPU is told twice: until the flows were received, and until the collector had ended, when
# modern files have been rewritten. Files go to BENCH_DIR
# (default: a folder in /dev/shm or /tmp). Set BIN to try other builds, USER_PREFIX to run collectors as another user
# (such as "setpriv --reuid 65534 --clear-groups", who has no larger socket buffer than the system grants anyone).
set -eu
rate=${1:-1000000} seconds=${2:-10} engines=${3:-1} flows=${4:-}
here=$(cd "$(dirname "$0")/.." && pwd)
bin=${BIN:-$here/target/release}
port=${PORT:-29871} protocol=${PROTOCOL:-5}
blast=$bin/examples/blast
[ "$protocol" = 5 ] || blast=$bin/examples/blast$protocol
dir=$(mktemp -d "${BENCH_DIR:-$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)}/capture-XXXXXX")
chmod 755 "$dir"
pid=
trap '[ -z "$pid" ] || kill -9 $pid 2>/dev/null; rm -rf "$dir"' EXIT
ticks=$(getconf CLK_TCK)

# The CPU seconds a process has used.
cpu() { awk -v t="$ticks" '{ sub(/.*\) /, ""); printf "%.2f", ($12 + $13) / t }' "/proc/$1/stat"; }

# Those of all children that have ended.
ended() { awk -v t="$ticks" '{ sub(/.*\) /, ""); printf "%.2f", ($14 + $15) / t }' /proc/$$/stat; }

# collector NAME COUNT_COMMAND COMMAND...: runs it, blasts, ends it, prints a line.
collector() {
    name=$1 count=$2
    shift 2
    rm -rf "$dir/flows" && mkdir -m 777 "$dir/flows"
    ${USER_PREFIX:-} "$@" >"$dir/log" 2>&1 &
    pid=$!
    sleep 1
    sent=$("$blast" "127.0.0.1:$port" "$rate" "$seconds" "$engines" ${flows:+"$flows"})
    sleep 2
    used=$(cpu $pid)
    peak=$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$pid/status")
    before=$(ended)
    kill $pid
    wait $pid 2>/dev/null || true
    all=$(awk -v a="$before" -v b="$(ended)" 'BEGIN { print b - a }')
    pid=
    stored=$(eval "$count")
    size=$(du -sb "$dir/flows" | cut -f1)
    echo "$sent" | awk -v name="$name" -v stored="${stored:-0}" -v used="$used" -v all="$all" -v peak="$peak" -v size="$size" '{
        printf "%-18s %9d flows/s  sent %10d  stored %10d  lost %9d (%.3f %%)  %6.1f, %6.1f ns CPU a flow  %5.1f octets a flow  %d MiB\n",
            name, $6, $1, stored, $1 - stored, ($1 - stored) * 100 / $1, used * 1e9 / $1, all * 1e9 / $1, stored ? size / stored : 0, peak
    }'
}

ours="$bin/flow-header $dir/flows/* | awk '/capture flows/ { n += \$4 } END { print n }'"
if [ "$protocol" = 5 ]; then
    for level in 0 1 6; do
        collector "flow-capture -z$level" "$ours" \
            "$bin/flow-capture" -D -N0 -z$level -w "$dir/flows" "127.0.0.1/0/$port"
    done
fi
# Tags by prefix and by port, and a filter that every flow passes, on each: what they cost, and that nothing is lost.
cat >"$dir/filter.cfg" <<'END'
filter-primitive NOT-DOCUMENTATION
  type ip-address-prefix
  default permit
  deny 203.0.113.0/24
  deny 2001:db8::/32
filter-primitive NOT-DISCARD
  type ip-port
  default permit
  deny 9
filter-definition default
  match ip-source-address NOT-DOCUMENTATION
  match ip-destination-address NOT-DOCUMENTATION
  or
  match ip-destination-port NOT-DISCARD
END
cat >"$dir/tag.cfg" <<'END'
tag-action PLACES
  type prefix
  match 10.0.0.0/8 set-source 1
  match 172.16.0.0/12 set-source 2
  match 192.168.0.0/16 set-source 3
  match 10.0.0.0/8 set-destination 1
tag-action SERVICES
  type tcp-destination-port
  match 80 or-destination 0x100
  match 443 or-destination 0x200
tag-definition default
  term
    action PLACES
    action SERVICES
END
for form in "-z1" "-V10"; do
    collector "... $form -f" "$ours" \
        "$bin/flow-capture" -D -N0 $form -f "$dir/filter.cfg" -w "$dir/flows" "127.0.0.1/0/$port"
    collector "... $form -t -f" "$ours" \
        "$bin/flow-capture" -D -N0 $form -t "$dir/tag.cfg" -f "$dir/filter.cfg" -w "$dir/flows" "127.0.0.1/0/$port"
done
for codec in none lz4 zstd; do
    collector "flow-capture $codec" "$ours" \
        "$bin/flow-capture" -D -N0 -V10 --codec $codec -w "$dir/flows" "127.0.0.1/0/$port"
done
if command -v nfcapd >/dev/null; then
    theirs="nfdump -I -R $dir/flows | awk '/^Flows:/ { print \$2 }'"
    # Its own default socket buffer, and as much as anyone may have; with its fastest compression too.
    most=$(cat /proc/sys/net/core/rmem_max)
    collector "nfcapd" "$theirs" nfcapd -b 127.0.0.1 -p "$port" -w "$dir/flows" -t 3600
    collector "nfcapd -B" "$theirs" nfcapd -B "$most" -b 127.0.0.1 -p "$port" -w "$dir/flows" -t 3600
    collector "nfcapd -B -y (LZ4)" "$theirs" nfcapd -B "$most" -y -b 127.0.0.1 -p "$port" -w "$dir/flows" -t 3600
fi
