//! Changing flows: conversion between export versions.

mod convert;

pub use convert::{Converter, Refusal, check, convert};
