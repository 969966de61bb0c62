//! Changing flows: conversion between export versions.

mod clock;
mod convert;

pub use convert::{Converter, Refusal, check, convert};
