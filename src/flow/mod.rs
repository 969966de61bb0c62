//! The ground floor: what a flow is.
//!
//! A [`FlowBatch`] holds some thousands of flows of one [`Schema`]: as classic records ([`Version`], [`Layout`]) or
//! as columns ([`Column`]), each named by an IPFIX [`Element`]. Programs ask for logical [`Field`]s, which a schema
//! resolves once a batch. [`StreamInfo`] is what a header says; [`Prune`] lets a selection rule blocks out.

mod batch;
mod buffer;
pub mod clock;
mod column;
pub mod date;
mod edit;
mod element;
mod facts;
mod field;
mod form;
mod info;
pub mod pattern;
mod prune;
mod record;
pub mod registry;
mod schema;
pub mod symbols;
pub mod time;

pub use batch::{FlowBatch, RawRows, RowLayout, StoredRows};
pub use buffer::{Buffer, give_back, give_numbers_back, number_room, room, spare};
pub use column::{Column, Number, Order, Rows, View};
pub use element::{Element, LOCAL, ie};
pub use facts::{About, Fact, InterfaceNames};
pub use field::{Field, Projection};
pub use form::{Codec, Form};
pub use info::{InterfaceName, StreamInfo, flags};
pub use prune::{BlockFacts, Prune, Select};
pub use record::{Layout, Version};
pub use schema::{FieldSpec, Schema, VARIABLE};
pub use symbols::Symbols;
