//! Sockets: where exports come from and go to.
//!
//! An [`Endpoint`] says who talks to whom; a [`Receiver`] hears datagrams by the hundred a system call, a [`Sender`]
//! sends them so, paced if asked to, over IPv4 or IPv6, unicast or multicast. A [`Spoofer`] sends IPv4 datagrams in
//! their exporters' names.
//!
//! IPFIX comes over connections too, by a [`Transport`] of TCP or SCTP: from a [`StreamSender`] to a
//! [`StreamListener`].

mod backlog;
mod endpoint;
mod listen;
mod receive;
mod send;
mod spoof;
mod stream;

pub use backlog::Backlog;
pub use endpoint::Endpoint;
pub use listen::{Ending, Event, ListenOptions, Peer, Refusal, StreamListener};
pub use receive::{Inbox, Receiver};
pub use send::{SendOptions, Sender};
pub use spoof::Spoofer;
pub use stream::{StreamSender, Transport};
