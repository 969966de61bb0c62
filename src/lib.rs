//! flow-tools: collect, store, filter, print and rank NetFlow.
//!
//! The house has floors; a module uses only those below it.
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`flow`]: a flow, a batch of flows, what a header says |
//! | 1 | [`mod@file`], [`wire`], [`select`], [`rewrite`], [`report`], [`mod@print`], [`mod@exchange`], [`meter`] |
//! | 2 | [`net`]: sockets; [`sql`]: databases; [`graph`]: what flows come to over time: RRDs, through rrdtool, and scoreboards |
//! | 3 | [`cli`]: what every program shares; [`collect`]: what flow-capture does: receive, decode, store, rotate; [`fan`]: what flow-fanout does: receive, change, send on; [`sense`]: what flow-sensor does: capture, meter, export |
//! | 4 | the programs, `src/bin/flow-*.rs` |
//!
//! Data flows one way: packets, `meter`, flows, `wire`, `net`, `wire`, flows, `file`, flows, `select` and `rewrite`,
//! `report` and `print`.

#![warn(missing_docs)]

pub mod cli;
pub mod collect;
pub mod exchange;
pub mod fan;
pub mod file;
pub mod flow;
pub mod graph;
pub mod meter;
pub mod net;
pub mod print;
pub mod report;
pub mod rewrite;
pub mod select;
pub mod sense;
pub mod sql;
pub mod wire;
