#!/usr/bin/env bash
# The suite's programs on one large file: what every report takes, and what it takes to rewrite, split, merge, search,
# send on, import and export flows.
#
#   benches/suite.sh FILE [NFDUMP-FILE|FOLDER]
#
# FILE is a flow file of any kind; the other, if any, holds the same flows as nfdump has them (benches/peers.sh says how
# they get there). Needs release builds: cargo build --release --bins --examples. Lines say seconds of wall-clock time,
# seconds of CPU and peak memory in MB of the best of RUNS (1) runs; files are read from a warm page cache.
#
# PARTS='reports usual rates series peers programs merge scan fanout'   only these
# TYPES='octets ip-tos'   only these types of report
# WRAP='taskset -c 0'     put before every command that is timed
# RATE=1000000 SECONDS_SENT=5   what is sent through flow-fanout
# BIN=folder, BENCH_DIR=folder for the files made (some 300 octets a flow; default /tmp)
set -euo pipefail
set -m # Every child leads a process group, so that all of a command line can be ended.
export TZ=UTC LC_ALL=C
[ $# -ge 1 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
file=$(realpath -e "$1") peer=${2:+$(realpath -e "$2")}
runs=${RUNS:-1} wrap=${WRAP:-}
here=$(cd "$(dirname "$0")/.." && pwd)
bin=$(cd "${BIN:-$here/target/release}" && pwd)
PATH=$bin:$PATH
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/suite-XXXXXX")
pids=()
trap 'for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$dir"' EXIT
cd "$dir"

wanted() { [[ " ${PARTS:-reports usual rates series peers programs merge scan fanout} " == *" $1 "* ]]; }
heading() { printf '\n%-74s %7s %7s %7s %s\n' "$1" seconds CPU MB "${2:-}"; }

# measured COMMAND...: leaves in `cost` the seconds, CPU seconds and MB of the quickest run. Output goes nowhere.
measured() {
    local i
    : >costs
    for ((i = 0; i < runs; i++)); do
        # shellcheck disable=SC2086
        $wrap /usr/bin/env time -f '%e %U %S %M' -ao costs -- "$@" >/dev/null 2>errors ||
            { echo "failed: $*: $(head -1 errors)" >&2; return 1; }
    done
    cost=$(sort -n costs | awk 'NR == 1 { printf "%.2f %.2f %.0f", $1, $2 + $3, $4 / 1024 }')
}

# row LABEL COMMAND...: a line of the table; with a number of flows in `amount`, how many a second of each core's time.
row() {
    local label=$1
    shift
    measured "$@" || return 0
    awk -v l="$label" -v c="$cost" -v n="${amount:-0}" 'BEGIN {
        split(c, x, " ")
        printf "%-74s %7.2f %7.2f %7d", l, x[1], x[2], x[3]
        if (n) printf "  %6.2f M/s, %6.2f M/s a core", n / x[1] / 1e6, n / x[2] / 1e6
        print ""
    }'
}

# The report of a type with these lines of output.
report() {
    local type=$1
    shift
    { printf 'stat-report r\n type %s\n output\n' "$type"; printf '  %s\n' "$@"; printf 'stat-definition d\n report r\n'; } >cfg
}
reports() {
    local type
    for type in ${TYPES:-$(flow-report -hh)}; do
        report "$type" "$@"
        case $type in
        *-tag) row "$type" flow-report -s cfg -S d tagged ;;
        *) row "$type" flow-report -s cfg -S d "$file" ;;
        esac
    done
}

cat "$file" >/dev/null
flows=$(flow-filter --count "$file")
echo "$flows flows; best of $runs runs; $(getconf _NPROCESSORS_ONLN) cores"
printf 'tag-action a\n type source-as\n match 7018 set-source 7\n match 701 set-source 8\n' >tags
printf 'tag-definition t\n term\n  action a\n' >>tags
if wanted reports || wanted usual || wanted rates; then flow-tag -t tags -T t "$file" >tagged; fi

if wanted reports; then
    heading 'every type, as it is without more ado'
    reports 'format ascii'
fi
if wanted usual; then
    heading 'the first 20 by octets, with rates, headers, totals and shares'
    usual=('format ascii' 'fields +pps,+bps' 'records 20' 'options +header,+xheader,+totals,+percent-total')
    types=$(flow-report -hh)
    [ -z "${TYPES:-}" ] || types=$TYPES
    for TYPES in $(grep -vE '^summary|^linear' <<<"$types"); do reports "${usual[@]}" 'sort +octets'; done
    unset TYPES
fi
if wanted rates; then
    heading 'all pairs'
    pairs=ip-source/destination-address
    for lines in 'fields +index' 'sort +octets' 'fields +pps,+bps' 'fields +pps,+bps,+index' 'tally 1000'; do
        report "$pairs" "$lines"
        row "$pairs, $lines" flow-report -s cfg -S d "$file"
    done
    report octets 'fields +index'
    row 'octets, fields +index' flow-report -s cfg -S d "$file"
    printf 'filter-primitive p\n type ip-protocol\n permit tcp\nfilter-definition f\n match ip-protocol p\n' >filters
    printf 'mask-definition m\n prefix 0.0.0.0/0 16\n' >masks
    for line in 'filter f' 'mask m' 'tag t'; do
        { printf 'include-filter filters\ninclude-mask masks\ninclude-tag tags\n'
          printf 'stat-report r\n type %s\nstat-definition d\n %s\n report r\n' "$pairs" "$line"; } >cfg
        row "$pairs of a definition with $line" flow-report -s cfg -S d "$file"
    done
fi
if wanted series; then
    heading 'ten minutes a report'
    for type in ip-protocol ip-source-address ip-source/destination-address linear-interpolated-flows-octets-packets; do
        printf 'stat-report r\n type %s\nstat-definition d\n time-series 600\n report r\n' "$type" >cfg
        row "$type, time-series 600" flow-report -s cfg -S d "$file"
    done
fi

if wanted peers && [ -n "$peer" ] && command -v nfdump >/dev/null; then
    if [ -d "$peer" ]; then nf=(-R "$peer"); else nf=(-r "$peer"); fi
    heading 'beside nfdump' "    nfdump's        ratio"
    # The report, its lines of output, and nfdump's arguments.
    beside() {
        report "$1" "$2"
        measured flow-report -s cfg -S d "$file"
        local ours=$cost
        shift 2
        measured nfdump "${nf[@]}" "$@"
        awk -v l="$what, nfdump $*" -v a="$ours" -v b="$cost" 'BEGIN {
            split(a, x, " "); split(b, y, " ")
            printf "%-74s %7.2f %7.2f %7d  %6.2f %6.2f %6d %6.1f\n", l, x[1], x[2], x[3], y[1], y[2], y[3], y[1] / x[1]
        }'
    }
    what='20 source addresses' beside ip-source-address $'sort +octets\n records 20' -s srcip/bytes -n 20
    what='20 ports' beside ip-destination-port $'sort +octets\n records 20' -s dstport/bytes -n 20
    what='20 AS numbers' beside source-as $'sort +octets\n records 20' -s srcas/bytes -n 20
    what='20 pairs' beside ip-source/destination-address $'sort +octets\n records 20' -A srcip,dstip -O bytes -n 20
    what='all pairs as text' beside ip-source/destination-address 'sort +octets' -A srcip,dstip -O bytes -n 0 -o csv
fi

if wanted programs; then
    heading 'programs' '         flows'
    amount=$flows
    printf 'mask-definition m\n prefix 10.0.0.0/8 24\n prefix 0.0.0.0/0 16\n' >masks
    printf 'xlate-action a\n type ip-address-privacy-mask\n mask 0xFFFFFF00 0xFFFFFF00\n' >xlates
    printf 'xlate-action b\n type ip-source-address-anonymize\n algorithm cryptopan-aes128\n key %032d\n' 7 >>xlates
    printf 'xlate-definition privacy\n term\n  action a\nxlate-definition anonymous\n term\n  action b\n' >>xlates
    printf 'filter-primitive p\n type ip-address-prefix\n permit 10.0.0.0/8\nfilter-primitive o\n type counter\n' >filters
    printf ' permit gt 1000\nfilter-definition f\n match ip-source-address p\n match octets o\n' >>filters
    row 'flow-mask' flow-mask -m masks -M m "$file"
    row 'flow-tag' flow-tag -t tags -T t "$file"
    row 'flow-nfilter, a prefix and a counter' flow-nfilter -f filters -F f "$file"
    row 'flow-xlate -V1005' flow-xlate -n -V1005 "$file"
    row 'flow-xlate -V10' flow-xlate -n -V10 -o made.v10 "$file"
    row 'flow-xlate, privacy mask' flow-xlate -x xlates -X privacy "$file"
    row 'flow-xlate, one address anonymized' flow-xlate -x xlates -X anonymous "$file"
    row 'flow-split -N 1000000' flow-split -z0 -N 1000000 -o part "$file"
    rm -f part*
    row 'flow-cat -z6' flow-cat -z6 "$file"
    row 'flow-merge, of one file' flow-merge "$file"
    row 'flow-export -f2 (CSV)' flow-export -f2 "$file"
    row 'flow-export -f json' flow-export -f json "$file"
    row 'flow-export -f0 (cflowd)' flow-export -f0 "$file"
    row 'flow-export -f1 (pcap)' flow-export -f1 "$file"
    row 'flow-export -f4 (wire)' flow-export -f4 "$file"
    if flow-export -f2 "$file" >csv; then row 'flow-import -f2 (CSV)' flow-import -f2 -V5 csv; fi
    rm -f csv
    if flow-export -f0 "$file" >cflowd; then row 'flow-import -f0 (cflowd)' flow-import -f0 -V5 cflowd; fi
    rm -f cflowd
    if [ -f "$peer" ]; then row 'flow-import -f nfdump' flow-import -f nfdump -V5 "$peer"; fi
    row 'flow-dscan -b' flow-dscan -b "$file"
    amount=
fi

if wanted merge; then
    heading 'three hundred files'
    flow-split -z0 -N $((flows / 300 + 1)) -o part "$file"
    echo "$(ls | grep -c ^part) files"
    amount=$flows
    row 'flow-merge' flow-merge part*
    row 'flow-merge -g, to a file' flow-merge -g -o merged part*
    amount=
    rm -f part* merged
fi

if wanted scan; then
    heading 'a scan of 65,536 hosts among all flows'
    # A quarter of the scan's flows behind each quarter of the others.
    head='#:unix_secs,unix_nsecs,sysuptime,exaddr,dpkts,doctets,first,last,engine_type,engine_id,srcaddr,dstaddr,nexthop,input,output,srcport,dstport,prot,tos,tcp_flags,src_mask,dst_mask,src_as,dst_as'
    for part in 0 1 2 3; do
        awk -v part="$part" -v head="$head" 'BEGIN {
            print head
            for (n = part * 16384; n < (part + 1) * 16384; n++)
                printf "1767225600,0,1000,10.0.0.1,1,40,900,900,0,0,203.0.113.9,172.16.%d.%d,0.0.0.0,1,2,40000,445,6,0,2,0,0,0,0\n", n / 256, n % 256
        }' | flow-import -f2 -V5 >"scan$part"
    done
    flow-split -z0 -N $((flows / 4 + 1)) -o part "$file"
    parts=(part*)
    row 'flow-dscan -b' flow-dscan -b "${parts[0]}" scan0 "${parts[1]}" scan1 "${parts[2]}" scan2 "${parts[3]}" scan3
    echo "alerts of the scanner: $(grep -c '203\.0\.113\.9' errors || true); of all: $(wc -l <errors)"
    rm -f part*
fi

if wanted fanout; then
    rate=${RATE:-1000000} seconds=${SECONDS_SENT:-5}
    echo
    for port in 29881 29882; do
        flow-receive -z0 -o "got$port" "127.0.0.1/0/$port" 2>/dev/null &
        pids+=($!)
    done
    # Nobody listens at the third.
    flow-fanout -D 127.0.0.1/0/29880 0/127.0.0.1/29881 0/127.0.0.1/29882 0/127.0.0.1/29883 2>fanout.log &
    fanout=$!
    pids+=("$fanout")
    sleep 1
    sent=$("$bin/examples/blast" 127.0.0.1:29880 "$rate" "$seconds")
    sleep 1
    used=$(awk -v t="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.2f", ($12 + $13) / t }' "/proc/$fanout/stat")
    peak=$(awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$fanout/status")
    kill "${pids[@]}"
    wait "${pids[@]}" 2>/dev/null || true
    pids=()
    echo "flow-fanout: sent: $sent"
    for port in 29881 29882; do echo "  arrived at $port: $(flow-filter --count "got$port")"; done
    echo "  CPU $used s, peak memory $peak MB"
fi
