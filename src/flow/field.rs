//! Logical fields: what programs ask for, whatever element or width a batch carries it in.

use super::element::{Element, ie};

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = [$($element:path),+],)+) => {
        /// A field as programs think of it. A [`Schema`](super::Schema) resolves it to the first of
        /// [`Field::candidates`] that it has.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Field { $($(#[$doc])* $name,)+ }

        impl Field {
            /// Every field, in declaration order.
            pub const ALL: &'static [Field] = &[$(Field::$name,)+];

            /// The elements that carry the field, preferred ones first.
            pub fn candidates(self) -> &'static [Element] {
                match self { $(Field::$name => &[$($element),+],)+ }
            }
        }
    };
}

fields! {
    /// Source address, IPv4 or IPv6.
    SrcAddr = [ie::SRC_ADDR4, ie::SRC_ADDR6],
    /// Destination address, IPv4 or IPv6.
    DstAddr = [ie::DST_ADDR4, ie::DST_ADDR6],
    /// Next hop's address.
    NextHop = [ie::NEXT_HOP4, ie::NEXT_HOP6],
    /// Exporter's address.
    Exporter = [ie::EXPORTER4, ie::EXPORTER6],
    /// Input interface (ifIndex).
    Input = [ie::INPUT, ie::PHYSICAL_INPUT],
    /// Output interface (ifIndex).
    Output = [ie::OUTPUT, ie::PHYSICAL_OUTPUT],
    /// Flows a record stands for.
    Flows = [ie::FLOWS],
    /// Packets; of a flow that counts both directions, those of the initiator.
    Packets = [ie::PACKETS, ie::PACKETS_TOTAL, ie::INITIATOR_PACKETS],
    /// Octets of IP, headers included; of a flow that counts both directions, those of the initiator.
    Octets = [ie::OCTETS, ie::OCTETS_TOTAL, ie::INITIATOR_OCTETS],
    /// First packet, ms of exporter uptime. For absolute times see [`super::time`].
    First = [ie::FIRST],
    /// Last packet, ms of exporter uptime.
    Last = [ie::LAST],
    /// First packet, ms since 1970.
    StartMs = [ie::START_MS],
    /// Last packet, ms since 1970.
    EndMs = [ie::END_MS],
    /// Source port; of ICMP 0.
    SrcPort = [ie::SRC_PORT],
    /// Destination port; of ICMP, type and code.
    DstPort = [ie::DST_PORT],
    /// IP protocol.
    Protocol = [ie::PROTOCOL],
    /// IP type of service.
    Tos = [ie::TOS],
    /// OR of the TCP flags seen.
    TcpFlags = [ie::TCP_FLAGS],
    /// Source prefix's length in bits.
    SrcMask = [ie::SRC_MASK, ie::SRC_MASK6],
    /// Destination prefix's length in bits.
    DstMask = [ie::DST_MASK, ie::DST_MASK6],
    /// Source AS number.
    SrcAs = [ie::SRC_AS],
    /// Destination AS number.
    DstAs = [ie::DST_AS],
    /// Type of the exporter's switching engine.
    EngineType = [ie::ENGINE_TYPE],
    /// Number of the exporter's switching engine.
    EngineId = [ie::ENGINE_ID],
    /// Seconds of the exporter's clock when it sent the record.
    UnixSecs = [ie::UNIX_SECS],
    /// The rest of the export time, nanoseconds.
    UnixNsecs = [ie::UNIX_NSECS],
    /// Exporter uptime in ms when it sent the record.
    Uptime = [ie::UPTIME],
    /// Router that the short-cut bypasses.
    RouterSc = [ie::ROUTER_SC],
    /// Size of the input encapsulation.
    InEncaps = [ie::IN_ENCAPS],
    /// Size of the output encapsulation.
    OutEncaps = [ie::OUT_ENCAPS],
    /// Peer's next hop.
    PeerNextHop = [ie::PEER_NEXT_HOP],
    /// Packets seen besides (version 8.6 to 8.8).
    ExtraPackets = [ie::EXTRA_PACKETS],
    /// Type of service as it was marked on the way.
    MarkedTos = [ie::MARKED_TOS],
    /// Source tag.
    SrcTag = [ie::SRC_TAG],
    /// Destination tag.
    DstTag = [ie::DST_TAG],
    /// ICMP type * 256 + code, where it is a field of its own.
    IcmpTypeCode = [ie::ICMP_TYPE_CODE4, ie::ICMP_TYPE_CODE6],
    /// Source MAC address.
    SrcMac = [ie::SRC_MAC],
    /// Destination MAC address.
    DstMac = [ie::DST_MAC],
    /// VLAN number.
    VlanId = [ie::VLAN_ID],
    /// First packet, seconds since 1970.
    StartSecs = [ie::START_SECS],
    /// Last packet, seconds since 1970.
    EndSecs = [ie::END_SECS],
    /// First packet, in NTP's 64-bit format.
    StartNtp = [ie::START_US, ie::START_NS],
    /// Last packet, in NTP's 64-bit format.
    EndNtp = [ie::END_US, ie::END_NS],
    /// First packet, so many microseconds before the export.
    StartAgo = [ie::START_AGO],
    /// Last packet, so many microseconds before the export.
    EndAgo = [ie::END_AGO],
    /// When the exporter was started, ms since 1970.
    BootMs = [ie::BOOT_MS],
    /// When what the record tells of was seen, ms since 1970.
    ObservedMs = [ie::OBSERVED_MS],
}

impl Field {
    /// What flow-tools calls the field, such as `srcaddr`.
    pub fn short_name(self) -> &'static str {
        // A test sees to it that every field's first element has a name.
        self.candidates().first().and_then(|element| element.short_name()).unwrap_or("a field")
    }
}

/// The fields a program needs: a reader decodes only those.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Projection {
    fields: u64,
    elements: Vec<Element>,
}

impl Projection {
    /// Every element, those without a logical field included: for programs that hand flows on.
    pub const ALL: Projection = Projection { fields: u64::MAX, elements: Vec::new() };
    /// No field: only counts.
    pub const NONE: Projection = Projection { fields: 0, elements: Vec::new() };

    /// Just these fields.
    pub fn of(fields: &[Field]) -> Projection {
        fields.iter().fold(Projection::NONE, |p, f| p.with(*f))
    }

    /// Just these elements, in every occurrence.
    pub fn of_elements(elements: &[Element]) -> Projection {
        Projection { fields: 0, elements: elements.to_vec() }
    }

    /// These and one more.
    pub fn with(self, field: Field) -> Projection {
        Projection { fields: self.fields | 1 << field as u8, ..self }
    }

    /// The fields of both.
    pub fn union(mut self, other: &Projection) -> Projection {
        for element in &other.elements {
            if !self.elements.contains(element) {
                self.elements.push(*element);
            }
        }
        Projection { fields: self.fields | other.fields, ..self }
    }

    /// Whether the field is asked for.
    pub fn has(&self, field: Field) -> bool {
        self.fields >> (field as u8) & 1 == 1
    }

    /// Whether every element is asked for, known or not.
    pub fn is_all(&self) -> bool {
        self.fields == u64::MAX
    }

    /// Whether the element must be decoded for this projection.
    pub fn wants(&self, element: Element) -> bool {
        self.is_all()
            || self.elements.contains(&element)
            || Field::ALL.iter().any(|f| self.has(*f) && f.candidates().contains(&element))
    }
}

impl FromIterator<Field> for Projection {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Projection {
        fields.into_iter().fold(Projection::NONE, Projection::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_short_name() {
        for field in Field::ALL {
            assert_ne!(field.short_name(), "a field", "{field:?}");
        }
    }

    #[test]
    fn a_projection_holds_what_it_was_given() {
        assert!(Field::ALL.len() < 64);
        let p = Projection::of(&[Field::SrcAddr, Field::Octets]);
        assert!(p.has(Field::SrcAddr) && p.has(Field::Octets) && !p.has(Field::DstAddr));
        assert!(p.wants(ie::SRC_ADDR6) && !p.wants(ie::DST_ADDR4));
        assert!(Projection::ALL.wants(Element { enterprise: 9, id: 12345 }));
    }
}
