#!/usr/bin/env bash
# How fast a capture file is metered, by one core: flow-sensor beside softflowd and nfpcapd.
#
#   benches/sensor.sh [PACKETS [FLOWS]]
#
# Default: ten million frames of 64 octets (60 in the file) over a million flows, heavy-tailed, from examples/synth; in
# the page cache. Each line is the median of RUNS [least, greatest] in seconds, packets a second by it, CPU seconds a
# million packets, and the greatest memory. Flows are exported in each: written as a flow file of version 5 or 10, or
# sent to a port of this machine where nobody listens. Then the slope between PACKETS and three times as many, which
# leaves start and end out, and a flood: as many flows as packets, with addresses and ports chosen against the hash.
#
# RUNS=5        of flow-sensor; the peers run once
# CORE=0        the processor everything runs on
# PEERS="softflowd nfpcapd"
# BIN=folder    other builds than target/release
set -euo pipefail
export LC_ALL=C TZ=UTC PATH="$PATH:/usr/sbin:/sbin"
packets=${1:-10000000} flows=${2:-1000000}
runs=${RUNS:-5} core=${CORE:-0} peers=${PEERS:-softflowd nfpcapd}
here=$(cd "$(dirname "$0")/.." && pwd)
bin=$(cd "${BIN:-$here/target/release}" && pwd)
for program in flow-sensor flow-stat examples/synth; do
    [ -x "$bin/$program" ] || { echo "sensor.sh: $bin/$program is not there: cargo build --release --bins --example synth" >&2; exit 1; }
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/sensor-XXXXXX")
trap 'rm -rf "$dir"' EXIT
room=$((flows + flows / 4))

# Prints: NAME, then what of the runs.
measure() {
    local name=$1 count=$2 times=$3
    shift 3
    : >"$dir/times"
    for _ in $(seq "$times"); do
        /usr/bin/time -a -o "$dir/times" -f '%e %U %S %M' taskset -c "$core" "$@" >"$dir/out" 2>&1 || true
    done
    sort -n "$dir/times" | awk -v name="$name" -v packets="$count" '
        { wall[NR] = $1; cpu[NR] = $2 + $3; if ($4 > memory) memory = $4 }
        END {
            m = int((NR + 1) / 2)
            printf "%-34s %6.2f [%.2f %.2f] s  %6.2f M packets/s  %.3f s CPU a million  %4d MB\n", name, wall[m], wall[1],
                wall[NR], packets / wall[m] / 1e6, cpu[m] / packets * 1e6, memory / 1024
            print wall[m] > "/dev/fd/3"
        }' 3>"$dir/median"
}

"$bin/examples/synth" packets "$packets" "$dir/p.pcap" "$flows" >/dev/null
cat "$dir/p.pcap" >/dev/null
sensor() { measure "$1" "$packets" "$runs" "$bin/flow-sensor" -r "$dir/p.pcap" -m "$room" "${@:2}"; }
echo "$packets packets of $flows flows"
sensor "flow-sensor, counted only"
sensor "flow-sensor -v 5 -w FILE" -v 5 -w "$dir/flows"
once=$(cat "$dir/median")
sensor "flow-sensor -w FILE (version 10)" -w "$dir/flows"
sensor "flow-sensor -v 5 -n HOST:PORT" -v 5 -n 127.0.0.1:9
sensor "flow-sensor -v 9 -n HOST:PORT" -v 9 -n 127.0.0.1:9
for peer in $peers; do
    command -v "$peer" >/dev/null || { echo "$peer is not installed"; continue; }
    case $peer in
    softflowd) measure "softflowd -v 5 -n HOST:PORT" "$packets" 1 softflowd -r "$dir/p.pcap" -v 5 -m "$room" -n 127.0.0.1:9 ;;
    nfpcapd)
        mkdir -p "$dir/nf"
        measure "nfpcapd -l DIR" "$packets" 1 nfpcapd -r "$dir/p.pcap" -l "$dir/nf"
        ;;
    esac
done

"$bin/examples/synth" packets $((3 * packets)) "$dir/p3.pcap" "$flows" >/dev/null
cat "$dir/p3.pcap" >/dev/null
measure "three times the packets, -v 5 -w" $((3 * packets)) "$runs" "$bin/flow-sensor" -r "$dir/p3.pcap" -m "$room" -v 5 -w "$dir/flows"
awk -v once="$once" -v thrice="$(cat "$dir/median")" -v packets="$packets" 'BEGIN {
    printf "%-34s %6.2f M packets/s\n", "slope between both", 2 * packets / (thrice - once) / 1e6 }'
rm "$dir/p3.pcap"

"$bin/examples/synth" flood "$packets" "$dir/f.pcap" >/dev/null
cat "$dir/f.pcap" >/dev/null
echo "-m 65536"
room=65536
sensor "the same packets, -v 5 -w" -v 5 -w "$dir/flows"
measure "flood, -v 5 -w" "$packets" "$runs" "$bin/flow-sensor" -r "$dir/f.pcap" -m 65536 -v 5 -w "$dir/flows"
"$bin/flow-stat" -f0 "$dir/flows" | grep '^Total Flows'
