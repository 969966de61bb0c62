//! The header of a flow file: four fixed octets, a length, then type-length-value entries; and the fixed header of
//! stream version 1.

use std::io::{self, Read};
use std::net::Ipv4Addr;

use byteorder::{BigEndian, ByteOrder, LittleEndian};

use super::Error;
use super::block::is_sum;
use crate::flow::time::Span;
use crate::flow::{InterfaceName, Order, StreamInfo, Version, flags};

/// The longest header that is accepted, octets: room for some hundred thousand interface names.
const MAX_HEADER: usize = 16 << 20;
/// Octets of stream version 1's header behind the common four.
const OLD_HEADER: usize = 356;

/// Types of header entries.
mod tlv {
    pub const VENDOR: u16 = 1;
    pub const VERSION: u16 = 2;
    pub const AGGREGATION_VERSION: u16 = 3;
    pub const AGGREGATION_METHOD: u16 = 4;
    pub const EXPORTER: u16 = 5;
    pub const START: u16 = 6;
    pub const END: u16 = 7;
    pub const FLAGS: u16 = 8;
    pub const ROTATION: u16 = 9;
    pub const FLOWS: u16 = 10;
    pub const LOST: u16 = 11;
    pub const MISORDERED: u16 = 12;
    pub const CORRUPT: u16 = 13;
    pub const RESETS: u16 = 14;
    pub const HOST: u16 = 15;
    pub const COMMENTS: u16 = 16;
    pub const INTERFACE_NAME: u16 = 17;
    pub const INTERFACE_ALIAS: u16 = 18;
    /// Modern files: CRC-32C of the header, computed with these four octets zero.
    pub const CHECKSUM: u16 = 64;
    /// Modern files: when the flows were, four times of eight octets.
    pub const SPAN: u16 = 65;
}

/// Reads a header. `name` is the file's, for messages.
pub(super) fn read(input: &mut dyn Read, name: &str) -> Result<StreamInfo, Error> {
    let mut start = [0; 4];
    let got = fill(input, &mut start).map_err(|e| Error::io(name, e))?;
    if got == 0 {
        return Err(Error::format(name, "", "empty, expected a flow file"));
    }
    if got < 4 || start[..2] != [0xCF, 0x10] {
        return Err(Error::format(name, "offset 0", "not a flow file (it does not begin with cf 10)"));
    }
    let order = match start[2] {
        1 => Order::Little,
        2 => Order::Big,
        other => {
            return Err(Error::format(name, "offset 2", format!("byte order {other}, expected 1 (little) or 2 (big)")));
        }
    };
    let numbers = Numbers { order };
    match start[3] {
        1 => old(input, name, numbers),
        3 => entries(input, name, numbers, 3),
        4 if order == Order::Little => entries(input, name, numbers, 4),
        4 => Err(Error::format(name, "offset 2", "a modern file that is big-endian, expected little (1)")),
        other => Err(Error::format(name, "offset 3", format!("stream version {other}, expected 1, 3 or 4"))),
    }
}

fn entries(input: &mut dyn Read, name: &str, numbers: Numbers, stream_version: u8) -> Result<StreamInfo, Error> {
    let mut length = [0; 4];
    exactly(input, &mut length, name, 4)?;
    let whole = numbers.u32(&length) as usize;
    if !(8..=MAX_HEADER).contains(&whole) {
        return Err(Error::format(name, "offset 4", format!("header of {whole} octets, expected 8 to {MAX_HEADER}")));
    }
    let mut body = Vec::new();
    let got = input.take(whole as u64 - 8).read_to_end(&mut body).map_err(|e| Error::io(name, e))?;
    if got < whole - 8 {
        let at = format!("offset {}", 8 + got);
        return Err(Error::format(name, at, format!("header ends early, expected {whole} octets")));
    }
    let mut info = StreamInfo { stream_version, order: Some(numbers.order), ..StreamInfo::default() };
    let (mut number, mut method, mut checksum) = (None, 0, None);
    let (mut rest, mut at) = (body.as_slice(), 8);
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let (kind, length) = (numbers.u16(&head[..2]), numbers.u16(&head[2..]) as usize);
        let Some((value, next)) = tail.split_at_checked(length) else {
            return Err(Error::format(
                name,
                format!("offset {at}"),
                format!("header entry {kind} of {length} octets reaches past the header"),
            ));
        };
        match kind {
            tlv::VERSION => number = Some(numbers.any(value) as u16),
            tlv::AGGREGATION_METHOD => method = numbers.any(value) as u8,
            tlv::CHECKSUM => checksum = Some((at + 4, numbers.any(value))),
            _ => entry(&mut info, kind, value, numbers),
        }
        at += 4 + length;
        rest = next;
    }
    if stream_version == 4 {
        return match checksum {
            Some((at, sum)) if is_sum(modern_checksum(&body, at), sum) => Ok(info),
            _ => Err(Error::format(name, "header", "damaged: its checksum is wrong")),
        };
    }
    let Some(number) = number else {
        return Err(Error::format(name, "header", "no export version in it"));
    };
    info.version = Version::from_numbers(number, method);
    if info.version.is_none() {
        let what = if number == 8 { format!("8.{method}") } else { number.to_string() };
        return Err(Error::format(
            name,
            "header",
            format!("export version {what}, expected 1, 5, 6, 7, 8.1 to 8.14 or 1005"),
        ));
    }
    Ok(info)
}

fn entry(info: &mut StreamInfo, kind: u16, value: &[u8], numbers: Numbers) {
    let number = numbers.any(value);
    match kind {
        tlv::VENDOR => info.vendor = Some(number as u16),
        tlv::AGGREGATION_VERSION => info.aggregation_version = Some(number as u8),
        tlv::EXPORTER => info.exporter = Some(Ipv4Addr::from(number)),
        tlv::START => info.start = Some(number),
        tlv::END => info.end = Some(number),
        tlv::FLAGS => info.flags = number,
        tlv::ROTATION => info.rotation = Some(number),
        tlv::FLOWS => info.flows = Some(numbers.long(value)),
        tlv::LOST => info.lost = Some(numbers.long(value)),
        tlv::MISORDERED => info.misordered = Some(numbers.long(value)),
        tlv::CORRUPT => info.corrupt = Some(numbers.long(value)),
        tlv::RESETS => info.resets = Some(numbers.long(value)),
        tlv::SPAN => info.span = span(value, numbers),
        tlv::HOST => info.host = Some(text(value)),
        tlv::COMMENTS => info.comments = Some(text(value)),
        tlv::INTERFACE_NAME => info.interfaces.extend(interface_name(value, numbers)),
        tlv::INTERFACE_ALIAS => info.interfaces.extend(interface_alias(value, numbers)),
        _ => {}
    }
}

/// Address, ifIndex, text. The original writes the number two octets early, over the address, and leaves its
/// place empty.
fn interface_name(value: &[u8], numbers: Numbers) -> Option<InterfaceName> {
    let (head, name) = value.split_first_chunk::<6>()?;
    let (mut address, mut index) = (numbers.u32(&head[..4]), numbers.u16(&head[4..]));
    if index == 0 {
        index = numbers.u16(&head[2..4]);
        address &= if numbers.order == Order::Little { 0x0000_FFFF } else { 0xFFFF_0000 };
    }
    Some(InterfaceName { exporter: Ipv4Addr::from(address), interfaces: vec![index], name: text(name), alias: false })
}

/// Address, count, so many ifIndexes, text; the original's count is displaced likewise.
fn interface_alias(value: &[u8], numbers: Numbers) -> Option<InterfaceName> {
    let (head, rest) = value.split_first_chunk::<6>()?;
    let count = match numbers.u16(&head[4..]) {
        0 => numbers.u16(&head[2..4]),
        count => count,
    };
    let (indexes, name) = rest.split_at_checked(count as usize * 2)?;
    Some(InterfaceName {
        exporter: Ipv4Addr::from(numbers.u32(&head[..4])),
        interfaces: indexes.chunks_exact(2).map(|i| numbers.u16(i)).collect(),
        name: text(name),
        alias: true,
    })
}

/// Stream version 1: everything at fixed places.
fn old(input: &mut dyn Read, name: &str, numbers: Numbers) -> Result<StreamInfo, Error> {
    let mut body = [0; OLD_HEADER];
    exactly(input, &mut body, name, 4)?;
    let number = match numbers.u16(&body[..2]) {
        u16::MAX => 1,
        other => other,
    };
    let version = Version::from_numbers(number, 0).filter(|v| matches!(v, Version::V1 | Version::V5));
    if version.is_none() {
        let what = format!("export version {number}, expected 1 or 5 in stream version 1");
        return Err(Error::format(name, "offset 4", what));
    }
    let word = |i: usize| numbers.u32(&body[4 + i * 4..8 + i * 4]);
    // What was not known is zero there.
    let known = |n: u32| Some(n).filter(|n| *n != 0);
    Ok(StreamInfo {
        stream_version: 1,
        version,
        order: Some(numbers.order),
        start: known(word(0)),
        end: known(word(1)),
        flags: word(2) | flags::TRANSLATED,
        rotation: known(word(3)),
        flows: Some(word(4).into()),
        lost: known(word(5)).map(u64::from),
        misordered: known(word(6)).map(u64::from),
        host: Some(text(&body[32..100])).filter(|t| !t.is_empty()),
        comments: Some(text(&body[100..356])).filter(|t| !t.is_empty()),
        ..StreamInfo::default()
    })
}

/// CRC-32C of a modern header whose octets behind the first eight are `body`, with the checksum at `at` taken as zero.
fn modern_checksum(body: &[u8], at: usize) -> u32 {
    let length = (body.len() as u32 + 8).to_le_bytes();
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[0xCF, 0x10, 1, 4]), &length);
    let (before, rest) = body.split_at_checked(at.saturating_sub(8)).unwrap_or((body, &[]));
    let behind = rest.get(4..).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c_append(sum, before), &[0; 4]), behind)
}

/// Least and greatest start, least and greatest end; all zero where it is not known.
fn span(value: &[u8], numbers: Numbers) -> Option<Span> {
    let mut times = value.chunks_exact(8).map(|time| numbers.long(time));
    let mut pair = || times.next().zip(times.next());
    let span = Span { start: pair()?, end: pair()? };
    Some(span).filter(|span| span.start != (0, 0) || span.end != (0, 0))
}

/// The header of a stream version 4 file, as `info` says: little-endian, counts of eight octets, a checksum. Its
/// length does not depend on counts and times.
pub(super) fn encode_modern(info: &StreamInfo) -> Vec<u8> {
    let numbers = Numbers { order: Order::Little };
    let mut out = vec![0xCF, 0x10, 1, 4, 0, 0, 0, 0];
    put(&mut out, numbers, tlv::CHECKSUM, &[0; 4]);
    put(&mut out, numbers, tlv::VERSION, &numbers.two(10));
    let times = [(tlv::START, info.start), (tlv::END, info.end), (tlv::FLAGS, Some(info.flags))];
    for (kind, n) in times.into_iter().chain([(tlv::ROTATION, info.rotation)]) {
        if let Some(n) = n {
            put(&mut out, numbers, kind, &numbers.four(n));
        }
    }
    let counts = [
        (tlv::FLOWS, info.flows),
        (tlv::LOST, info.lost),
        (tlv::MISORDERED, info.misordered),
        (tlv::CORRUPT, info.corrupt),
        (tlv::RESETS, info.resets),
    ];
    for (kind, n) in counts {
        if let Some(n) = n {
            put(&mut out, numbers, kind, &n.to_le_bytes());
        }
    }
    if info.flows.is_some() {
        let (start, end) = info.span.map_or(((0, 0), (0, 0)), |span| (span.start, span.end));
        let times = [start.0, start.1, end.0, end.1];
        put(&mut out, numbers, tlv::SPAN, &times.map(u64::to_le_bytes).concat());
    }
    texts(&mut out, info, numbers);
    finish(&mut out, numbers, 8);
    let sum = modern_checksum(out.get(8..).unwrap_or_default(), 12);
    if let Some(place) = out.get_mut(12..16) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    out
}

/// Host, comments, interface names.
fn texts(out: &mut Vec<u8>, info: &StreamInfo, numbers: Numbers) {
    for (kind, text) in [(tlv::HOST, &info.host), (tlv::COMMENTS, &info.comments)] {
        if let Some(text) = text {
            put(out, numbers, kind, &terminated(text));
        }
    }
    for interface in &info.interfaces {
        let kind = if interface.alias { tlv::INTERFACE_ALIAS } else { tlv::INTERFACE_NAME };
        put(out, numbers, kind, &interface_value(interface, numbers));
    }
}

/// Pads the header and writes its length.
fn finish(out: &mut Vec<u8>, numbers: Numbers, multiple: usize) {
    out.resize(out.len().next_multiple_of(multiple), 0);
    let length = numbers.four(out.len() as u32);
    out[4..8].copy_from_slice(&length);
}

/// The header of a stream version 3 file of `version`, as `info` says.
pub(super) fn encode(info: &StreamInfo, version: Version, order: Order) -> Vec<u8> {
    let numbers = Numbers { order };
    let mut out = vec![0xCF, 0x10, if order == Order::Little { 1 } else { 2 }, 3, 0, 0, 0, 0];
    let count = |n: Option<u64>| n.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let put16 = |out: &mut Vec<u8>, kind, n: u16| put(out, numbers, kind, &numbers.two(n));
    let put32 = |out: &mut Vec<u8>, kind, n: Option<u32>| {
        if let Some(n) = n {
            put(out, numbers, kind, &numbers.four(n));
        }
    };
    if let Some(vendor) = info.vendor {
        put(&mut out, numbers, tlv::VENDOR, &[vendor as u8]);
    }
    put16(&mut out, tlv::VERSION, version.number());
    if let Version::V8(method) = version {
        put(&mut out, numbers, tlv::AGGREGATION_VERSION, &[info.aggregation_version.unwrap_or(2)]);
        put(&mut out, numbers, tlv::AGGREGATION_METHOD, &[method]);
    }
    put32(&mut out, tlv::EXPORTER, info.exporter.map(u32::from));
    put32(&mut out, tlv::START, info.start);
    put32(&mut out, tlv::END, info.end);
    put32(&mut out, tlv::FLAGS, Some(info.flags));
    put32(&mut out, tlv::ROTATION, info.rotation);
    put32(&mut out, tlv::FLOWS, count(info.flows));
    put32(&mut out, tlv::LOST, count(info.lost));
    put32(&mut out, tlv::MISORDERED, count(info.misordered));
    put32(&mut out, tlv::CORRUPT, count(info.corrupt));
    put32(&mut out, tlv::RESETS, count(info.resets));
    texts(&mut out, info, numbers);
    finish(&mut out, numbers, 4);
    out
}

fn interface_value(interface: &InterfaceName, numbers: Numbers) -> Vec<u8> {
    let mut value = numbers.four(u32::from(interface.exporter)).to_vec();
    if interface.alias {
        value.extend(numbers.two(interface.interfaces.len() as u16));
    }
    interface.interfaces.iter().for_each(|i| value.extend(numbers.two(*i)));
    value.extend(terminated(&interface.name));
    value
}

fn put(out: &mut Vec<u8>, numbers: Numbers, kind: u16, value: &[u8]) {
    // A value longer than an entry can hold is left out whole rather than cut to something else.
    if let Ok(length) = u16::try_from(value.len()) {
        out.extend(numbers.two(kind));
        out.extend(numbers.two(length));
        out.extend(value);
    }
}

fn terminated(text: &str) -> Vec<u8> {
    let mut octets: Vec<u8> = text.bytes().filter(|b| *b != 0).collect();
    octets.push(0);
    octets
}

fn text(value: &[u8]) -> String {
    let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// Numbers in a file's byte order.
#[derive(Clone, Copy)]
struct Numbers {
    order: Order,
}

impl Numbers {
    fn u16(self, octets: &[u8]) -> u16 {
        self.any(octets) as u16
    }

    fn u32(self, octets: &[u8]) -> u32 {
        self.any(octets)
    }

    /// A number of however many octets the entry has: the original's lengths vary.
    fn any(self, octets: &[u8]) -> u32 {
        let octets = octets.get(..4).unwrap_or(octets);
        match self.order {
            _ if octets.is_empty() => 0,
            Order::Little => LittleEndian::read_uint(octets, octets.len()) as u32,
            Order::Big => BigEndian::read_uint(octets, octets.len()) as u32,
        }
    }

    /// A number of up to eight octets.
    fn long(self, octets: &[u8]) -> u64 {
        let octets = octets.get(..8).unwrap_or(octets);
        match self.order {
            _ if octets.is_empty() => 0,
            Order::Little => LittleEndian::read_uint(octets, octets.len()),
            Order::Big => BigEndian::read_uint(octets, octets.len()),
        }
    }

    fn two(self, n: u16) -> [u8; 2] {
        if self.order == Order::Little { n.to_le_bytes() } else { n.to_be_bytes() }
    }

    fn four(self, n: u32) -> [u8; 4] {
        if self.order == Order::Little { n.to_le_bytes() } else { n.to_be_bytes() }
    }
}

/// Octets of the header that these octets begin with; it has been read.
pub(super) fn length(first: &[u8]) -> u64 {
    let order = if first.get(2) == Some(&1) { Order::Little } else { Order::Big };
    match first.get(3) {
        Some(1) => 4 + OLD_HEADER as u64,
        _ => Numbers { order }.u32(first.get(4..8).unwrap_or_default()).into(),
    }
}

/// Reads until `out` is full or the input ends; says how much there was.
pub(super) fn fill(input: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < out.len() {
        match input.read(&mut out[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

fn exactly(input: &mut dyn Read, out: &mut [u8], name: &str, offset: usize) -> Result<(), Error> {
    let want = out.len();
    let got = fill(input, out).map_err(|e| Error::io(name, e))?;
    if got < want {
        let at = format!("offset {}", offset + got);
        return Err(Error::format(name, at, format!("header ends early, expected {want} more octets")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let info = StreamInfo {
            stream_version: 3,
            version: Some(Version::V8(3)),
            order: Some(Order::Big),
            vendor: Some(1),
            aggregation_version: Some(2),
            exporter: Some(Ipv4Addr::new(192, 0, 2, 1)),
            start: Some(5),
            end: Some(6),
            flags: flags::DONE,
            rotation: Some(9),
            flows: Some(10),
            lost: Some(11),
            misordered: Some(12),
            corrupt: Some(13),
            resets: Some(14),
            host: Some("host".into()),
            comments: Some("a comment".into()),
            span: None,
            facts: Vec::new(),
            interfaces: vec![
                InterfaceName { exporter: Ipv4Addr::LOCALHOST, interfaces: vec![3], name: "eth0".into(), alias: false },
                InterfaceName {
                    exporter: Ipv4Addr::LOCALHOST,
                    interfaces: vec![3, 4],
                    name: "lan".into(),
                    alias: true,
                },
            ],
        };
        let bytes = encode(&info, Version::V8(3), Order::Big);
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(read(&mut bytes.as_slice(), "x").unwrap(), info);
    }

    #[test]
    fn the_displaced_interface_number_is_found() {
        let value = [192, 0, 0, 7, 0, 0, b'a', 0];
        let name = interface_name(&value, Numbers { order: Order::Big }).unwrap();
        assert_eq!((name.interfaces, name.name.as_str()), (vec![7], "a"));
    }

    #[test]
    fn errors_say_where() {
        let say = |bytes: &[u8]| read(&mut &*bytes, "f").unwrap_err().to_string();
        assert_eq!(say(b""), "f: empty, expected a flow file");
        assert!(say(b"GIF89a").starts_with("f: offset 0: not a flow file"));
        assert!(say(&[0xCF, 0x10, 1, 3, 255, 255, 255, 255]).contains("header of 4294967295 octets"));
        assert!(say(&[0xCF, 0x10, 1, 3, 64, 0, 0, 0, 1, 0]).contains("offset 10: header ends early"));
        assert!(say(&[0xCF, 0x10, 1, 3, 12, 0, 0, 0, 1, 0, 9, 0]).contains("offset 8: header entry 1 of 9 octets"));
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), order in 0u8..4, version in 0u8..5) {
            let _ = read(&mut bytes.as_slice(), "x");
            for (at, octet) in [0xCF, 0x10, order, version].into_iter().enumerate() {
                if let Some(place) = bytes.get_mut(at) { *place = octet; }
            }
            if let Some(length) = bytes.get_mut(4..8) { length.copy_from_slice(&[200, 0, 0, 0]); }
            let _ = read(&mut bytes.as_slice(), "x");
        }
    }
}
