//! Sockets: where exports come from and go to.
//!
//! An [`Endpoint`] says who talks to whom; a [`Receiver`] hears datagrams by the hundred a system call, a [`Sender`]
//! sends them so, paced if asked to, over IPv4 or IPv6, unicast or multicast. A [`Spoofer`] sends IPv4 datagrams in
//! their exporters' names.

mod endpoint;
mod receive;
mod send;
mod spoof;

pub use endpoint::Endpoint;
pub use receive::{Inbox, Receiver};
pub use send::{SendOptions, Sender};
pub use spoof::Spoofer;
