#!/bin/bash
# Whether flow-sensor's control socket says what softflowd's does: both watch one interface while captures are replayed,
# and are asked alike, each by the other's client. Prints what differs, after sorting; names, process ids, times,
# flow numbers and IPv6 flow labels are left out, and so is how many packets that are no IP were seen: softflowd counts
# only whole blocks of its buffer, so a capture is followed by many such packets, of which it never counts the last.
#
#   benches/sensorctl.sh CAPTURE.pcap...
#
# Needs root, softflowd, tcpreplay and ip. Set OPTIONS for both (such as "-v 5", "-T ether"), OURS for flow-sensor alone
# (--compat unless told otherwise), BIN to try other builds. Exit status 1 if anything differs.
set -eu
if [ -z "${INSIDE:-}" ]; then
    INSIDE=1 exec unshare --net "$0" "$@"
fi
bin=${BIN:-$(cd "$(dirname "$0")/.." && pwd)/target/release}
dir=$(mktemp -d "${TMPDIR:-/tmp}/sensorctl-XXXXXX")
pids=
trap '[ -z "$pids" ] || kill -9 $pids 2>/dev/null; rm -rf "$dir"' EXIT
options=${OPTIONS:--v 9}
status=0

echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || true
ip link add name a mtu 9000 type veth peer name b mtu 9000
ip link set dev a up
ip link set dev b up
ip link set dev lo up

# Frames of nothing known.
{
    printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0'
    for _ in $(seq 3000); do
        printf '\1\0\0\0\0\0\0\0\xdc\5\0\0\xdc\5\0\0\2\0\0\0\0\2\2\0\0\0\0\1\x88\xb5'
        head -c 1486 /dev/zero
    done
} >"$dir/fill.pcap"

# asked COMMAND: both sensors' answers, one line a line, in order, into theirs and ours.
asked() {
    "$bin/flow-sensorctl" -c "$dir/theirs.ctl" "$1" | same >"$dir/theirs"
    softflowctl -c "$dir/ours.ctl" "$1" | same >"$dir/ours"
    if lines=$(diff "$dir/theirs" "$dir/ours"); then
        echo "  $1: same, $(wc -l <"$dir/theirs") lines"
    elif ! grep -q '^<' <<<"$lines"; then
        echo "  $1: all $(wc -l <"$dir/theirs") lines of softflowd's, and ours:"
        sed -n 's/^>/    >/p' <<<"$lines"
    else
        echo "  $1: DIFFERENT (< softflowd's, > ours):"
        sed -n 's/^[<>]/    &/p' <<<"$lines" | awk 'NR <= 8; END { if (NR > 8) print "    and " NR - 8 " lines more" }'
        status=1
    fi
}

# same: what may be equal of an answer.
same() {
    sed -E 's/^(softflowd|flow-sensor)\[[0-9]+\]/NAME[PID]/; s/[0-9-]{10}T[0-9:.]{8,12}/TIME/g
        s/seq:[0-9]+/seq:N/; s/(flowlabel[<>]:)[0-9a-f]+/\1N/g; s/^(EXPIRY EVENT for flow )[0-9]+ in ([0-9]+) seconds/\1N in \2/
        s/^(Ignored packets: ).*/\1N/; s/^(Packets (received|dropped) by libpcap: ).*/\1N/' |
        awk '/^EXPIRY/ { $NF = int(($NF + 5) / 10) * 10 " seconds" } { print }' | sort
}

for capture in "$@"; do
    echo "$(basename "$capture") $options"
    # shellcheck disable=SC2086 # Options are several words.
    softflowd -i b -d -p "$dir/pid" -c "$dir/theirs.ctl" -n 127.0.0.1:9 $options >"$dir/log" 2>&1 &
    pids=$!
    # shellcheck disable=SC2086
    "$bin/flow-sensor" -i b -d -p none -c "$dir/ours.ctl" -n 127.0.0.1:9 --chroot none $options ${OURS:---compat} \
        >>"$dir/log" 2>&1 &
    pids="$pids $!"
    for _ in $(seq 50); do
        [ -S "$dir/theirs.ctl" ] && [ -S "$dir/ours.ctl" ] && break
        sleep 0.1
    done
    tcpreplay -q --mbps=50 -i a "$capture" >"$dir/replay" 2>&1 || true
    tcpreplay -q --mbps=200 -i a "$dir/fill.pcap" >>"$dir/replay" 2>&1
    sleep 1
    asked statistics
    asked dump-flows
    asked timeouts
    asked expire-all
    asked statistics
    asked shutdown
    # shellcheck disable=SC2086
    wait $pids || true
    pids=
    rm -f "$dir"/*.ctl
done
exit $status
