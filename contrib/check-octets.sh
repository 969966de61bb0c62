#!/usr/bin/env bash
# check-octets.sh BIN CAPTURE...: the packets and octets that flow-sensor, one of the programs in BIN, counts in each
# capture are those of the outermost IP headers as tshark reads them. Packets whose IPv4 header contradicts itself count
# for neither: tshark has no length for them. Skips what it does where tshark is missing.
set -euo pipefail
bin=$(cd "${1:?where the programs are}" && pwd)
shift
if ! command -v tshark >/dev/null; then
  echo "tshark is missing: nothing checked"
  exit 0
fi

# The length of the outermost IP header: the first of the two in the frame's protocols. An IPv6 packet of length zero is
# a jumbogram, which says how long it is in an option, or is empty.
outermost() {
  tshark -r "$1" -n -o ip.defragment:FALSE -o ipv6.defragment:FALSE -T fields -E occurrence=f \
    -e frame.protocols -e ip.len -e ipv6.plen -e ipv6.opt.jumbo 2>/dev/null | awk -F '\t' '{
      n = split($1, protocol, ":")
      for (i = 1; i <= n; i++) {
        if (protocol[i] == "ip") {
          if ($2 != "") { packets++; octets += $2 }
          break
        }
        if (protocol[i] == "ipv6") {
          if ($3 != "") { packets++; octets += 40 + ($3 == 0 ? $4 : $3) }
          break
        }
      }
    }
    END { print packets + 0, octets + 0 }'
}

counted() {
  "$bin/flow-sensor" -r "$1" -V 10 -w - | "$bin/flow-export" -f json | python3 -c '
import json, sys
flows = [json.loads(line) for line in sys.stdin]
print(*(sum(flow[name] for flow in flows) for name in ("packetDeltaCount", "octetDeltaCount")))'
}

checked=0 wrong=0
for capture in "$@"; do
  theirs=$(outermost "$capture")
  ours=$(counted "$capture")
  checked=$((checked + 1))
  if [ "$ours" != "$theirs" ]; then
    echo "$capture: packets and octets: flow-sensor $ours, tshark $theirs" >&2
    wrong=$((wrong + 1))
  fi
done
echo "octets: $checked captures checked, $wrong wrong"
[ "$wrong" = 0 ]
