#!/bin/bash
# Whether others' exporters come to the same totals in flow-capture as in nfcapd: each exports a capture's packets to
# one of them, then to the other. A line an exporter: flows, packets and octets on both sides.
#
#   benches/exporters.sh CAPTURE.pcap
#
# What of softflowd, pmacctd and nfreplay is not installed is passed over. Set BIN to try other builds.
set -eu
pcap=${1:?usage: benches/exporters.sh CAPTURE.pcap}
bin=${BIN:-$(cd "$(dirname "$0")/.." && pwd)/target/release}
port=${PORT:-29881}
dir=$(mktemp -d "${TMPDIR:-/tmp}/exporters-XXXXXX")
pids=
trap '[ -z "$pids" ] || kill -9 $pids 2>/dev/null; rm -rf "$dir"' EXIT

# exporter NAME FUNCTION ARGUMENTS...: runs the function with these arguments and a port, for each collector.
exporter() {
    name=$1
    shift
    rm -rf "$dir/ours" "$dir/theirs" && mkdir "$dir/ours" "$dir/theirs"
    "$bin/flow-capture" -D -N0 -V10 -w "$dir/ours" "127.0.0.1/0/$port" 2>"$dir/log" &
    pids=$!
    nfcapd -b 127.0.0.1 -p $((port + 1)) -w "$dir/theirs" -t 3600 -B 8000000 >/dev/null 2>&1 &
    pids="$pids $!"
    sleep 1
    "$@" "$port" >"$dir/said" 2>&1 || true
    "$@" $((port + 1)) >"$dir/said" 2>&1 || true
    sleep 2
    kill $pids && wait $pids || true
    pids=
    ours=$("$bin/flow-stat" -f0 "$dir"/ours/ft* 2>/dev/null |
        awk '/^Total Flows/ { f = $NF } /^Total Packets/ { p = $NF } /^Total Octets/ { o = $NF } END { print f, p, o }')
    theirs=$(nfdump -I -R "$dir/theirs" |
        awk '/^Flows:/ { f = $2 } /^Packets:/ { p = $2 } /^Bytes:/ { o = $2 } END { print f, p, o }')
    same=$([ "$ours" = "$theirs" ] && echo same || echo DIFFERENT)
    echo "$name: ours $ours, nfcapd $theirs: $same"
    sed -n 's/^flow-capture: ended: /    /p' "$dir/log"
}

by_softflowd() { softflowd -r "$pcap" -v "$1" -n "127.0.0.1:$2"; }

by_pmacctd() {
    printf '%s\n' "plugins: nfprobe" "daemonize: false" "pcap_savefile: $pcap" "nfprobe_receiver: 127.0.0.1:$2" \
        "nfprobe_version: $1" "aggregate: src_host,dst_host,src_port,dst_port,proto,tos" >"$dir/pmacctd.conf"
    timeout 30 pmacctd -f "$dir/pmacctd.conf"
}

by_nfreplay() { nfreplay -r "$dir/replay" -H 127.0.0.1 -p "$2" -v "$1" -d 20; }

if command -v softflowd >/dev/null; then
    for version in 5 9 10; do exporter "softflowd -v $version" by_softflowd "$version"; done
fi
cp "$dir"/theirs/nfcapd.* "$dir/replay" 2>/dev/null || true
if command -v pmacctd >/dev/null; then
    for version in 5 9 10; do exporter "pmacctd nfprobe $version" by_pmacctd "$version"; done
fi
if [ -s "$dir/replay" ]; then
    for version in 5 9; do exporter "nfreplay -v $version" by_nfreplay "$version"; done
fi
