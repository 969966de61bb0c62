#!/usr/bin/env bash
# How fast flow-scan counts: seconds, CPU and memory of whole runs, and how they grow with what is counted.
#
#   benches/graph.sh [FLOWS|FILE [NFDUMP-FILE|FOLDER]]
#
# Default: ten million flows, made up by the example synth; or those of a flow file, whose addresses inside should lie in
# 10.0.0.0/16. What is counted is contrib/CUFlow.cf's, and then with forty services more, with 10, 100 and 1000 networks,
# and with and without scoreboards. RRDs are made anew for every run, by rrdtool (Debian: rrdtool). The second file holds
# the same flows as nfdump has them (benches/peers.sh says how they get there): nfdump has no equal, but one run of its
# that ranks by each of the same keys reads and counts as much, without steps of time, networks or directions.
#
# RUNS=3      how often each is measured; the median is shown
# BIN=folder  other builds than target/release
# BENCH_DIR   where flows and RRDs go, 640 MB for ten million flows (default: /tmp)
set -euo pipefail
export TZ=UTC LC_ALL=C
runs=${RUNS:-3} flows=${1:-10000000} peer=${2:+$(realpath -e "$2")}
here=$(cd "$(dirname "$0")/.." && pwd)
die() {
    echo "graph.sh: $*" >&2
    exit 1
}
bin=$(cd "${BIN:-$here/target/release}" && pwd) || die "no programs: cargo build --release --bins --examples"
PATH=$bin:$PATH
command -v rrdtool >/dev/null || die "rrdtool: not found: apt-get install rrdtool"
file=
[ ! -e "$flows" ] || file=$(realpath -e "$flows")
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/graph-XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
cd "$dir"

if [ -z "$file" ]; then
    "$bin/examples/synth" flows "$flows" flows.v5 || die "no flows: cargo build --release --examples"
    file=$dir/flows.v5
fi
flows=$(flow-filter --count "$file")
cat "$file" >/dev/null

# config SERVICES NETWORKS BOARDS: CUFlow.cf with so many more services and networks, with scoreboards or without.
config() {
    sed -e "s|/var/lib/flow-scan|$dir/rrds|g" "$here/contrib/CUFlow.cf" |
        if [ "$3" = yes ]; then cat; else grep -vE '^(Scoreboard|AggregateScore) '; fi
    awk -v services="$1" -v networks="$2" 'BEGIN {
        for (i = 0; i < services; i++) printf "Service %d/tcp,%d/udp more%d\n", 9000 + 7 * i, 9000 + 7 * i, i
        # A hundred of 256 addresses; more are of 64.
        for (i = 0; i < networks; i++) {
            if (networks <= 100) printf "Network 10.0.%d.0/24 net%d\n", 2 * i, i
            else printf "Network 10.0.%d.%d/26 net%d\n", int(i / 4), i % 4 * 64, i
        }
    }'
}

# measured NAME CLEAR COMMAND...: a line; CLEAR is done before each run.
measured() {
    local name=$1 clear=$2 i
    shift 2
    : >costs
    for ((i = 0; i < runs; i++)); do
        eval "$clear"
        /usr/bin/env time -f '%e %U %S %M' -ao costs -- "$@" >/dev/null 2>errors ||
            { echo "failed: $*: $(head -1 errors)" >&2; return 1; }
    done
    sort -n costs | awk -v name="$name" -v n="$flows" '{ e[NR] = $1; c[NR] = $2 + $3; if ($4 > m) m = $4 } END {
        at = int((NR + 1) / 2)
        printf "%-52s %8.2f %8.2f %7.0f  %6.1f\n", name, e[at], c[at], m / 1024, n / (e[at] > 0 ? e[at] : 0.01) / 1e6
    }'
}

# scan NAME SERVICES NETWORKS BOARDS OPTION...
scan() {
    local name=$1
    config "$2" "$3" "$4" >CUFlow.cf
    shift 4
    measured "$name" 'rm -rf rrds' flow-scan -q -c CUFlow.cf "$@" "$file"
}

echo "$flows flows; medians of $runs runs; $(getconf _NPROCESSORS_ONLN) cores"
printf '%-52s %8s %8s %7s  %6s\n' '' seconds CPU MB M/s
scan 'CUFlow.cf without scoreboards' 0 0 no
for networks in 10 100 1000; do
    scan "with 40 services and $networks networks more" 40 $networks no
done
scan 'with 40 services, 10 networks, and scoreboards' 40 10 yes
scan 'the same, flows spread over what they lasted' 40 10 yes --spread
measured 'again, with nothing new' : flow-scan -q -c CUFlow.cf --spread "$file"
echo "RRDs: $(find rrds -name '*.rrd' | wc -l), $(du -sm rrds | cut -f1) MB"
if [ -n "$peer" ] && command -v nfdump >/dev/null; then
    where=-r
    [ ! -d "$peer" ] || where=-R
    measured 'nfdump, by protocol, ports, TOS, AS and router' : nfdump $where "$peer" -q -n 100 -s proto -s srcport -s dstport -s tos -s srcas -s dstas -s router
    measured 'nfdump, by source and destination address' : nfdump $where "$peer" -q -n 10 -s srcip/bytes -s dstip/bytes
fi
