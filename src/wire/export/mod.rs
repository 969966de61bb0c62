//! Flows of any schema to NetFlow version 9 (RFC 3954) and IPFIX (RFC 7011), with templates.
//!
//! [`TemplateEncoder`] plans a schema once: which fields its template has, and from where to where values are copied.
//! A message is then filled a column at a time, so many flows as it has room for.
//!
//! What is sent of a flow is all of it, but for
//! - what the message's header says: the export time and the observation domain;
//! - what collectors add: the exporter's address (whoever sends flows on is the exporter now), unless
//!   [`TemplateOptions::original_exporter`] asks for it;
//! - padding, and fields of no width;
//! - what the protocol has no name for: elements of the local registry (tags, for one), and in version 9 elements of
//!   enterprises other than Cisco and values of variable length. [`TemplateEncoder::left_out`] names them.
//!
//! Times that routers count from their start (elements 21 and 22) mean nothing without the clock that stood beside
//! them. IPFIX headers have no room for it: there they become `flowStartMilliseconds` and `flowEndMilliseconds`. In
//! version 9 they stay what every collector knows, but count from a start that is ours, one for all flows within 24
//! days, so that flows of different clocks share a message.

mod announce;
mod encoder;
mod message;
mod options;
mod packets;
mod plan;
mod rows;
mod work;

pub use encoder::{LeftOut, TemplateEncoder};
pub use options::Metering;
pub use packets::PacketEncoder;

/// The protocols with templates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Protocol {
    /// NetFlow version 9 (RFC 3954).
    V9,
    /// IPFIX, version 10 (RFC 7011).
    #[default]
    Ipfix,
}

impl Protocol {
    /// The number in messages' headers.
    pub fn number(self) -> u16 {
        match self {
            Protocol::V9 => 9,
            Protocol::Ipfix => 10,
        }
    }

    /// Octets of a message's header.
    fn header(self) -> usize {
        match self {
            Protocol::V9 => 20,
            Protocol::Ipfix => 16,
        }
    }

    /// The set that carries templates; options templates are in the next.
    fn template_set(self) -> u16 {
        match self {
            Protocol::V9 => 0,
            Protocol::Ipfix => 2,
        }
    }
}

/// How flows are packed.
#[derive(Clone, Debug)]
pub struct TemplateOptions {
    /// The protocol.
    pub protocol: Protocol,
    /// Octets a message may have; at most 65,535 (65,532 are used then).
    pub octets: usize,
    /// When templates are sent again; `None` is never: over connections, which lose nothing.
    pub refresh: Option<Refresh>,
    /// Send the address of the exporter that flows were collected from, as a field of each flow.
    pub original_exporter: bool,
    /// Send what the schema says and nothing else: uptimes stay uptimes in IPFIX too (since when they count is said in
    /// [`Metering`]'s options data), and padding and the exporter's address are sent where they are fields. For
    /// meters, whose schema is the template that was asked for.
    pub verbatim: bool,
    /// Messages are of one exporter each, and sequence numbers its own: for messages that go out in exporters' names.
    pub by_exporter: bool,
}

impl Default for TemplateOptions {
    fn default() -> TemplateOptions {
        TemplateOptions {
            protocol: Protocol::Ipfix,
            octets: super::DATAGRAM,
            refresh: Some(Refresh::default()),
            original_exporter: false,
            verbatim: false,
            by_exporter: false,
        }
    }
}

/// A template is sent again in front of its next flows after so many messages, or so much time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refresh {
    /// Messages of its observation domain.
    pub messages: u32,
    /// Seconds.
    pub seconds: u32,
}

impl Default for Refresh {
    fn default() -> Refresh {
        Refresh { messages: 20, seconds: 60 }
    }
}

#[cfg(test)]
mod tests;
