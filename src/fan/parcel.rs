//! Datagrams on their way to every destination.

use std::net::Ipv4Addr;

/// Datagrams that were received together.
#[derive(Debug, Default)]
pub struct Parcel {
    octets: Vec<u8>,
    ends: Vec<(u32, Ipv4Addr)>,
    flows: u64,
}

impl Parcel {
    /// Adds a datagram of an exporter (0.0.0.0 if it has no IPv4 address), with so many flows in it.
    pub fn push(&mut self, exporter: Ipv4Addr, flows: u64, datagram: &[u8]) {
        self.octets.extend_from_slice(datagram);
        self.ends.push((self.octets.len() as u32, exporter));
        self.flows += flows;
    }

    /// The datagram that was added last, to be changed.
    pub fn last(&mut self) -> &mut [u8] {
        let start = self.ends.len().checked_sub(2).and_then(|at| self.ends.get(at)).map_or(0, |(end, _)| *end as usize);
        self.octets.get_mut(start..).unwrap_or_default()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Flows in it.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Octets of memory that it takes while it waits.
    pub fn room(&self) -> usize {
        self.octets.len() + self.ends.len() * size_of::<(u32, Ipv4Addr)>() + size_of::<Parcel>()
    }

    /// Takes what is in it, in no more room than that needs. Room stays for the next datagrams.
    pub fn take(&mut self) -> Parcel {
        let taken =
            Parcel { octets: self.octets.as_slice().into(), ends: self.ends.as_slice().into(), flows: self.flows };
        self.octets.clear();
        self.ends.clear();
        self.flows = 0;
        taken
    }

    /// Each datagram and its exporter.
    pub fn datagrams(&self) -> impl Iterator<Item = (Ipv4Addr, &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        starts.zip(&self.ends).map(|(start, (end, exporter))| {
            (*exporter, self.octets.get(start as usize..*end as usize).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let (mut parcel, here) = (Parcel::default(), Ipv4Addr::LOCALHOST);
        parcel.push(here, 1, b"one");
        assert_eq!(parcel.last(), b"one");
        parcel.push(Ipv4Addr::UNSPECIFIED, 2, b"other");
        parcel.last()[0] = b'O';
        let taken = parcel.take();
        assert!(parcel.is_empty() && taken.flows() == 3 && taken.room() > 8);
        let all: Vec<_> = taken.datagrams().collect();
        assert_eq!(all, [(here, &b"one"[..]), (Ipv4Addr::UNSPECIFIED, b"Other")]);
        assert!(parcel.last().is_empty() && parcel.take().datagrams().next().is_none());
    }
}
