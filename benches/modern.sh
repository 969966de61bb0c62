#!/usr/bin/env bash
# The modern flow file beside nfdump, on the same flows: sizes, writing, and what it takes to find and to rank.
#
#   benches/modern.sh FILE NFDUMP-FILE|FOLDER
#
# FILE is a classic version 5 file; the other holds the same flows as nfdump has them (benches/peers.sh says how they
# get there), and is only read. Needs release builds: cargo build --release --bins --examples. Medians of RUNS (5),
# least and greatest in brackets; seconds of wall-clock time, and of CPU where it says so.
#
# HOSTS='a b c'  an address in two flows, one in a third of the blocks, one in every block (default: found by stretch)
# CODECS='zstd lz4'
# BIN=folder, BENCH_DIR=folder for the modern files (some 40 octets a flow)
set -euo pipefail
export TZ=UTC LC_ALL=C
[ $# -eq 2 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
file=$(realpath -e "$1") peer=$(realpath -e "$2")
runs=${RUNS:-5}
here=$(cd "$(dirname "$0")/.." && pwd)
bin=$(cd "${BIN:-$here/target/release}" && pwd)
PATH=$bin:$PATH
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/modern-XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir"
if [ -d "$peer" ]; then nf=(-R "$peer"); else nf=(-r "$peer"); fi

# timed COMMAND...: seconds, of each of the runs.
timed() {
    local i begin
    for ((i = 0; i < runs; i++)); do
        begin=$EPOCHREALTIME
        "$@" >/dev/null 2>>errors
        awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.4f\n", b - a }'
    done | sort -n
}
# of SECONDS: median, least and greatest.
of() { awk '{ a[NR] = $1 } END { printf "%.4f %.4f %.4f", a[int((NR + 1) / 2)], a[1], a[NR] }' <<<"$1"; }

# row LABEL PEER-ARGUMENTS -- COMMAND...: a line of the table for each codec.
row() {
    local label=$1 theirs ours codec
    shift
    local arguments=()
    while [ "$1" != -- ]; do arguments+=("$1"); shift; done
    shift
    theirs=$(of "$(timed nfdump "${nf[@]}" "${arguments[@]}")")
    for codec in $codecs; do
        ours=$(of "$(timed "${@//FILE/$codec.v10}")")
        awk -v l="$label" -v c="$codec" -v a="$ours" -v b="$theirs" 'BEGIN {
            split(a, x, " "); split(b, y, " ")
            printf "%-34s %-5s %8.4f [%.4f %.4f]  %8.3f [%.3f %.3f] %7.1f\n", l, c, x[1], x[2], x[3], y[1], y[2], y[3], y[1] / x[1]
        }'
    done
}

codecs=${CODECS:-zstd lz4}
flows=$(flow-filter --count "$file")
echo "$flows flows; medians of $runs runs [least greatest]; $(getconf _NPROCESSORS_ONLN) cores"
echo
cat "$file" >/dev/null
for codec in $codecs; do
    /usr/bin/env time -f '%U %S %e' -o cost flow-cat -V 10 --codec "$codec" -o "$codec.v10" "$file"
    awk -v c="$codec" -v n="$flows" -v o="$(stat -c %s "$codec.v10")" '{
        printf "written with %-5s %6.2f octets a flow; %.2f M flows/s, %.2f M a second of CPU\n", c, o / n, n / $3 / 1e6, n / ($1 + $2) / 1e6
    }' cost
    [ "$(flow-filter --count "$codec.v10")" = "$flows" ]
done
du -bc "$peer" | awk -v n="$flows" 'END { printf "nfdump             %6.2f octets a flow\n", $1 / n }'

if [ -z "${HOSTS:-}" ]; then
    stretch=$bin/examples/stretch
    "$stretch" places "$file" >places
    HOSTS=$(awk '{ print $1 }' places | tr '\n' ' ')
    echo
    cat places
fi
read -r few third every <<<"$HOSTS"
printf '\n%-34s %-5s %8s %17s  %8s %17s %5s\n' work codec 'ours s' '' 'nfdump s' '' ratio
row 'flows to port 53' -w /dev/null 'dst port 53' -- flow-filter --count -w 'dst port 53' FILE
row "host in two flows" -w /dev/null "host $few" -- flow-filter --count -w "host $few" FILE
row "host in a third of the blocks" -w /dev/null "host $third" -- flow-filter --count -w "host $third" FILE
row "host in every block" -w /dev/null "host $every" -- flow-filter --count -w "host $every" FILE
row 'ten sources by octets' -s srcip/bytes -n 10 -- flow-stat --by srcaddr --top 10 --sort octets FILE
row 'all pairs by octets (ten shown)' -A srcip,dstip -O bytes -n 10 -- flow-stat --by srcaddr,dstaddr --top 10 --sort octets FILE

echo
for codec in $codecs; do
    for host in $HOSTS; do
        flow-filter -d 1 --count -w "host $host" "$codec.v10" 2>&1 | tr '\n' ' '
        echo "($codec, host $host)"
    done
done
peak() { /usr/bin/env time -f '%M' -o peak "$@" >/dev/null 2>&1; awk '{ printf "%.0f MB", $1 / 1024 }' peak; }
for codec in $codecs; do
    echo "all pairs, peak memory: $(peak flow-stat --by srcaddr,dstaddr --top 10 --sort octets "$codec.v10") ($codec)," \
        "nfdump $(peak nfdump "${nf[@]}" -A srcip,dstip -O bytes -n 10)"
done
