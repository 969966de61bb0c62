//! From packets to flows: capture files, header parsing, the flow cache, expiry.
//!
//! [`source`] reads captures frame by frame; [`link`] finds the IP packet in a frame; [`packet`] reads its headers.

pub mod link;
pub mod packet;
pub mod source;
