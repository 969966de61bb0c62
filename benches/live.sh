#!/usr/bin/env bash
# What sensors lose, live: two network namespaces joined by a cable, packets sent at one end and metered at the other.
#
#   benches/live.sh [SECONDS [CAPTURE]]
#
# Default: 30 seconds a line, and no capture. Needs root, ip, release builds (cargo build --release --bin flow-sensor
# --example flood), for a CAPTURE tcpreplay, and softflowd with softflowctl for the comparison; what is not installed is
# passed over.
#
# A line is a load and a sensor: packets sent, and where they have gone: metered, dropped by a full ring, dropped by the
# interface or by the backlog between both (/proc/net/softnet_stat); what is left over should be 0. Then the part lost,
# and nanoseconds of the sensor's CPU a packet metered. Loads are the capture as fast as tcpreplay goes, and the smallest
# frames of FLOWS flows at each of the RATES.
#
# RATES="100000 300000 0"  frames a second, 0 as fast as they go
# FLOWS=10000
# SENDERS=1                of frames at a time; more than there are processors to spare overload either sensor
# SENSORS="flow-sensor softflowd"
# BUFFER=octets            the ring of either sensor (-B); default their own
# BIN=folder               other builds than target/release
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
seconds=${1:-30} capture=${2:-}
rates=${RATES:-100000 300000 0} flows=${FLOWS:-10000} senders=${SENDERS:-1}
sensors=${SENSORS:-flow-sensor softflowd}
here=$(cd "$(dirname "$0")/.." && pwd)

die() {
    echo "live.sh: $*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

[ "$(id -u)" = 0 ] || die "network namespaces need root"
have ip || die "ip is not installed (Debian: iproute2)"
bin=$(cd "${BIN:-$here/target/release}" && pwd) || die "no programs: cargo build --release --bin flow-sensor --example flood"
for program in flow-sensor examples/flood; do
    [ -x "$bin/$program" ] || die "$bin/$program is not there"
done
[ -z "$capture" ] || capture=$(realpath -qe "$capture") || die "$2: expected a capture file"
[ -z "$capture" ] || have tcpreplay || die "tcpreplay is not installed"

dir=$(mktemp -d "${TMPDIR:-/tmp}/live-XXXXXX")
from=flow-tools-a-$$ to=flow-tools-b-$$ sensor=
clean() {
    [ -z "$sensor" ] || kill -9 "$sensor" 2>/dev/null || true
    ip netns del "$from" 2>/dev/null || true
    ip netns del "$to" 2>/dev/null || true
    rm -rf "$dir"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP
cd "$dir"
ip netns add "$from"
ip netns add "$to"
ip -n "$from" link add name a type veth peer name b netns "$to"
for end in "$from a" "$to b"; do
    read -r space name <<<"$end"
    ip netns exec "$space" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6' 2>/dev/null || true
    ip -n "$space" link set dev "$name" mtu 65535 up
    ip -n "$space" link set dev lo up
done

# What the interface received and what it had no room for. Its count of dropped packets is no loss: they were captured, and
# then no protocol wanted them (VLAN tags, for one).
interface() { ip -n "$to" -s link show dev b | awk 'rx { print $2, $5; exit } /RX:/ { rx = 1 }'; }
# What all processors dropped from their backlogs.
backlog() {
    local sum=0 dropped
    while read -r _ dropped _; do sum=$((sum + 16#$dropped)); done </proc/net/softnet_stat
    echo "$sum"
}
# Seconds of CPU that a process has used, in ticks.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
# The first number behind a text in a file.
after() { awk -F"$1: *" -v none="${3:-0}" 'NF > 1 && !found { found = 1; split($2, n, "[^0-9]"); print n[1] } END { if (!found) print none }' "$2"; }

# Starts a sensor on b, in `sensor`, and waits until it listens.
start() {
    local buffer=${BUFFER:+-B $BUFFER}
    case $1 in
    flow-sensor)
        # shellcheck disable=SC2086
        ip netns exec "$to" "$bin/flow-sensor" -i b -d -m 100000 -v 9 -n 127.0.0.1:9 -c none -p none $buffer 2>sensor.txt &
        ;;
    softflowd)
        # shellcheck disable=SC2086
        ip netns exec "$to" softflowd -i b -d -m 100000 -v 9 -n 127.0.0.1:9 -c "$dir/ctl" -p "$dir/pid" $buffer 2>sensor.err &
        ;;
    esac
    sensor=$!
    sleep 1
    idle=$(ticks "$sensor") || die "$1 did not start: $(cat sensor.*)"
}

# Ends the sensor, its statistics in sensor.txt.
finish() {
    sleep 1
    cpu=$(($(ticks "$sensor") - idle))
    [ "$1" != softflowd ] || softflowctl -c "$dir/ctl" statistics >sensor.txt
    kill -TERM "$sensor"
    wait "$sensor" || true
    sensor=
}

# Sends a load, and says how many packets it was.
send() {
    local n i
    if [ "$1" = replay ]; then
        ip netns exec "$from" tcpreplay -i a --preload-pcap --topspeed --loop=0 --duration="$seconds" "$capture" \
            >sent.txt 2>&1 || true
        n=$(awk '/Successful packets/ { print $3 }' sent.txt)
    else
        local children=()
        for ((i = 0; i < senders; i++)); do
            ip netns exec "$from" "$bin/examples/flood" a "$seconds" $(($1 / senders)) "$flows" >"sent.$i" &
            children+=($!)
        done
        wait "${children[@]}"
        n=$(cat sent.? | awk '{ n += $1 } END { print n }')
    fi
    echo "${n:-0}"
}

# line LOAD SENSOR
line() {
    local sent seen ring before after idle cpu load
    start "$2"
    before="$(interface) $(backlog)"
    sent=$(send "$1")
    finish "$2"
    after="$(interface) $(backlog)"
    seen=$(after 'Packets processed' sensor.txt)
    ring=$(after 'Packets dropped by libpcap' sensor.txt)
    case $1 in replay) load=replay ;; 0) load=flood ;; *) load="$1/s" ;; esac
    seen=$((seen + $(after 'Ignored packets' sensor.txt)))
    awk -v before="$before" -v after="$after" -v load="$load" -v name="$2" -v sent="$sent" -v seen="$seen" \
        -v ring="$ring" -v cpu="$cpu" -v hz="$(getconf CLK_TCK)" -v s="$seconds" 'BEGIN {
        split(before, b); split(after, a)
        dropped = a[2] - b[2]; backlog = a[3] - b[3]
        printf "%-9s %-11s %9d %11d %11d %9d %9d %9d %9d %7.3f%% %6.0f\n", load, name, sent / s, sent, seen, ring,
            dropped, backlog, sent - seen - ring - dropped - backlog,
            sent ? 100 * (sent - seen) / sent : 0, seen ? cpu / hz * 1e9 / seen : 0
    }'
}

printf '%-9s %-11s %9s %11s %11s %9s %9s %9s %9s %8s %6s\n' \
    load sensor packets/s sent metered ring interface backlog left lost 'ns CPU'
for load in ${capture:+replay} $rates; do
    for name in $sensors; do
        if [ "$name" = softflowd ] && ! { have softflowd && have softflowctl; }; then
            echo "softflowd is not installed"
        else
            line "$load" "$name"
        fi
    done
done
