//! Messages of NetFlow 9 (RFC 3954 section 5) and IPFIX (RFC 7011 section 3): a header, then sets.

use super::decode::Reject;

/// NetFlow version 9.
pub(super) const V9: u16 = 9;
/// IPFIX.
pub(super) const IPFIX: u16 = 10;

/// What a message's header says, and its sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// [`V9`] or [`IPFIX`].
    pub protocol: u16,
    /// Exporter's uptime in ms; IPFIX does not say it.
    pub uptime: u32,
    /// When it was sent, seconds since 1970.
    pub secs: u32,
    /// Version 9: datagrams sent before; IPFIX: data records sent before.
    pub sequence: u32,
    /// Observation domain (version 9: source id).
    pub domain: u32,
    /// That it ends before it says it does.
    pub cut: Option<Reject>,
    sets: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the header. Octets behind the length that an IPFIX message says it has are ignored.
    pub fn read(octets: &'a [u8]) -> Result<Message<'a>, Reject> {
        let short = |need| Reject::Short { octets: octets.len(), need };
        let word =
            |b: &[u8], at: usize| b.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b));
        let protocol = octets.first_chunk().map_or(0, |b| u16::from_be_bytes(*b));
        if protocol == V9 {
            let (b, sets) = octets.split_at_checked(20).ok_or(short(20))?;
            let [uptime, secs, sequence, domain] = [4, 8, 12, 16].map(|at| word(b, at));
            return Ok(Message { protocol, uptime, secs, sequence, domain, cut: None, sets });
        }
        let (b, sets) = octets.split_at_checked(16).ok_or(short(16))?;
        let [secs, sequence, domain] = [4, 8, 12].map(|at| word(b, at));
        let says = (word(b, 0) & 0xFFFF) as u16;
        let body = usize::from(says).checked_sub(16);
        let wrong = Reject::Length { says, holds: octets.len() };
        let cut = body.is_none_or(|body| body > sets.len()).then_some(wrong);
        let sets = sets.get(..body.ok_or(wrong)?).unwrap_or(sets);
        Ok(Message { protocol, uptime: 0, secs, sequence, domain, cut, sets })
    }

    /// The sets in order; one that is malformed is the last.
    pub fn sets(&self) -> Sets<'a> {
        Sets { rest: self.sets }
    }
}

/// A set: records of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Set<'a> {
    /// What its records are: the number of a template, or less than 256 for templates themselves.
    pub id: u16,
    /// The records, and what pads them.
    pub body: &'a [u8],
}

/// Walks through a message's sets.
#[derive(Debug)]
pub(super) struct Sets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Sets<'a> {
    type Item = Result<Set<'a>, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        // Fewer octets than a set's header pad the message; so do zeros.
        let head: &[u8; 4] = self.rest.first_chunk()?;
        let [id, says] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_be_bytes);
        if (id, says) == (0, 0) {
            return None;
        }
        let wrong = Reject::Set { id, says, holds: self.rest.len() };
        match self.rest.split_at_checked(usize::from(says)) {
            Some((set, rest)) if says >= 4 => {
                self.rest = rest;
                Some(Ok(Set { id, body: set.get(4..).unwrap_or_default() }))
            }
            _ => {
                self.rest = &[];
                Some(Err(wrong))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPFIX message of these sets, each with its header.
    fn message(sets: &[u8]) -> Vec<u8> {
        let mut octets = vec![0, 10, 0, 16 + sets.len() as u8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        octets.extend_from_slice(sets);
        octets
    }

    #[test]
    fn a_message_is_a_header_and_sets() {
        let octets = message(&[1, 0, 0, 6, 7, 8, 0, 2, 0, 4, 9, 9]);
        let read = Message::read(&octets).unwrap();
        assert_eq!((read.protocol, read.secs, read.sequence, read.domain, read.cut), (IPFIX, 1, 2, 3, None));
        let sets: Vec<_> = read.sets().collect();
        assert_eq!(sets, [Ok(Set { id: 256, body: &[7, 8] }), Ok(Set { id: 2, body: &[] })]);
    }

    #[test]
    fn what_ends_too_early_is_used_as_far_as_it_goes() {
        let mut octets = message(&[1, 0, 0, 4, 1, 1, 0, 9, 5]);
        let sets: Vec<_> = Message::read(&octets).unwrap().sets().collect();
        assert_eq!(sets[1], Err(Reject::Set { id: 257, says: 9, holds: 5 }));
        octets.truncate(20);
        let read = Message::read(&octets).unwrap();
        assert_eq!(read.cut, Some(Reject::Length { says: 25, holds: 20 }));
        assert_eq!(read.sets().count(), 1);
        octets[3] = 15;
        assert_eq!(Message::read(&octets).unwrap_err(), Reject::Length { says: 15, holds: 20 });
        assert_eq!(Message::read(&[0, 9, 0]).unwrap_err(), Reject::Short { octets: 3, need: 20 });
    }
}
