#!/usr/bin/env bash
# How fast flow-export loads databases: PostgreSQL by COPY, SQLite by its file.
#
#   benches/sql.sh [FLOWS|FILE]
#
# Default: a million flows, made up by the example synth; or those of a flow file. PostgreSQL's server is started for it
# (Debian: postgresql) in a folder of its own, on a socket, with its usual settings; it is passed over where it is not
# installed. Flows of the same number go into a table that is made, RUNS times each; the sums that SQL says must be
# flow-stat's. Beside it, COPY of the same rows by psql from a file of comma-separated fields: what the server takes.
#
# RUNS=3      how often each is measured; the median is shown, least and greatest in brackets
# BIN=folder  other builds than target/release
# BENCH_DIR   where databases go, some 500 octets a flow (default: /tmp)
set -euo pipefail
export TZ=UTC LC_ALL=C
runs=${RUNS:-3} flows=${1:-1000000}
here=$(cd "$(dirname "$0")/.." && pwd)
die() {
    echo "sql.sh: $*" >&2
    exit 1
}
bin=$(cd "${BIN:-$here/target/release}" && pwd) || die "no programs: cargo build --release --bins --examples"
PATH=$bin:$PATH
file=
[ ! -e "$flows" ] || file=$(realpath -e "$flows")
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/sql-XXXXXX")
chmod 755 "$dir"
server=
trap '[ -z "$server" ] || { kill -QUIT "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
cd "$dir"

if [ -z "$file" ]; then
    "$bin/examples/synth" flows "$flows" flows.v5 || die "no flows: cargo build --release --examples"
    file=$dir/flows.v5
fi
flows=$(flow-filter --count "$file")
sums=$(flow-stat "$file" | awk '/^Total (Flows|Octets|Packets) / { n[$2] = $4 } END { print n["Flows"] "|" n["Packets"] "|" n["Octets"] }')
ask='SELECT count(*), sum(dpkts), sum(doctets) FROM raw'

# measure NAME CLEAR CHECK COMMAND...: a line; CLEAR is done before each run, CHECK says the sums after it.
measure() {
    local name=$1 clear=$2 check=$3 begin i
    shift 3
    for ((i = 0; i < runs; i++)); do
        eval "$clear"
        begin=$EPOCHREALTIME
        "$@" >/dev/null
        awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }' >>times
        [ "$(eval "$check")" = "$sums" ] || die "$name: the sums differ from flow-stat's"
    done
    sort -n times | awk -v name="$name" -v n="$flows" '{ a[NR] = $1 } END {
        m = a[int((NR + 1) / 2)]
        printf "%-34s %8.3f s [%.3f %.3f]  %9.0f flows/s\n", name, m, a[1], a[NR], n / m
    }'
    rm times
}

echo "$flows flows; medians of $runs runs [least greatest]; $(getconf _NPROCESSORS_ONLN) cores"
programs=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1)")
if [ -x "$programs/initdb" ]; then
    as=()
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid postgres --regid postgres --clear-groups)
        mkdir -m 700 data && chown postgres data
        install -d -o postgres -m 755 socket
    else
        mkdir socket
    fi
    "${as[@]}" "$programs/initdb" -D "$dir/data" -U bench -A trust -E UTF8 --no-locale >/dev/null
    "${as[@]}" "$programs/postgres" -D "$dir/data" -k "$dir/socket" -c listen_addresses= >/dev/null 2>log &
    server=$!
    sql() { psql -h "$dir/socket" -U bench -d postgres -qAt -c "$1"; }
    for _ in {1..100}; do sql 'SELECT 1' >/dev/null 2>&1 && break || sleep 0.2; done
    clear="sql 'DROP TABLE IF EXISTS raw; CHECKPOINT' 2>/dev/null"
    measure 'PostgreSQL, 24 columns' "$clear" "sql '$ask'" flow-export -f5 -u "bench::$dir/socket::postgres:raw" "$file"
    table=$(pg_dump -h "$dir/socket" -U bench -d postgres -s -t raw --no-owner | sed -n '/^CREATE TABLE/,/;/p')
    flow-export -f2 "$file" | sed 1d >rows.csv
    measure "  psql, the same from a file" "$clear; sql '${table//$'\n'/ }'" "sql '$ask'" sql "\\copy raw from $dir/rows.csv csv"
    rm rows.csv
    fields=srcaddr,dstaddr,prot,srcport,dstport,dpkts,doctets,unix_secs
    measure 'PostgreSQL, 8 columns' "$clear" "sql '$ask'" flow-export -f5 -m $fields -u "bench::$dir/socket::postgres:raw" "$file"
else
    echo 'PostgreSQL is passed over: apt-get install postgresql'
fi
if command -v sqlite3 >/dev/null; then
    measure 'SQLite, 24 columns' 'rm -f flows.db' "sqlite3 flows.db '$ask'" flow-export -f sqlite -o flows.db "$file"
else
    echo 'SQLite is passed over: apt-get install sqlite3'
fi
