//! Changing flows: conversion between export versions, tags, prefix lengths, translations, anonymisation.
//!
//! [`tag`], [`mask`] and [`xlate`] read flow-tools' configurations; what a definition of them says is applied to a
//! [`FlowBatch`](crate::flow::FlowBatch), with a [`Scratch`] a thread:
//!
//! ```
//! use chrono::Local;
//! use flowtools::flow::{FlowBatch, Order, Symbols, Version};
//! use flowtools::rewrite::{Scratch, tag::Tags};
//! use flowtools::select::{config::{Sources, Variables}, nfilter::Context};
//!
//! let text = "tag-action ALL\n type any\n match any set-source 7\ntag-definition all\n term\n  action ALL\n";
//! let mut sources = Sources::new(Variables::default(), |_| Ok(text.into()));
//! let (symbols, now) = (Symbols::default(), Local::now());
//! let tags = Tags::parse("tag.cfg", &mut sources, Context { symbols: &symbols, now }).unwrap();
//! let batch = FlowBatch::from_raw(Version::V5, Order::Big, vec![0; 64]);
//! let batch = tags.definition("all").unwrap().apply(batch, &mut Scratch::default());
//! assert_eq!(batch.raw().unwrap().layout.version, Version::V1005);
//! ```

mod convert;
pub mod cryptopan;
pub mod mask;
mod prefixes;
mod privacy;
mod scratch;
mod side;
mod steps;
pub mod tag;
mod terms;
pub mod xlate;

pub use convert::{Converter, Refusal, check, convert};
pub use privacy::mask_addresses;
pub use scratch::Scratch;
pub use steps::Steps;
