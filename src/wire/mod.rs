//! Export protocols: datagrams to flows and back.
//!
//! [`Decoder`] turns the datagrams of exporters into flows, and keeps each exporter's sequence numbers; [`Encoder`]
//! packs classic records into datagrams; [`TemplateEncoder`] packs flows of any schema into NetFlow 9 and IPFIX.
//! NetFlow 1, 5, 6, 7 and 8 (methods 1 to 14) have fixed records: what a datagram carries, and where in the stored
//! record each field belongs, is laid down in one table (`layout`), and the version most in use, 5, has a straight-line
//! conversion of its own.
//!
//! NetFlow 9 and IPFIX say first what their records are made of (`template`). Their flows stay as they came: rows of
//! the exporter's own making with the facts of the message's header before them, or columns where lengths vary
//! (`flows`). Templates are a [`Session`]'s own; data that comes before its template waits for it. What options data
//! says (`options`, `knowledge`) is handed on as [`Fact`](crate::flow::Fact)s.

mod decode;
mod encode;
pub mod export;
mod flows;
mod header;
mod knowledge;
mod layout;
mod message;
mod options;
mod records;
mod relay;
mod sampling;
mod sequence;
mod session;
mod template;
mod templated;
mod v5;
mod version;

pub use decode::{Datagram, Decoder, Reject};
pub use encode::{Clock, Encoder, Export};
pub use export::{Metering, PacketEncoder, Protocol, Refresh, TemplateEncoder, TemplateOptions};
pub use header::Header;
pub use layout::{DATAGRAM, flows_per_datagram};
pub use records::Records;
pub use relay::Relay;
pub use sequence::{Counters, Sequence, StreamKey};
pub use session::Session;
pub use template::saved::Damaged;
pub use version::ExportVersion;
