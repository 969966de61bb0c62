//! nfdump's files, as of its version 1.7: a header, and blocks of records, each of elements one behind the other. All
//! numbers are in the order of the machine that wrote them; those of little-endian ones are read.

use std::io::{BufRead, ErrorKind, Read};

use super::{Rows, Wrong, lzo};
use crate::flow::{Element, FlowBatch, ie};

/// Octets of the file's header, of a block's, of a record's, of an element's.
const FILE: usize = 40;
const BLOCK: usize = 12;
const RECORD: usize = 12;
const ELEMENT: usize = 4;
/// No block holds more octets.
const MOST: usize = 64 << 20;
/// The type of blocks with flow records; others tell of the file.
const FLOWS: u16 = 3;
/// The type of flow records; others tell of exporters.
const FLOW: u16 = 11;
/// The flag of blocks that were not worth compressing.
const UNCOMPRESSED: u16 = 1;

/// What every flow is read as, but for addresses.
const COMMON: [(Element, u16); 19] = [
    (ie::START_MS, 8),
    (ie::END_MS, 8),
    (ie::PACKETS, 8),
    (ie::OCTETS, 8),
    (ie::SRC_PORT, 2),
    (ie::DST_PORT, 2),
    (ie::PROTOCOL, 1),
    (ie::TCP_FLAGS, 1),
    (ie::TOS, 1),
    (ie::INPUT, 4),
    (ie::OUTPUT, 4),
    (ie::FLOWS, 8),
    (ie::SRC_AS, 4),
    (ie::DST_AS, 4),
    (RESPONDER_PACKETS, 8),
    (RESPONDER_OCTETS, 8),
    (ie::VLAN_ID, 2),
    (ie::EXPORTER4, 4),
    (ie::ENGINE_ID, 1),
];

const FOUR: [(Element, u16); 5] =
    [(ie::SRC_ADDR4, 4), (ie::DST_ADDR4, 4), (ie::NEXT_HOP4, 4), (ie::SRC_MASK, 1), (ie::DST_MASK, 1)];
const SIX: [(Element, u16); 5] =
    [(ie::SRC_ADDR6, 16), (ie::DST_ADDR6, 16), (ie::NEXT_HOP6, 16), (ie::SRC_MASK6, 1), (ie::DST_MASK6, 1)];

const RESPONDER_OCTETS: Element = Element::iana(232);
const RESPONDER_PACKETS: Element = Element::iana(299);

/// How blocks are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Codec {
    None,
    Lzo,
    Lz4,
    Zstd,
}

/// Reads nfdump's flows, those of IPv4 and of IPv6 in batches of their own.
pub struct Reader<R> {
    input: R,
    codec: Option<Codec>,
    four: Rows,
    six: Rows,
    octets: u64,
    wrong: Option<Wrong>,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// A reader of a file.
    pub fn new(input: R) -> Reader<R> {
        let [four, six] = [FOUR, SIX].map(|own| Rows::of(&[&COMMON[..], &own[..]].concat()));
        Reader { input, codec: None, four, six, octets: 0, wrong: None, ended: false }
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong { place: format!("octet {}", self.octets), what: what.into() }
    }

    /// Reads so many octets; `None` if the file ended before the first.
    fn read(&mut self, size: usize) -> Result<Option<Vec<u8>>, Wrong> {
        // Room grows with what is read: a size in a damaged file takes no memory.
        let mut octets = Vec::new();
        match Read::take(&mut self.input, size as u64).read_to_end(&mut octets) {
            Ok(0) if size > 0 => Ok(None),
            Ok(n) if n == size => {
                self.octets += n as u64;
                Ok(Some(octets))
            }
            Ok(_) => Err(self.wrong("the file is cut off here")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.wrong("the file is cut off here")),
            Err(error) => Err(self.wrong(error.to_string())),
        }
    }

    /// The file's header: how blocks are compressed.
    fn head(&mut self) -> Result<Codec, Wrong> {
        let start = Wrong { place: "octet 0".into(), what: "expected a file of nfdump".into() };
        let Some(head) = self.read(FILE)? else { return Err(start) };
        let wrong = |what: &str| Err(Wrong { what: what.into(), ..start.clone() });
        match (number(&head, 0, 2), number(&head, 2, 2)) {
            (0xA50C, 2) => {}
            (0xA50C, 1) => return wrong("a file of nfdump before 1.7, expected one that 'nfdump -r OLD -w NEW' wrote"),
            _ => return Err(start),
        }
        if number(&head, 17, 1) != 0 {
            return wrong("the file is encrypted");
        }
        match number(&head, 16, 1) {
            0 => Ok(Codec::None),
            3 => Ok(Codec::Lz4),
            4 => Ok(Codec::Zstd),
            1 => Ok(Codec::Lzo),
            2 => wrong("compressed by bzip2, expected LZO, LZ4, Zstandard or nothing: 'nfdump -J 0' changes that"),
            _ => wrong("compressed in a way that is not known"),
        }
    }

    /// Reads a block; says whether there was one.
    fn block(&mut self) -> Result<bool, Wrong> {
        let codec = match self.codec {
            Some(codec) => codec,
            None => {
                let codec = self.head()?;
                *self.codec.insert(codec)
            }
        };
        let Some(head) = self.read(BLOCK)? else { return Ok(false) };
        let (size, kind, flags) = (number(&head, 4, 4) as usize, number(&head, 8, 2) as u16, number(&head, 10, 2));
        if size > MOST {
            return Err(self.wrong(format!("a block of {size} octets, expected at most {MOST}")));
        }
        let Some(stored) = self.read(size)? else { return Err(self.wrong("the file is cut off here")) };
        if kind != FLOWS {
            return Ok(true);
        }
        let codec = if flags as u16 & UNCOMPRESSED != 0 { Codec::None } else { codec };
        let plain = match codec {
            Codec::None => Some(stored),
            Codec::Lzo => lzo::unpack(&stored, MOST),
            Codec::Lz4 => unpack_lz4(&stored),
            Codec::Zstd => zstd::bulk::decompress(&stored, MOST).ok(),
        };
        let Some(plain) = plain else { return Err(self.wrong("the block does not decompress")) };
        self.records(&plain).ok_or_else(|| self.wrong("a record in the block ends behind it"))?;
        Ok(true)
    }

    /// The records of a block; `None` if one makes no sense.
    fn records(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let (kind, size) = (number(rest, 0, 2) as u16, number(rest, 2, 2) as usize);
            let (record, behind) = rest.split_at_checked(size).filter(|_| size >= ELEMENT)?;
            if kind == FLOW {
                self.record(record)?;
            }
            rest = behind;
        }
        Some(())
    }

    fn record(&mut self, record: &[u8]) -> Option<()> {
        let mut elements = Vec::new();
        let mut rest = record.get(RECORD..)?;
        for _ in 0..number(record, 4, 2) {
            let (kind, size) = (number(rest, 0, 2) as u16, number(rest, 2, 2) as usize);
            let (element, behind) = rest.split_at_checked(size).filter(|_| size >= ELEMENT)?;
            elements.push((kind, element.get(ELEMENT..)?));
            rest = behind;
        }
        let is_six = elements.iter().any(|(kind, _)| *kind == 3);
        let rows = if is_six { &mut self.six } else { &mut self.four };
        rows.begin();
        rows.set(ie::FLOWS, 1u64);
        rows.set(ie::ENGINE_ID, number(record, 7, 1));
        for (kind, values) in elements {
            element(rows, kind, values);
        }
        Some(())
    }
}

/// Elements, their offsets and widths.
type Places = &'static [(Element, usize, usize)];

/// Puts what an element says into the row begun last.
fn element(rows: &mut Rows, kind: u16, values: &[u8]) {
    /// Of each type the elements, their offsets and widths.
    const KNOWN: &[(u16, Places)] = &[
        (
            1,
            &[
                (ie::START_MS, 0, 8),
                (ie::END_MS, 8, 8),
                (ie::PACKETS, 24, 8),
                (ie::OCTETS, 32, 8),
                (ie::SRC_PORT, 40, 2),
                (ie::DST_PORT, 42, 2),
                (ie::PROTOCOL, 44, 1),
                (ie::TCP_FLAGS, 45, 1),
                (ie::TOS, 47, 1),
            ],
        ),
        (2, &[(ie::SRC_ADDR4, 0, 4), (ie::DST_ADDR4, 4, 4)]),
        (
            4,
            &[
                (ie::INPUT, 0, 4),
                (ie::OUTPUT, 4, 4),
                (ie::SRC_MASK, 8, 1),
                (ie::SRC_MASK6, 8, 1),
                (ie::DST_MASK, 9, 1),
                (ie::DST_MASK6, 9, 1),
            ],
        ),
        (5, &[(ie::FLOWS, 0, 8), (RESPONDER_PACKETS, 8, 8), (RESPONDER_OCTETS, 16, 8)]),
        (6, &[(ie::VLAN_ID, 0, 4)]),
        (7, &[(ie::SRC_AS, 0, 4), (ie::DST_AS, 4, 4)]),
        (10, &[(ie::NEXT_HOP4, 0, 4)]),
        (12, &[(ie::EXPORTER4, 0, 4)]),
    ];
    /// IPv6 addresses are two numbers of 64 bits, the first of them first.
    const WIDE: &[(u16, &[(Element, usize)])] =
        &[(3, &[(ie::SRC_ADDR6, 0), (ie::DST_ADDR6, 16)]), (11, &[(ie::NEXT_HOP6, 0)])];
    for (_, fields) in KNOWN.iter().filter(|(own, _)| *own == kind) {
        fields.iter().for_each(|(element, at, width)| rows.set(*element, number(values, *at, *width)));
    }
    for (_, fields) in WIDE.iter().filter(|(own, _)| *own == kind) {
        for (element, at) in *fields {
            let half = |at| u128::from(number(values, at, 8));
            rows.set(*element, half(*at) << 64 | half(at + 8));
        }
    }
}

/// A number in little-endian order; 0 past the end.
fn number(octets: &[u8], at: usize, width: usize) -> u64 {
    let own = octets.get(at..at + width).unwrap_or_default();
    own.iter().rev().fold(0, |n, octet| n << 8 | u64::from(*octet))
}

/// LZ4 blocks do not say how much is in them.
fn unpack_lz4(stored: &[u8]) -> Option<Vec<u8>> {
    let mut room = (stored.len() * 4).clamp(1 << 20, MOST);
    loop {
        let mut plain = vec![0; room];
        match lz4_flex::block::decompress_into(stored, &mut plain) {
            Ok(size) => {
                plain.truncate(size);
                return Some(plain);
            }
            Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if room < MOST => room = MOST.min(room * 4),
            Err(_) => return None,
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<FlowBatch, Wrong>;

    /// A block's flows. What came before something wrong is handed over before that is said; then it ends.
    fn next(&mut self) -> Option<Result<FlowBatch, Wrong>> {
        loop {
            if let Some(batch) = self.four.take().or_else(|| self.six.take()) {
                return Some(Ok(batch));
            }
            if self.ended {
                return self.wrong.take().map(Err);
            }
            match self.block() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(wrong) => (self.ended, self.wrong) = (true, Some(wrong)),
            }
        }
    }
}
