#!/usr/bin/env bash
# check-flow-read.sh BIN: flow-read.py, a reader of modern files written from flow-file(5), reads what the programs in
# BIN write as flow-export does: every version, codec and kind of block, IPv4 and IPv6, whole and cut.
set -euo pipefail
bin=$(cd "${1:?where the programs are}" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
reader=(python3 "$root/contrib/flow-read.py")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
checked=0

# same FILE: both print the same flows and agree whether the file is whole.
same() {
  local ours=0 theirs=0
  "$bin/flow-export" -f json "$1" >ours 2>ours.err || ours=$?
  "${reader[@]}" "$1" >theirs 2>theirs.err || theirs=$?
  if [ "$ours" != "$theirs" ] || ! python3 - ours theirs <<'END'; then
import json, sys
ours, theirs = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
for n, (a, b) in enumerate(zip(ours, theirs)):
    wrong = {key: (a.get(key), b.get(key)) for key in a.keys() | b.keys() if a.get(key, "-") != b.get(key, "-")}
    if wrong:
        sys.exit(f"flow {n}: flow-export's and the reader's: {wrong}")
if len(ours) != len(theirs):
    sys.exit(f"flow-export has {len(ours)} flows, the reader {len(theirs)}")
END
    echo "$1: flow-export $ours, flow-read.py $theirs" >&2
    cat ours.err theirs.err >&2
    exit 1
  fi
  checked=$((checked + 1))
}

codecs=(zstd lz4 none)
at=0
for version in 1 5 6 7 1005 8.{1..14}; do
  order=$([ $((at % 2)) = 0 ] && echo little || echo big)
  "$bin/flow-gen" -V "$version" -n 400 -b "$order" >classic
  "$bin/flow-xlate" -V 10 --codec "${codecs[at % 3]}" -o columns classic
  "$bin/flow-xlate" -V 10 classic | cat >rows
  same columns
  same rows
  at=$((at + 1))
done
for pcap in "$root"/tests/fixtures/export-softflowd-v{5,9,10}.pcap; do
  for codec in "${codecs[@]}"; do
    "$bin/flow-receive" -r "$pcap" -V 10 --codec "$codec" -o received
    same received
  done
  "$bin/flow-receive" -r "$pcap" -V 10 | cat >received
  same received
done
for pcap in "$root"/tests/fixtures/*.pcap; do
  "$bin/flow-sensor" -r "$pcap" -V 10 -T ether -e 2001:db8::1 -w sensed
  same sensed
done
"$bin/flow-gen" -V 10 -n 70000 | "$bin/flow-xlate" -V 10 -o large
same large
size=$(stat -c %s large)
for part in 1 3 5 7; do
  head -c $((size * part / 8)) large >cut
  same cut
done
echo "$checked files are read alike"
