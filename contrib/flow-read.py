#!/usr/bin/env python3
"""Read modern flow files as flow-file(5) describes them, and print their flows as lines of JSON.

usage: flow-read.py [--elements FILE] [--check] [FILE]...

Written from the manual page, to show that it suffices; it favours being read over being quick. Every checksum of a file
is verified, the index and the Bloom filters included. Files that are being written, or were when their writer was
killed, and streams are read as far as they go. The output is that of flow-export -f json; with --check there is none.
"""
import argparse, ipaddress, json, math, os, shutil, struct, subprocess, sys

LOCAL, VARIABLE, NONE = 0xFFFFFFFF, 0xFFFF, 0xFFFF
M32, M64 = (1 << 32) - 1, (1 << 64) - 1
LOCALS = {
    1: "exportSeconds", 2: "exportNanoseconds", 3: "exporterUptime", 4: "reservedOctets", 5: "invalidFieldFlags",
    6: "shortcutRouterIPv4Address", 7: "inputEncapsulationSize", 8: "outputEncapsulationSize",
    9: "peerNextHopIPv4Address", 10: "excessPacketCount", 11: "excessClassOfService", 12: "sourceTag",
    13: "destinationTag",
}  # fmt: skip
ADDRESSES = {(0, 8), (0, 12), (0, 27), (0, 28)}


class Damaged(Exception):
    """A file is not as its writer left it."""


def need(fine, what):
    if not fine:
        raise Damaged(what)


# --- checksums -------------------------------------------------------------------------------------------------------

def table_of(polynomial):
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (polynomial if n & 1 else 0)
        table.append(n)
    return table


CRC = table_of(0x82F63B78)


def crc32c(octets):
    crc = 0xFFFFFFFF
    for octet in octets:
        crc = CRC[(crc ^ octet) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def head_sum(head):
    """Of the head of a chunk: its place for the checksum is taken as zero."""
    return crc32c(head[:16] + bytes(4) + head[20:])


# --- codecs ----------------------------------------------------------------------------------------------------------

def lz4(data, size):
    """The LZ4 block format: sequences of literals and matches."""
    out, at = bytearray(), 0

    def length(n):
        nonlocal at
        while n >= 15:
            n += data[at]
            at += 1
            if data[at - 1] != 255:
                break
        return n

    while at < len(data):
        token = data[at]
        at += 1
        literals = length(token >> 4)
        out += data[at:at + literals]
        at += literals
        if at >= len(data):
            break
        back = data[at] | data[at + 1] << 8
        at += 2
        match = length(token & 15) + 4
        need(0 < back <= len(out), "an LZ4 match begins before the data")
        for _ in range(match):
            out.append(out[-back])
    need(len(out) == size, "LZ4 data of another length")
    return bytes(out)


def zstd(data, size):
    try:
        import zstandard
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except ImportError:
        pass
    try:
        from compression.zstd import decompress
        return decompress(data)
    except ImportError:
        pass
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    sys.exit("flow-read.py: Zstandard columns: install python3-zstandard, or pip install zstandard, or zstd")


CODECS = {0: lambda data, size: data, 1: lz4, 2: zstd}


# --- the file --------------------------------------------------------------------------------------------------------

class File:
    """A modern flow file in memory: header, blocks, facts."""

    def __init__(self, data):
        self.data, self.blocks, self.facts, self.heads, self.indexed = data, [], [], [], False
        self.header()
        self.live = not self.flags & (1 | 8)

    def header(self):
        data = self.data
        need(len(data) >= 8 and data[:4] == b"\xcf\x10\x01\x04", "not a modern flow file")
        self.start, = struct.unpack_from("<I", data, 4)
        need(8 <= self.start <= len(data), "the header ends early")
        self.entries, at, place = {}, 8, None
        while at + 4 <= self.start:
            kind, length = struct.unpack_from("<HH", data, at)
            need(at + 4 + length <= self.start, "a header entry reaches past the header")
            self.entries.setdefault(kind, []).append(data[at + 4:at + 4 + length])
            if kind == 64:
                place = at + 4
            at += 4 + length
        need(place, "the header has no checksum")
        whole = data[:place] + bytes(4) + data[place + 4:self.start]
        need(crc32c(whole) == self.number(64), "the header's checksum is wrong")
        need(self.number(2) == 10, "the export version is not 10")
        self.flags = self.number(8)

    def number(self, kind):
        return int.from_bytes(self.entries.get(kind, [b""])[0], "little")

    def chunks(self):
        """Blocks, in order; facts are gathered on the way."""
        at, data = self.start, self.data
        while at < len(data) and not self.indexed:
            if at + 24 > len(data):
                return need(self.live, "ends within a chunk")
            magic, kind, length, head, total, count = struct.unpack_from("<4sB3xIIII", data, at)
            need(magic == b"FlBk" and 24 <= head <= length and length % 8 == 0, f"no chunk at offset {at}")
            if at + length > len(data):
                return need(self.live, "ends within a chunk")
            chunk = data[at:at + length]
            if kind == 1:
                need(head_sum(chunk[:head]) == total, f"the head of the block at {at} is damaged")
                self.heads.append((at, chunk[:head]))
                yield Block(chunk, head, count)
            elif kind == 2:
                need(head_sum(chunk) == total, f"the facts at {at} are damaged")
                self.heads.append((at, chunk))
                self.facts += facts(chunk[24:], count)
            elif kind == 3:
                self.index(at, chunk, total, count)
            at += length
        need(self.live or self.indexed, "ends without its index")
        need(at >= len(data), "something follows the index")

    def index(self, start, chunk, total, count):
        offset, length, crc, end = struct.unpack("<QII8s", chunk[-24:])
        need((offset, length, end) == (start, len(chunk), b"FlowEnd\n"), "the trailer is damaged")
        need(crc == crc32c(chunk[-24:-12]), "the trailer's checksum is wrong")
        body = chunk[:-24]
        need(head_sum(body) == total, "the index is damaged")
        flows, = struct.unpack_from("<Q", body, 24)
        entries, at = [], 32
        for _ in range(count):
            offset, length = struct.unpack_from("<QI", body, at)
            entries.append((offset, body[at + 16:at + 16 + length]))
            at += 16 + (length + 7 & ~7)
        need(entries == self.heads, "the index says otherwise than the file")
        rows = sum(struct.unpack_from("<I", head, 20)[0] for _, head in self.heads if head[4] == 1)
        need(rows == flows, "the index counts other flows")
        self.indexed = True


def facts(octets, count):
    """What exporters said of themselves: (what, exporter, domain, key, name, description)."""
    kinds, at = {1: "interface", 2: "application", 3: "sampler", 4: "vrf"}, 0
    for _ in range(count):
        length, kind, size = struct.unpack_from("<HBB", octets, at)
        fact, at = octets[at + 4:at + length], at + length
        address, fact = ipaddress.ip_address(fact[:size]), fact[size:]
        domain, texts, place = struct.unpack_from("<I", fact)[0], [], 4
        for _ in range(3):
            n, = struct.unpack_from("<H", fact, place)
            texts.append(fact[place + 2:place + 2 + n])
            place += 2 + n
        if kind in kinds:
            yield (kinds[kind], str(address), domain, *texts)


# --- blocks ----------------------------------------------------------------------------------------------------------

class Column:
    def __init__(self, octets):
        (enterprise, element, self.occurrence, self.width, form, self.kind, self.a, self.b, self.c, self.parent,
         self.at, self.low, self.high) = struct.unpack("<IHHHBBHHHHIQQ", octets)
        self.element, self.number, self.bounded = (enterprise, element), not form & 1, bool(form & 2)


class Part:
    def __init__(self, octets):
        (self.transform, self.layout, self.bits, self.codec, self.width, self.reference, self.count, self.offset,
         self.stored, self.raw, self.sum, self.base, self.step) = struct.unpack("<BBBBHHIIIII4xQQ", octets)


class Block:
    """Flows of one schema."""

    def __init__(self, chunk, head, rows):
        self.chunk, self.rows = chunk, rows
        (columns, parts, flags, *span, self.bloom, self.lines, self.row_size, self.row_order,
         self.row_part) = struct.unpack_from("<HHIQQQQIIIBxH", chunk, 24)
        self.span = span if flags & 1 else None
        need(head == 80 + 40 * columns + 48 * parts, "a head of another size")
        self.columns = [Column(chunk[at:at + 40]) for at in range(80, 80 + 40 * columns, 40)]
        start = 80 + 40 * columns
        self.parts = [Part(chunk[at:at + 48]) for at in range(start, start + 48 * parts, 48)]
        self.stored = [self.octets(part) for part in self.parts]
        self.known = {}

    def octets(self, part):
        padded = self.chunk[part.offset:part.offset + (part.stored + 7 & ~7)]
        need(part.stored == 0 or crc32c(padded) == part.sum, "a column's checksum is wrong")
        octets = CODECS[part.codec](padded[:part.stored], part.raw) if part.stored else b""
        need(len(octets) == part.raw, "a column of another length")
        return octets

    def numbers(self, at, reference=None):
        part, octets = self.parts[at], self.stored[at]
        count, width = part.count, part.width
        if part.layout == 0:
            xs = [0] * count
        elif part.layout == 1:
            bits, mask, xs = part.bits, (1 << part.bits) - 1, []
            # In pieces of 64 numbers, which begin at whole octets: shifting a long number costs its length.
            for n in range(0, count, 64):
                whole = int.from_bytes(octets[n * bits // 8:(n + 64) * bits // 8], "little")
                xs += [whole >> i * bits & mask for i in range(min(64, count - n))]
        elif part.layout == 2:
            planes = [octets[n * count:(n + 1) * count] for n in range(part.bits)]
            xs = [int.from_bytes(bytes(x), "little") for x in zip(*planes)] if planes else [0] * count
        else:
            return [int.from_bytes(octets[n:n + width], "little") for n in range(0, count * width, width)]
        mask = M64 if width >= 8 else (1 << 8 * width) - 1
        if part.transform == 0:
            return [part.base + x & mask for x in xs]
        if part.transform == 2:
            return [other + part.base + x & mask for other, x in zip(reference, xs)]
        last, out = part.base, []
        for x in xs:
            last = last + part.step + x & M64
            out.append(last & mask)
        return out

    def values(self, at, reference=None):
        """Values as they lie: of numbers, little-endian."""
        part, octets = self.parts[at], self.stored[at]
        count, width = part.count, part.width
        if part.layout == 3:
            return [octets[n:n + width] for n in range(0, count * width, width)]
        if part.layout == 2 and width > 8:
            planes = [octets[n * count:(n + 1) * count] for n in range(part.bits)]
            planes += [bytes(count)] * (width - len(planes))
            return [bytes(x) for x in zip(*planes)]
        return [n.to_bytes(width, "little") for n in self.numbers(at, reference)]

    def column(self, at):
        """A column's values as they lie, one a flow."""
        if at in self.known:
            return self.known[at]
        column = self.columns[at]
        if column.kind == 0:
            part, reference = self.parts[column.a], None
            if part.transform == 2:
                reference = [int.from_bytes(value, "little") for value in self.column(part.reference)]
            values = self.values(column.a, reference)
        elif column.kind == 1:
            dictionary = self.values(column.b)
            values = [dictionary[code] for code in self.numbers(column.a)]
        elif column.kind == 2:
            dictionary = self.values(column.a)
            values = [dictionary[code] for code in self.numbers(self.columns[column.parent].a)]
            if column.b != NONE:
                for flow, value in zip(self.numbers(column.b), self.values(column.c)):
                    values[flow] = value
        elif column.kind == 3:
            values, start = [], 0
            for length in self.numbers(column.a):
                values.append(self.stored[column.b][start:start + length])
                start += length
        else:
            rows, size = self.stored[self.row_part], self.row_size
            places = range(column.at, column.at + self.rows * size, size)
            values = [rows[place:place + column.width] for place in places]
        need(len(values) == self.rows, "a column of another number of flows")
        self.known[at] = values
        return values

    def wire(self, at):
        """A column's values in the order of the wire."""
        column = self.columns[at]
        little = column.kind != 4 or self.row_order == 1
        turned = column.number and little and column.width != VARIABLE
        return [value[::-1] for value in self.column(at)] if turned else self.column(at)

    def check(self, times):
        """Whether bounds, span and Bloom filter say what the flows do."""
        for at, column in enumerate(self.columns):
            if column.bounded:
                numbers = [int.from_bytes(value, "little") for value in self.column(at)]
                fine = all(column.low <= n <= column.high for n in numbers)
                need(fine, f"flows beyond the bounds of column {at}")
            if self.lines and column.element in ADDRESSES and column.width in (4, 16):
                need(all(self.may_hold(value) for value in set(self.wire(at))), "an address the filter has not")
        if self.span and times:
            (low, high, least, most), (start, end) = self.span, zip(*times)
            need(low <= min(start) and max(start) <= high and least <= min(end) and max(end) <= most, "another span")

    def may_hold(self, address):
        hashed = 0
        if len(address) == 16:
            hashed = mix(int.from_bytes(address[:8], "big"))
        hashed = mix(hashed ^ int.from_bytes(address[-8:], "big"))
        start = self.bloom + ((hashed >> 32) * self.lines >> 32) * 64
        line = self.chunk[start:start + 64]
        if line not in self.known:
            self.known[line] = crc32c(line[:60]) == int.from_bytes(line[60:], "little")
        need(self.known[line], "a line of the Bloom filter is damaged")
        slices = mix(hashed + 0x9E3779B97F4A7C15 & M64)
        bits = [((slices >> 12 * n & 0xFFF) * 480) >> 12 for n in range(5)]
        return all(line[bit // 8] >> bit % 8 & 1 for bit in bits)


def mix(n):
    n = (n ^ n >> 30) * 0xBF58476D1CE4E5B9 & M64
    n = (n ^ n >> 27) * 0x94D049BB133111EB & M64
    return n ^ n >> 31


# --- flows as JSON ---------------------------------------------------------------------------------------------------

def elements(path):
    """(enterprise, number) to (name, kind)."""
    known = {(LOCAL, number): (name, "number") for number, name in LOCALS.items()}
    known[LOCAL, 6], known[LOCAL, 9] = (LOCALS[6], "ipv4"), (LOCALS[9], "ipv4")
    for line in open(path, encoding="utf-8"):
        if not line.startswith("#"):
            enterprise, number, name, kind = line.split()
            known[int(enterprise), int(number)] = name, kind
    return known


def ntp(octets, unit):
    seconds, fraction = struct.unpack(">II", octets)
    return (seconds - 2208988800) * unit + (fraction * unit + (1 << 31) >> 32)


def decimal(octets):
    value, = struct.unpack(">f" if len(octets) == 4 else ">d", octets)
    return value if math.isfinite(value) else None


def number(octets):
    return int.from_bytes(octets, "big") if len(octets) <= 8 else octets.hex()


def signed(octets):
    return int.from_bytes(octets, "big", signed=True) if len(octets) <= 8 else octets.hex()


def address(octets):
    # As RFC 5952 has it, with the addresses that hold one of IPv4 written so.
    six = ipaddress.ip_address(octets)
    if six.version == 6 and six.ipv4_mapped:
        return f"::ffff:{six.ipv4_mapped}"
    return str(six)


READERS = {
    "number": (range(1, 9), number), "seconds": (range(1, 9), number), "milliseconds": (range(1, 9), number),
    "signed": (range(1, 9), signed), "float": ((4, 8), decimal),
    "boolean": ((1,), lambda octets: {1: True, 2: False}.get(octets[0])),
    "ipv4": ((4,), address), "ipv6": ((16,), address), "mac": ((6,), lambda octets: octets.hex(":")),
    "text": (range(65536), lambda octets: octets.rstrip(b"\0").decode("utf-8", "replace")),
    "microseconds": ((8,), lambda octets: ntp(octets, 10**6)),
    "nanoseconds": ((8,), lambda octets: ntp(octets, 10**9)),
}  # fmt: skip


def reader(kind, width):
    if width == VARIABLE and kind in ("number", "signed"):
        return READERS[kind][1]
    widths, read = READERS.get(kind, ((), None))
    return read if width in widths else bytes.hex


def told(column, ours, alone):
    """Which of the ways to tell a time a block's columns offer: the page's list, best first."""
    milliseconds, seconds, ntps, ago, uptime = ours
    ways = [
        ("ms", milliseconds), ("seconds", seconds), ("ntp", ntps[0]), ("ntp", ntps[1]), ("ago", ago, EXPORT),
        ("uptime", uptime, EXPORT, NANOSECONDS, UPTIME), ("near", uptime, EXPORT, UPTIME), ("boot", uptime, BOOT),
        ("ms", alone),
    ]  # fmt: skip
    return next((way[:2] for way in ways if all(element in column for element in way[1:])), None)


EXPORT, NANOSECONDS, UPTIME, BOOT, NEVER = (LOCAL, 1), (LOCAL, 2), (LOCAL, 3), (0, 160), (0, 0)
START = ((0, 152), (0, 150), ((0, 154), (0, 156)), (0, 158), (0, 22))
END = ((0, 153), (0, 151), ((0, 155), (0, 157)), (0, 159), (0, 21))


def times(block, column):
    """Start and end of every flow, ms since 1970, and whether they had to be computed; or nothing."""
    start, end = told(column, START, NEVER), told(column, END, (0, 323))
    start, end = start or end, end or start
    if not start:
        return [], False

    def numbers(element):
        values = block.wire(column[element]) if element in column else [b""] * block.rows
        return [int.from_bytes(value, "big") for value in values]

    clock = list(zip(*map(numbers, (EXPORT, NANOSECONDS, UPTIME, BOOT))))
    both = [[when(way, n, *now) for n, now in zip(numbers(element), clock)] for way, element in (start, end)]
    return list(zip(*both)), all(way in ("ago", "uptime", "near", "boot") for way, _ in (start, end))


def when(way, n, seconds, nanoseconds, uptime, boot):
    seconds, nanoseconds, uptime = seconds & M32, nanoseconds & M32, uptime & M32
    if way == "ms":
        return n
    if way == "seconds":
        return n * 1000
    if way == "ntp":
        since = (n >> 32) - 2208988800
        return n and (since % (1 << 32)) * 1000 + ((n & M32) * 1000 + (1 << 31) >> 32)
    if way == "ago":
        return max(seconds * 1000000 + nanoseconds // 1000 - n, 0) // 1000
    n &= M32
    if way == "uptime":
        return seconds * 1000 + nanoseconds // 1000000 - uptime + n & M64
    if way == "near":
        return nearest(seconds * 1000, uptime, n)
    if boot == 0 or seconds == 0:
        return boot + n if boot else seconds * 1000
    return nearest(seconds * 1000, seconds * 1000 - boot & M32, n)


def nearest(export, uptime, stamp):
    """The uptime is taken to be within 24 days of the export."""
    ahead = stamp - uptime & M32
    return max(export + (ahead - (1 << 32) if ahead >> 31 else ahead), 0)


def flows(block, known):
    """A block's flows as objects."""
    column = {c.element: at for at, c in reversed(list(enumerate(block.columns))) if c.width != VARIABLE}
    icmp = any(c.element in {(0, n) for n in (32, 139, 176, 177, 178, 179)} for c in block.columns)
    ports = {(0, 7), (0, 11), (0, 4)} <= column.keys() and not icmp
    keys, values = [], []
    for at, c in enumerate(block.columns):
        if c.element == (0, 210):
            continue
        name, kind = known.get(c.element, (None, "number" if 1 <= c.width <= 8 else "octets"))
        key = name or f"{c.element[0]}/{c.element[1]}"
        keys.append(key if c.occurrence == 0 else f"{key}#{c.occurrence + 1}")
        read = reader(kind, c.width)
        values.append([read(value) for value in block.wire(at)])
    when, computed = times(block, column)
    block.check(when)
    for n in range(block.rows):
        flow = dict(zip(keys, (v[n] for v in values)))
        if computed:
            signs = (t - (1 << 64) if t >> 63 else t for t in when[n])
            flow["flowStartMilliseconds"], flow["flowEndMilliseconds"] = signs
        if ports and flow["protocolIdentifier"] in (1, 58):
            six, both = "IPv4" if flow["protocolIdentifier"] == 1 else "IPv6", flow["destinationTransportPort"]
            flow[f"icmpType{six}"], flow[f"icmpCode{six}"] = both >> 8, both & 255
        yield flow


def main():
    here = os.path.dirname(os.path.realpath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--elements", default=os.path.join(here, "..", "share", "ipfix-elements.txt"),
                        help="table of information elements: enterprise, number, name, kind")
    parser.add_argument("--check", action="store_true", help="print no flows: only verify")
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE")
    arguments = parser.parse_args()
    known, wrong = elements(arguments.elements), False
    for name in arguments.files:
        try:
            data = sys.stdin.buffer.read() if name == "-" else open(name, "rb").read()
            for block in File(data).chunks():
                for flow in flows(block, known):
                    if not arguments.check:
                        print(json.dumps(flow, separators=(",", ":")))
        except (Damaged, OSError, IndexError, KeyError, struct.error, ValueError, subprocess.CalledProcessError) as e:
            print(f"flow-read.py: {name}: {e or 'damaged'}", file=sys.stderr)
            wrong = True
    return wrong


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        sys.exit(0)
