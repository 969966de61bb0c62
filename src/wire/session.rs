//! Who sends: an exporter's port, or one connection of it.

use std::net::IpAddr;

/// A sender of NetFlow 9 or IPFIX, whose templates are its own (RFC 7011 section 8): over UDP an exporter's address
/// and port, over TCP or SCTP one connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Session {
    /// The exporter's address, never an IPv4 address mapped into IPv6.
    pub exporter: IpAddr,
    /// The port it sends from.
    pub port: u16,
    /// The connection's number, which the caller gives; `None` over UDP.
    pub connection: Option<u64>,
}

impl Session {
    /// An exporter that sends datagrams.
    pub fn datagrams(exporter: IpAddr, port: u16) -> Session {
        // A collector that hears on both families sees IPv4 exporters as mapped addresses.
        Session { exporter: exporter.to_canonical(), port, connection: None }
    }

    /// An exporter's connection. Its templates are forgotten with it: see
    /// [`Decoder::forget`](super::Decoder::forget).
    pub fn connection(exporter: IpAddr, port: u16, number: u64) -> Session {
        Session { connection: Some(number), ..Session::datagrams(exporter, port) }
    }
}
