//! Changing flows: conversion between export versions, masked addresses.

mod convert;
pub mod cryptopan;
mod mask;
mod prefixes;

pub use convert::{Converter, Refusal, check, convert};
pub use mask::mask_addresses;
