//! What is computed of a flow's fields.

use super::moments::{Chance, Zone};
use super::source::{element, float_key, gather, is_six};
use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field, FlowBatch, Projection, Rows, Schema};

/// What flows do not carry but say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Computed {
    /// First packet, ms since 1970.
    Start,
    /// Last packet, ms since 1970.
    End,
    /// First packet, seconds of the local day.
    StartOfDay,
    /// Last packet, seconds of the local day.
    EndOfDay,
    /// Last packet less first packet, ms.
    Duration,
    /// Thousandths of packets a second; 0 where there is no duration.
    PacketRate,
    /// Thousandths of bits a second; 0 where there is no duration.
    BitRate,
    /// Packets a second in the order of floating-point numbers; 0 where there is no duration.
    PacketsASecond,
    /// Bits a second, likewise.
    BitsASecond,
    /// Thousandths of octets a packet.
    PacketSize,
    /// ICMP type * 256 + code. Classic records have it in the destination port.
    IcmpTypeCode,
    /// Version of IP: 4 or 6.
    Family,
    /// Another number each time, any of 64 bits.
    Chance,
}

/// ipVersion of the IANA registry.
const IP_VERSION: Element = Element::iana(60);
/// ICMP type and code as elements of their own, for IPv4 and IPv6.
const ICMP_PARTS: [(Element, Element); 2] =
    [(Element::iana(176), Element::iana(177)), (Element::iana(178), Element::iana(179))];

/// Buffers of [`Computed::compute`].
#[derive(Default, Debug)]
pub(super) struct Workspace {
    times: FlowTimes,
    other: Vec<u64>,
    zone: Zone,
    chance: Chance,
}

impl Computed {
    /// What it is called in errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Computed::Start | Computed::End | Computed::StartOfDay | Computed::EndOfDay => "time",
            Computed::Duration => "duration",
            Computed::PacketRate | Computed::PacketsASecond => "packets and duration",
            Computed::BitRate | Computed::BitsASecond => "octets and duration",
            Computed::PacketSize => "octets and packets",
            Computed::IcmpTypeCode => "ICMP type",
            Computed::Family => "version of IP",
            Computed::Chance => "chance",
        }
    }

    /// What a reader has to decode for it.
    pub(super) fn needs(self) -> Projection {
        use Field::{DstPort, IcmpTypeCode, Octets, Packets};
        match self {
            Computed::Start | Computed::End | Computed::StartOfDay | Computed::EndOfDay | Computed::Duration => {
                FlowTimes::needs()
            }
            Computed::PacketRate | Computed::PacketsASecond => FlowTimes::needs().with(Packets),
            Computed::BitRate | Computed::BitsASecond => FlowTimes::needs().with(Octets),
            Computed::PacketSize => Projection::of(&[Octets, Packets]),
            Computed::IcmpTypeCode => {
                let parts = ICMP_PARTS.map(|(kind, code)| [kind, code]);
                Projection::of_elements(parts.as_flattened()).with(IcmpTypeCode).with(DstPort)
            }
            // Addresses tell by their width, which the schema says.
            Computed::Family => Projection::of_elements(&[IP_VERSION]),
            Computed::Chance => Projection::NONE,
        }
    }

    /// Whether flows of a schema have it.
    pub(super) fn is_in(self, schema: &Schema) -> bool {
        let has = |fields: &[Field]| fields.iter().all(|field| schema.has(*field));
        let timed = || FlowTimes::known(schema) || has(&[Field::First, Field::Last]);
        match self {
            Computed::Start | Computed::End | Computed::StartOfDay | Computed::EndOfDay => FlowTimes::known(schema),
            Computed::Duration => timed(),
            Computed::PacketRate | Computed::PacketsASecond => timed() && schema.has(Field::Packets),
            Computed::BitRate | Computed::BitsASecond => timed() && schema.has(Field::Octets),
            Computed::PacketSize => has(&[Field::Octets, Field::Packets]),
            Computed::IcmpTypeCode => {
                has(&[Field::IcmpTypeCode]) || icmp_parts(schema).is_some() || has(&[Field::DstPort])
            }
            Computed::Family => Computed::says_version(schema) || has(&[Field::SrcAddr]) || has(&[Field::DstAddr]),
            Computed::Chance => true,
        }
    }

    /// Whether flows of a schema say their version of IP themselves, whatever their addresses are.
    pub(super) fn says_version(schema: &Schema) -> bool {
        schema.position(IP_VERSION, 0).is_some()
    }

    /// Puts the numbers of `rows` into `out`.
    pub(super) fn compute(self, batch: &FlowBatch, rows: Rows<'_>, work: &mut Workspace, out: &mut Vec<u64>) {
        match self {
            Computed::Start | Computed::StartOfDay => {
                work.times.gather_rows(batch, rows);
                std::mem::swap(out, &mut work.times.start);
            }
            Computed::End | Computed::EndOfDay => {
                work.times.gather_rows(batch, rows);
                std::mem::swap(out, &mut work.times.end);
            }
            Computed::Duration => durations(batch, rows, &mut work.times, out),
            // Thousandths, of packets in a thousandth of a second.
            Computed::PacketRate => rates(batch, rows, work, out, Field::Packets, |n, ms| ratio(n, 1_000_000, ms)),
            Computed::BitRate => rates(batch, rows, work, out, Field::Octets, |n, ms| ratio(n, 8_000_000, ms)),
            Computed::PacketsASecond => rates(batch, rows, work, out, Field::Packets, |n, ms| a_second(n as f64, ms)),
            Computed::BitsASecond => rates(batch, rows, work, out, Field::Octets, |n, ms| a_second(n as f64 * 8.0, ms)),
            Computed::PacketSize => {
                gather(batch, rows, Field::Packets, out);
                gather(batch, rows, Field::Octets, &mut work.other);
                out.iter_mut().zip(&work.other).for_each(|(packets, octets)| *packets = ratio(*octets, 1000, *packets));
            }
            Computed::IcmpTypeCode => icmp(batch, rows, &mut work.other, out),
            Computed::Family => match element(batch, &[IP_VERSION]) {
                Some(view) => view.gather(rows, out),
                None => {
                    out.clear();
                    out.resize(rows.len(), if is_six(batch.schema()) { 6 } else { 4 });
                }
            },
            Computed::Chance => {
                out.clear();
                out.extend((0..rows.len()).map(|_| work.chance.next()));
            }
        }
        if matches!(self, Computed::StartOfDay | Computed::EndOfDay) {
            out.iter_mut().for_each(|ms| *ms = work.zone.second_of_day(*ms));
        }
    }
}

/// What is counted in a field, and the duration in ms, made one number.
fn rates(
    batch: &FlowBatch,
    rows: Rows<'_>,
    work: &mut Workspace,
    out: &mut Vec<u64>,
    counter: Field,
    rate: impl Fn(u64, u64) -> u64,
) {
    durations(batch, rows, &mut work.times, out);
    gather(batch, rows, counter, &mut work.other);
    out.iter_mut().zip(&work.other).for_each(|(ms, count)| *ms = rate(*count, *ms));
}

/// `n * factor / d`; 0 where `d` is.
fn ratio(n: u64, factor: u64, d: u64) -> u64 {
    let ratio = (u128::from(n) * u128::from(factor)).checked_div(d.into()).unwrap_or(0);
    u64::try_from(ratio).unwrap_or(u64::MAX)
}

/// So many in so many milliseconds.
fn a_second(n: f64, ms: u64) -> u64 {
    float_key(if ms == 0 { 0.0 } else { n / (ms as f64 / 1000.0) })
}

fn durations(batch: &FlowBatch, rows: Rows<'_>, times: &mut FlowTimes, out: &mut Vec<u64>) {
    times.gather_rows(batch, rows);
    out.clear();
    let pairs = times.start.iter().zip(&times.end);
    if FlowTimes::known(batch.schema()) && !FlowTimes::computed(batch.schema()) {
        out.extend(pairs.map(|(start, end)| end.saturating_sub(*start)));
    } else {
        // Uptime may wrap during a flow.
        out.extend(pairs.map(|(start, end)| u64::from(end.wrapping_sub(*start) as u32)));
    }
}

fn icmp_parts(schema: &Schema) -> Option<(Element, Element)> {
    ICMP_PARTS.into_iter().find(|(kind, _)| schema.position(*kind, 0).is_some())
}

fn icmp(batch: &FlowBatch, rows: Rows<'_>, other: &mut Vec<u64>, out: &mut Vec<u64>) {
    let parts = icmp_parts(batch.schema());
    match (batch.view(Field::IcmpTypeCode), parts) {
        (Some(view), _) => view.gather(rows, out),
        (None, Some((kind, code))) => {
            if let Some(view) = element(batch, &[kind]) {
                view.gather(rows, out);
            }
            match element(batch, &[code]) {
                Some(view) => view.gather(rows, other),
                None => other.clear(),
            }
            out.iter_mut().for_each(|kind| *kind <<= 8);
            out.iter_mut().zip(other).for_each(|(kind, code)| *kind |= *code);
        }
        (None, None) => gather(batch, rows, Field::DstPort, out),
    }
}
