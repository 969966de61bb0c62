#!/usr/bin/env python3
"""Check what flow-sensor exports against what it writes, as other collectors read it.

usage: check-exports.py BIN CAPTURE...

Each capture is metered by flow-sensor, one of the programs in BIN, into a flow file and at the same time sent as NetFlow
9, as IPFIX and as IPFIX with both directions in one record. Packets and octets of the flow file must be those that
tshark reads from the messages, capture by capture, and those of each flow that nfcapd has stored of all of them. What is missing of tshark,
nfcapd and nfdump is not asked.
"""
import collections
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

MODES = (("-v", "9"), ("-v", "10"), ("-v", "10", "-b"))
FIRST_PORT = 20000


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def values(text):
    """The JSON objects in a text, in an array or not: versions of nfdump differ."""
    decoder, at, found = json.JSONDecoder(), text.find("{"), []
    while at >= 0:
        value, end = decoder.raw_decode(text, at)
        found.append(value)
        at = text.find("{", end)
    return found


def tuples(flows, names):
    """Packets and octets by addresses, protocol and ports; ICMP has ports or not, as the version and the reader like."""
    found = collections.defaultdict(lambda: (0, 0))
    for flow in flows:
        source, destination, protocol, source_port, destination_port, packets, octets = (
            next((flow[name] for name in either if name in flow), 0) for either in names)
        ports = (0, 0) if protocol in (1, 58) else (source_port, destination_port)
        key = (str(source), str(destination), protocol, *ports)
        if packets:
            found[key] = (found[key][0] + packets, found[key][1] + octets)
    return found


def sums(*several):
    found = collections.defaultdict(lambda: (0, 0))
    for one in several:
        for key, (packets, octets) in one.items():
            found[key] = (found[key][0] + packets, found[key][1] + octets)
    return found


def total(found):
    return tuple(map(sum, zip(*found.values()))) or (0, 0)


def difference(one, other):
    keys = [key for key in sorted({**one, **other}) if one.get(key) != other.get(key)]
    return "".join(f"\n    {key}: {one.get(key)}, {other.get(key)}" for key in keys[:5])


WRITTEN = (("sourceIPv4Address", "sourceIPv6Address"), ("destinationIPv4Address", "destinationIPv6Address"),
           ("protocolIdentifier",), ("sourceTransportPort",), ("destinationTransportPort",), ("packetDeltaCount",),
           ("octetDeltaCount",))
STORED = (("src4_addr", "src6_addr"), ("dst4_addr", "dst6_addr"), ("proto",), ("src_port",), ("dst_port",),
          ("in_packets",), ("in_bytes",))
STORED_BACK = (STORED[1], STORED[0], STORED[2], STORED[4], STORED[3], ("out_packets",), ("out_bytes",))


class Receiver(threading.Thread):
    """Keeps datagrams until told that all were sent."""

    def __init__(self):
        super().__init__()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.port = self.socket.getsockname()[1]
        self.all_sent = False
        self.datagrams = []
        self.start()

    def run(self):
        while True:
            last_look = self.all_sent
            try:
                while True:
                    self.datagrams.append(self.socket.recv(65535))
            except socket.timeout:
                if last_look:
                    return

    def finish(self):
        self.all_sent = True
        self.join()
        self.socket.close()
        return self.datagrams


def write_capture(path, ports):
    """A capture of IP packets: datagrams by the port they go to."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 101))
        for port, datagrams in ports.items():
            for datagram in datagrams:
                size = 28 + len(datagram)
                header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
                header += struct.pack(">HHHH", port, port, size - 20, 0)
                out.write(struct.pack("<IIII", 1, 0, size, size) + header + datagram)


def tshark_totals(path, ports):
    """Packets and octets by port; a record in two directions has two of each."""
    last = max(ports)
    fields = run("tshark", "-r", path, "-n", "-d", f"udp.port=={FIRST_PORT}-{last},cflow", "-T", "fields",
                 "-e", "udp.dstport", "-e", "cflow.packets", "-e", "cflow.octets")
    found = {port: [0, 0] for port in ports}
    for line in fields.splitlines():
        port, *counts = line.split("\t")
        for n, count in enumerate(counts):
            found[int(port)][n] += sum(int(value) for value in count.split(",") if value)
    return {port: tuple(counts) for port, counts in found.items()}


class Nfcapd:
    """A collector with a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = ["nfcapd", "-w", folder, "-b", "127.0.0.1", "-p", str(self.port), "-B", "4000000"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bound = f":{self.port:04X} "
        for _ in range(100):
            with open("/proc/net/udp") as sockets:
                if bound in sockets.read():
                    return
            time.sleep(0.05)
        sys.exit("nfcapd does not listen")

    def flows(self):
        time.sleep(1)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        flows = values(run("nfdump", "-R", self.folder, "-o", "json", "-q"))
        return sums(tuples(flows, STORED), tuples(flows, STORED_BACK))


def check(binaries, captures, mode, folder):
    """The number of captures that differ."""
    nfcapd = Nfcapd(f"{folder}/nfcapd{''.join(mode)}") if shutil.which("nfcapd") and shutil.which("nfdump") else None
    written, sent = {}, {}
    for port, capture in enumerate(captures, FIRST_PORT):
        receiver, file = Receiver(), f"{folder}/flows"
        collectors = f"127.0.0.1:{receiver.port}" + (f",127.0.0.1:{nfcapd.port}" if nfcapd else "")
        run(f"{binaries}/flow-sensor", "-r", capture, *mode, "-n", collectors, "-V", "10", "-w", file)
        sent[port] = receiver.finish()
        flows = [json.loads(line) for line in run(f"{binaries}/flow-export", "-f", "json", file).splitlines()]
        written[port] = tuples(flows, WRITTEN)
    wrong = 0
    if shutil.which("tshark"):
        write_capture(f"{folder}/messages.pcap", sent)
        found = tshark_totals(f"{folder}/messages.pcap", list(sent))
        for port, capture in enumerate(captures, FIRST_PORT):
            if found[port] != total(written[port]):
                wrong += 1
                print(f"{capture}, {' '.join(mode)}: written {total(written[port])}, exported as tshark has it {found[port]}")
    if nfcapd:
        everything, stored = sums(*written.values()), nfcapd.flows()
        if stored != everything:
            wrong += 1
            print(f"all, {' '.join(mode)}: written {total(everything)}, stored by nfcapd {total(stored)}; the first:"
                  + difference(everything, stored))
    messages = sum(map(len, sent.values()))
    print(f"exports, {' '.join(mode)}: {len(captures)} captures, {messages} messages checked, {wrong} wrong")
    return wrong


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    binaries, captures = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(sum(check(binaries, captures, mode, folder) for mode in MODES) > 0)


if __name__ == "__main__":
    main()
