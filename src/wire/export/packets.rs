//! Packets instead of flows: PSAMP (RFC 5476), as softflowd's `-v psamp` sends it. Each packet is a message of its own:
//! when it was seen, and its first octets from the link header on.

use super::message::{Clock, Message, SET};
use super::{Protocol, Refresh};

/// The template's id, which is softflowd's.
const ID: u16 = 3072;
/// selectionSequenceId, observationTimeMicroseconds, sectionExportedOctets, dataLinkFrameSection.
const FIELDS: [(u16, u16); 4] = [(301, 8), (324, 8), (410, 2), (315, SECTION as u16)];
/// Octets of a packet that are sent, as by softflowd.
const SECTION: usize = 1390;
/// Octets of a record.
const RECORD: usize = 18 + SECTION;
/// From 1900 to 1970, in seconds.
const EPOCH: u64 = 2_208_988_800;

/// Packs packets into IPFIX messages.
pub struct PacketEncoder {
    message: Message,
    /// When the template is sent again; `None` is never: over connections.
    refresh: Option<Refresh>,
    /// Packets sent, which is what messages are numbered by.
    packets: u64,
    /// Of which packet and when the template was sent.
    announced: Option<(u64, u64)>,
}

impl PacketEncoder {
    /// An encoder that has sent nothing.
    pub fn new(refresh: Option<Refresh>) -> PacketEncoder {
        let message = Message::new(Protocol::Ipfix, super::super::DATAGRAM);
        PacketEncoder { message, refresh, packets: 0, announced: None }
    }

    /// Sends the template again before the next packet.
    pub fn announce_again(&mut self) {
        self.announced = None;
    }

    /// Makes messages of a packet, which was seen at a time in ns since 1970: one, and one before it where the
    /// template is due. Of more than 1390 octets the first are sent.
    pub fn encode<E>(
        &mut self,
        time_ns: u64,
        packet: &[u8],
        mut send: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let secs = time_ns / 1_000_000_000;
        let over = |(packets, at): (u64, u64)| {
            self.refresh.is_some_and(|refresh| {
                self.packets - packets >= refresh.messages.into() || secs.abs_diff(at) >= refresh.seconds.into()
            })
        };
        if self.announced.is_none_or(over) {
            self.announced = Some((self.packets, secs));
            self.message.begin();
            self.message.set(Protocol::Ipfix.template_set(), SET);
            let words =
                [ID, FIELDS.len() as u16].into_iter().chain(FIELDS.into_iter().flat_map(|(id, width)| [id, width]));
            let out = self.message.records(1, 4 + 4 * FIELDS.len(), false);
            out.chunks_exact_mut(2).zip(words).for_each(|(to, word)| to.copy_from_slice(&word.to_be_bytes()));
            self.hand_over(secs, &mut send)?;
        }
        self.message.begin();
        self.message.set(ID, RECORD);
        let section = packet.get(..SECTION).unwrap_or(packet);
        let head = self.packets.wrapping_add(1).to_be_bytes().into_iter().chain(ntp(time_ns).to_be_bytes());
        let octets = head.chain((section.len() as u16).to_be_bytes()).chain(section.iter().copied());
        self.message.records(1, RECORD, true).iter_mut().zip(octets).for_each(|(to, octet)| *to = octet);
        self.hand_over(secs, &mut send)?;
        self.packets += 1;
        Ok(())
    }

    fn hand_over<E>(&mut self, secs: u64, send: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let clock = Clock { secs: secs as u32, uptime: 0 };
        let (octets, _) = self.message.end(clock, 0, self.packets as u32);
        send(octets)?;
        self.message.clear();
        Ok(())
    }
}

/// A time in NTP's format, the least one not before it to the microsecond (RFC 7011 section 6.1.9).
fn ntp(time_ns: u64) -> u64 {
    let fraction = ((time_ns % 1_000_000_000 / 1000 * 1000) << 32).div_ceil(1_000_000_000);
    (time_ns / 1_000_000_000 + EPOCH) << 32 | fraction.div_ceil(1 << 11) << 11
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn messages(encoder: &mut PacketEncoder, packets: &[(u64, Vec<u8>)]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for (time_ns, packet) in packets {
            let Ok(()) = encoder.encode(*time_ns, packet, |octets| {
                all.push(octets.to_vec());
                Ok::<_, Infallible>(())
            });
        }
        all
    }

    #[test]
    fn a_packet_is_a_message_as_softflowds_is() {
        const T: u64 = 1_700_000_000_500_000_999;
        let packets = [(T, vec![7; 60]), (T, vec![9; 2000]), (T, Vec::new())];
        let all = messages(&mut PacketEncoder::new(None), &packets);
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [40, 1428, 1428, 1428]);
        assert_eq!(all[0][16..], [0, 2, 0, 24, 12, 0, 0, 4, 1, 45, 0, 8, 1, 68, 0, 8, 1, 154, 0, 2, 1, 59, 5, 110]);
        let word = |octets: &[u8]| octets.iter().fold(0u64, |n, octet| n << 8 | u64::from(*octet));
        for (message, (number, length)) in all[1..].iter().zip([(0, 60), (1, 1390), (2, 0)]) {
            assert_eq!(
                (word(&message[..2]), word(&message[2..4]), word(&message[4..8])),
                (10, 1428, T / 1_000_000_000)
            );
            assert_eq!((word(&message[8..12]), word(&message[16..18])), (number, ID.into()));
            assert_eq!((word(&message[20..28]), word(&message[36..38])), (number + 1, length));
            assert_eq!((word(&message[28..32]), word(&message[32..36])), (T / 1_000_000_000 + EPOCH, 1 << 31));
        }
        assert!(all[1][38..98].iter().all(|octet| *octet == 7) && all[1][98..].iter().all(|octet| *octet == 0));
    }

    #[test]
    fn the_template_comes_again() {
        let packets: Vec<_> = (0..50).map(|n| (n * 1_000_000_000, vec![1])).collect();
        let templates = |refresh| {
            let all = messages(&mut PacketEncoder::new(refresh), &packets);
            all.iter().filter(|message| message.len() == 40).count()
        };
        assert_eq!(templates(None), 1);
        assert_eq!(templates(Some(Refresh { messages: 20, seconds: 60 })), 3);
        assert_eq!(templates(Some(Refresh { messages: 200, seconds: 10 })), 5);
    }
}
