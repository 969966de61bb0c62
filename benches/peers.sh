#!/usr/bin/env bash
# Whole programs beside their nearest peers, on the same flows and packets: seconds of wall-clock time, medians.
#
#   benches/peers.sh [FLOWS [PACKETS]]
#
# Defaults: 2000000 flows, 3000000 packets, made up by the example synth. Needs release builds of the programs and of
# that example: cargo build --release --bins --examples. Peers that are not installed are passed over: nfdump, nfcapd
# and nfpcapd (Debian: nfdump), softflowd, gzip. nfdump gets its flows from flow-send through nfcapd, and the totals
# of both sides must be the same.
#
# FILE=path   take this classic version 5 file instead of made-up flows
# RUNS=3      how often each command runs
# PACE=50     microseconds between datagrams to nfcapd; more, if it loses any
# PORT=29873  where nfcapd listens on the loopback interface
# BIN=folder  other builds than target/release
# BENCH_DIR   where files go, some 600 octets a flow and 80 a packet (default: /dev/shm, or else /tmp)
set -euo pipefail
set -m # Every child leads a process group, so that all of a command line can be ended.
# With no TZ, the C library looks at /etc/localtime for every time that nfdump prints: twice the work.
export TZ=UTC LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
flows=${1:-2000000} packets=${2:-3000000}
runs=${RUNS:-3} pace=${PACE:-50} port=${PORT:-29873}
here=$(cd "$(dirname "$0")/.." && pwd)

die() {
    echo "peers.sh: $*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

bin=$(cd "${BIN:-$here/target/release}" && pwd) || die "no programs: cargo build --release --bins --examples"
for program in flow-{cat,export,filter,header,print,send,sensor,stat} examples/synth; do
    [ -x "$bin/$program" ] || die "$bin/$program is not there: cargo build --release --bins --examples"
done
PATH=$bin:$PATH
file=
[ -z "${FILE:-}" ] || file=$(realpath -qe "$FILE") || die "FILE: expected a flow file"
dir=$(mktemp -d "${BENCH_DIR:-$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)}/peers-XXXXXX")
child=
trap '[ -z "$child" ] || { kill -9 -- "-$child" && wait "$child"; } 2>/dev/null || true; cd /; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
cd "$dir"

# timed COMMAND: runs a shell command line, which finds an empty folder `out`, and leaves in `took` how many seconds it
# needed. Fails if it does.
timed() {
    rm -rf out
    mkdir out
    local begin=$EPOCHREALTIME good=0
    bash -c "$1" >/dev/null 2>errors </dev/null &
    child=$!
    wait "$child" || good=$?
    child=
    took=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.4f", b - a }')
    return $good
}

median() { printf '%s\n' "$@" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

heading() { printf '\n%-50s %8s %8s %7s  %s\n' "$1" 'ours s' 'peer s' 'ratio' 'peer'; }

# row OURS PEER [AMOUNT UNIT]: a line of the table. Both are command lines, run in turn; PEER's first word is what must
# be installed. With AMOUNT, how many UNIT each does in a second.
row() {
    local ours=$1 peer=$2 amount=${3:-0} unit=${4:-} why='' a=() b=() i
    if ! have "${peer%% *}"; then
        why="${peer%% *} is not installed"
    elif [[ $peer == nfdump* && ! -e nf ]]; then
        why="nfcapd is not installed"
    fi
    for ((i = 0; i < runs; i++)); do
        timed "$ours" || die "failed: $ours: $(head -1 errors)"
        a+=("$took")
        [ -z "$why" ] || continue
        if timed "$peer"; then b+=("$took"); else why="failed: $(head -1 errors)"; fi
    done
    [ -z "$why" ] || b=(0)
    awk -v ours="$ours" -v peer="$peer" -v why="$why" -v amount="$amount" -v unit="$unit" \
        -v a="$(median "${a[@]}")" -v b="$(median "${b[@]}")" 'BEGIN {
        printf "%-50s %8.3f ", ours, a
        if (why) printf "%8s %7s  %s: %s", "-", "-", peer, why
        else printf "%8.3f %7.1f  %s", b, b / a, peer
        if (amount) printf why ? "  (%.1f %s)" : "  (%.1f %s, %.1f)", amount / a, unit, why ? 0 : amount / b
        print ""
    }'
}

# size NAME FILE...: octets a flow.
size() {
    local name=$1
    shift
    cat "$@" | wc -c | awk -v name="$name" -v flows="$flows" '{ printf "%-50s %8.1f\n", name, $1 / flows }'
}

# ---- The flows.

if [ -z "$file" ]; then
    file=made.v5
    "$bin/examples/synth" flows "$flows" "$file"
fi
ln -s "$file" flows.v5
summary=$(flow-stat -f0 flows.v5)
total() { awk -F: -v what="$1 " 'index($1, what) == 1 { gsub(/ /, "", $2); print $2; exit }' <<<"$summary"; }
flows=$(total 'Total Flows')
totals="$flows flows, $(total 'Total Packets') packets, $(total 'Total Octets') octets"
[ "$flows" -gt 0 ] || die "no flows in $file"
echo "$totals; medians of $runs runs; $(getconf _NPROCESSORS_ONLN) cores"

# nfcapd stores what flow-send sends; nfdump then makes one file of it, nf, as little compressed as flows.v5.
store() {
    local stored
    mkdir nfcapd
    nfcapd -b 127.0.0.1 -p "$port" -w nfcapd -t 86400 -B "$(cat /proc/sys/net/core/rmem_max)" >nfcapd.log 2>&1 &
    child=$!
    sleep 1
    kill -0 "$child" 2>/dev/null || die "nfcapd: $(tail -1 nfcapd.log)"
    flow-send -x "$pace" "0/127.0.0.1/$port" flows.v5
    sleep 2
    kill "$child"
    wait "$child" || true
    child=
    nfdump -q -R nfcapd -w nf >/dev/null
    rm -r nfcapd
    stored=$(nfdump -r nf -I | awk '/^(Flows|Packets|Bytes):/ { n[$1] = $2 }
        END { print n["Flows:"] " flows, " n["Packets:"] " packets, " n["Bytes:"] " octets" }')
    [ "$stored" = "$totals" ] || die "nfcapd stored $stored: if that is less, try again with PACE=$((pace * 4))"
}
if have nfcapd && have nfdump; then
    store
    cat nf >/dev/null
fi
cat flows.v5 >/dev/null

heading 'Reports: groups, ranked; all shown, or the first'
row 'flow-stat -f10 -S3 flows.v5' 'nfdump -r nf -A srcip,dstip -O bytes'
row 'flow-stat -f10 -S3 flows.v5 | head -20' 'nfdump -r nf -A srcip,dstip -O bytes -n 10'
row 'flow-stat -f9 -S2 flows.v5' 'nfdump -r nf -s srcip/bytes -n 0'
row 'flow-stat -f9 -S2 flows.v5 | head -20' 'nfdump -r nf -s srcip/bytes -n 10'
row 'flow-stat -f8 -S2 flows.v5' 'nfdump -r nf -s dstip/bytes -n 0'
row 'flow-stat -f11 -S2 flows.v5' 'nfdump -r nf -s ip/bytes -n 0'
row 'flow-stat -f5 -S2 flows.v5' 'nfdump -r nf -s dstport/bytes -n 0'
# nfdump -I would show no more than what the file's header says; this sums up every flow.
row 'flow-stat -f0 flows.v5' 'nfdump -r nf -o null'

heading 'Selection and text: every flow'
row 'flow-filter -P53 flows.v5 > out/flows' "nfdump -r nf -w out/nf 'dst port 53'"
row 'flow-print -f5 flows.v5' 'nfdump -r nf -o line'
row 'flow-export -f csv flows.v5' 'nfdump -r nf -o csv'
row 'flow-export -f json flows.v5' 'nfdump -r nf -o json'

# ---- Files: the same records, without any header, for the general tools.

order=$([ "$(od -A n -t u1 -j 2 -N 1 flows.v5)" -eq 1 ] && echo little || echo big)
begin=$(od -A n -t u4 -j 4 -N 4 --endian="$order" flows.v5)
mb=$(awk -v n="$flows" 'BEGIN { print n * 64 / 1e6 }')
mb4=$(awk -v n="$mb" 'BEGIN { print n * 4 }')
flow-cat -z1 flows.v5 >z1
flow-cat -z6 flows.v5 >z6
mkdir four
for i in 1 2 3 4; do cp z6 four/$i; done
if have gzip; then
    tail -c +$((begin + 1)) flows.v5 | gzip -6 >gz
fi

heading 'Reading (MB of records a second)'
row 'flow-cat flows.v5' 'cat flows.v5' "$mb" 'MB/s'
row 'flow-cat z6' 'gzip -dc gz' "$mb" 'MB/s'
row 'flow-cat four' 'gzip -dc gz gz gz gz' "$mb4" 'MB/s'
row 'flow-stat -f0 four' 'gzip -dc gz gz gz gz' "$mb4" 'MB/s'

printf '\n%-50s %8s\n' 'Size' 'octets a flow'
size 'flow-cat' flows.v5
size 'flow-cat -z1' z1
size 'flow-cat -z6' z6
if [ -e nf ]; then
    size 'nfdump' nf
    for packed in 'z (LZO)' 'y (LZ4)' 'j (bzip2)'; do
        nfdump -q -r nf "-${packed%% *}" -w packed >/dev/null
        size "nfdump -$packed" packed
    done
fi
rm -rf nf packed out z1 z6 gz four flows.v5 made.v5

# ---- The sensor. softflowd exports to nobody; the others write flows.

"$bin/examples/synth" packets "$packets" packets.pcap 1000000
cat packets.pcap >/dev/null
millions=$(awk -v n="$packets" 'BEGIN { print n / 1e6 }')
heading "Metering $packets packets (M packets a second)"
row 'flow-sensor -r packets.pcap -m 1000000 -w /dev/null' \
    'softflowd -r packets.pcap -m 1000000 -c none -p pid -d' "$millions" 'M/s'
row 'flow-sensor -r packets.pcap -m 1000000 -w out/flows' 'nfpcapd -r packets.pcap -w out' "$millions" 'M/s'
