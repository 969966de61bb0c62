//! Changing flows: conversion between export versions, masked addresses.

mod convert;
mod mask;

pub use convert::{Converter, Refusal, check, convert};
pub use mask::mask_addresses;
