//! How many flows fall into each of some ranges, as the summary shows it.

use std::io::{self, Write};

/// A distribution: ranges by their upper bounds, and how its table looks.
pub struct Distribution {
    title: &'static str,
    /// Upper bounds, rising, all multiples of `step`. What is above the last has a range of its own.
    bounds: &'static [u64],
    step: u64,
    /// Two pairs of lines: what the ranges are called, and where their shares stand (`####`).
    lines: [(&'static str, &'static str); 2],
}

/// A distribution being counted.
pub struct Counted {
    what: &'static Distribution,
    /// The range of value n is at n / step, rounded up; so nothing is searched for.
    ranges: Vec<u8>,
    counts: Vec<u64>,
}

impl Counted {
    /// Nothing counted yet.
    pub fn new(what: &'static Distribution) -> Counted {
        let last = what.bounds.last().map_or(0, |bound| bound / what.step);
        let range = |n: u64| what.bounds.partition_point(|bound| *bound < n * what.step) as u8;
        Counted { what, ranges: (0..=last).map(range).collect(), counts: vec![0; what.bounds.len() + 1] }
    }

    /// Counts a flow.
    #[inline]
    pub fn add(&mut self, value: u64, flows: u64) {
        let at = value.div_ceil(self.what.step) as usize;
        let range = self.ranges.get(at).map_or(self.counts.len() - 1, |range| usize::from(*range));
        if let Some(count) = self.counts.get_mut(range) {
            *count = count.saturating_add(flows);
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: &Counted) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, n)| *sum = sum.saturating_add(*n));
    }

    /// What was counted in each range, least values first. Of packet sizes, the last is of those not shown.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Writes the table: shares of `flows`, which may not be 0, in thousandths.
    pub fn write(&self, flows: u64, out: &mut impl Write) -> io::Result<()> {
        self.write_as(self.what.title, flows, out)
    }

    /// The same by another title.
    pub fn write_as(&self, title: &str, flows: u64, out: &mut impl Write) -> io::Result<()> {
        let mut shares = self.counts.iter().map(|count| share(*count, flows));
        writeln!(out, "{title}:")?;
        for (labels, slots) in self.what.lines {
            writeln!(out, "{labels}")?;
            let mut rest = slots;
            while let Some((gap, after)) = rest.split_once("####") {
                write!(out, "{gap}{}", shares.next().unwrap_or_default())?;
                rest = after;
            }
            writeln!(out, "{rest}\n")?;
        }
        Ok(())
    }
}

/// A share as its three decimals. There is no place for a leading digit: all of the flows show as `.000`, as they do
/// in the original.
fn share(count: u64, flows: u64) -> String {
    let mut text = Vec::new();
    crate::report::text::decimal(&mut text, count as f64 / flows as f64, 3, 0);
    String::from_utf8_lossy(text.get(1..).unwrap_or_default()).into_owned()
}

/// Octets a packet, rounded down. Flows of larger packets are not shown.
pub static PACKET_SIZE: Distribution = Distribution {
    title: "IP packet size distribution",
    bounds: &[
        32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512, 544, 576, 1024, 1536, 2048, 2560,
        3072, 3584, 4096, 4608,
    ],
    step: 32,
    lines: [
        (
            "   1-32   64   96  128  160  192  224  256  288  320  352  384  416  448  480",
            "   #### #### #### #### #### #### #### #### #### #### #### #### #### #### #### ",
        ),
        (
            "    512  544  576 1024 1536 2048 2560 3072 3584 4096 4608",
            "   #### #### #### #### #### #### #### #### #### #### #### ",
        ),
    ],
};

/// Packets a flow.
pub static PACKETS: Distribution = Distribution {
    title: "Packets per flow distribution",
    bounds: &[1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 60, 100, 200, 300, 400, 500, 600, 700, 800, 900],
    step: 1,
    lines: [
        (
            "      1    2    4    8   12   16   20   24   28   32   36   40   44   48   52",
            "   #### #### #### #### #### #### #### #### #### #### #### #### #### #### #### ",
        ),
        (
            "     60  100  200  300  400  500  600  700  800  900 >900",
            "   #### #### #### #### #### #### #### #### #### #### #### ",
        ),
    ],
};

/// Octets a flow.
pub static OCTETS: Distribution = Distribution {
    title: "Octets per flow distribution",
    bounds: &[
        32, 64, 128, 256, 512, 1280, 2048, 2816, 3584, 4352, 5120, 5888, 6656, 7424, 8192, 8960, 9728, 10496, 11264,
        12032, 12800, 13568, 14336, 15104, 15872,
    ],
    step: 32,
    lines: [
        (
            "     32   64  128  256  512 1280 2048 2816 3584 4352 5120 5888 6656 7424 8192",
            "   #### #### #### #### #### #### #### #### #### #### #### #### #### #### #### ",
        ),
        (
            "   8960 9728 10496 11264 12032 12800 13568 14336 15104 15872 >15872",
            "   #### ####  ####  ####  ####  ####  ####  ####  ####  ####  ####  ",
        ),
    ],
};

/// Milliseconds from a flow's first packet to its last.
pub static TIME: Distribution = Distribution {
    title: "Flow time distribution",
    bounds: &[
        10, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 12000, 14000, 16000, 18000,
        20000, 22000, 24000, 26000, 28000, 30000,
    ],
    step: 10,
    lines: [
        (
            "    10    50  100  200  500 1000 2000 3000 4000 5000 6000 7000 8000 9000 10000",
            "   #### #### #### #### #### #### #### #### #### #### #### #### #### ####  ####  ",
        ),
        (
            "  12000 14000 16000 18000 20000 22000 24000 26000 28000 30000 >30000",
            "   ####  ####  ####  ####  ####  ####  ####  ####  ####  ####  ####  ",
        ),
    ],
};

/// The four distributions of a summary: octets a packet, packets, octets, ms.
pub fn distributions() -> Vec<Counted> {
    [&PACKET_SIZE, &PACKETS, &OCTETS, &TIME].map(Counted::new).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_holds_its_upper_bound() {
        for what in [&PACKET_SIZE, &PACKETS, &OCTETS, &TIME] {
            let mut counted = Counted::new(what);
            for (at, bound) in what.bounds.iter().enumerate() {
                assert_eq!(bound % what.step, 0);
                counted.add(*bound, 1);
                counted.add(bound + 1, 1);
                assert_eq!((counted.counts[at], counted.counts[at + 1]), (if at == 0 { 1 } else { 2 }, 1));
            }
            counted.add(u64::MAX, 1);
            counted.add(0, 1);
            let mut out = Vec::new();
            counted.write(1000, &mut out).unwrap();
            let slots: usize = what.lines.iter().map(|(_, slots)| slots.matches("####").count()).sum();
            assert_eq!(slots, what.bounds.len() + usize::from(what.title != PACKET_SIZE.title));
        }
    }
}
