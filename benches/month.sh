#!/usr/bin/env bash
# One host in a month of archive: how long it takes to find its flows, and how that grows from a day to a month.
#
#   benches/month.sh FILE [FILES [FLOWS]]
#
# Makes an archive of modern files of five minutes each from FILE, a classic version 5 file whose flows come again and
# again at other addresses and times (examples/stretch.rs): 8640 files, 100000000 flows, unless told otherwise. Needs
# release builds: cargo build --release --bins --examples. Cold means that the page cache was emptied before, which
# takes root; without that, only warm figures are printed.
#
# HOST=address  to be looked for (default: one that stands in two flows of FILE)
# RUNS=3, BIN=folder, BENCH_DIR=folder for the archive (some 25 octets a flow); KEEP=folder: keep it there, use it again
set -euo pipefail
export TZ=UTC LC_ALL=C
[ $# -ge 1 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
file=$(realpath -e "$1") files=${2:-8640} flows=${3:-100000000} runs=${RUNS:-3}
here=$(cd "$(dirname "$0")/.." && pwd)
bin=$(cd "${BIN:-$here/target/release}" && pwd)
PATH=$bin:$PATH
if [ -n "${KEEP:-}" ]; then
    dir=$KEEP
    mkdir -p "$dir"
else
    dir=$(mktemp -d "${BENCH_DIR:-/tmp}/month-XXXXXX")
    trap 'rm -rf "$dir"' EXIT
fi
if [ -z "$(ls -A "$dir")" ]; then
    begin=$EPOCHREALTIME
    "$bin/examples/stretch" archive "$file" "$dir" "$files" "$flows"
    awk -v a="$begin" -v b="$EPOCHREALTIME" -v n="$flows" 'BEGIN { printf "made in %.0f s, %.2f M flows/s\n", b - a, n / (b - a) / 1e6 }'
fi
host=${HOST:-$("$bin/examples/stretch" places "$file" | awk 'NR == 1 { print $1 }')}
du -sb "$dir" | awk -v n="$flows" '{ printf "%.2f GB, %.1f octets a flow\n", $1 / 1e9, $1 / n }'
echo "host $host"

# run LABEL COMMAND...: cold, then warm.
run() {
    local label=$1 i begin cold=- found
    shift
    if [ -w /proc/sys/vm/drop_caches ]; then
        cold=$(for ((i = 0; i < runs; i++)); do
            sync
            echo 3 >/proc/sys/vm/drop_caches
            begin=$EPOCHREALTIME
            "$@" >/dev/null
            awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
        done | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')
    fi
    found=$("$@")
    warm=$(for ((i = 0; i < runs; i++)); do
        begin=$EPOCHREALTIME
        "$@" >/dev/null
        awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
    done | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')
    printf '%-10s cold %8s s   warm %8s s   %s flows\n' "$label" "$cold" "$warm" "$found"
}
day=$(find "$dir" -mindepth 3 -maxdepth 3 -type d | sort)
run '1 day' flow-filter --count -w "host $host" $(head -1 <<<"$day")
run '7 days' flow-filter --count -w "host $host" $(head -7 <<<"$day")
run 'all' flow-filter --count -w "host $host" "$dir"
run '1 hour' flow-filter --count -w "host $host" --from '2026-01-10 10:00' --to '2026-01-10 11:00' "$dir"
