//! What changing flows needs besides the flows.

use super::cryptopan::{CryptoPan, Memory};
use crate::select;

/// Room to work in, kept from batch to batch: one a thread.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) select: select::Scratch,
    /// Rows that a term is about.
    pub(super) rows: Vec<u32>,
    /// A column of numbers or IPv4 addresses, and others beside it.
    pub(super) numbers: Vec<u32>,
    pub(super) beside: Vec<u32>,
    pub(super) tags: [Vec<u32>; 2],
    /// A column of IPv6 addresses.
    pub(super) wide: Vec<u128>,
    memories: Vec<Memory>,
    pub(super) clipped: u64,
}

impl Scratch {
    /// Keys whose addresses are remembered.
    const KEYS: usize = 4;

    /// How many numbers were too great for their columns, and became the greatest that fit, since this was asked last.
    pub fn take_clipped(&mut self) -> u64 {
        std::mem::take(&mut self.clipped)
    }

    /// What is known under a key.
    pub(super) fn memory(&mut self, pan: &CryptoPan) -> Option<&mut Memory> {
        let known = self.memories.iter().position(|memory| memory.is_of(pan));
        let at = known.unwrap_or_else(|| {
            if self.memories.len() >= Scratch::KEYS {
                self.memories.remove(0);
            }
            self.memories.push(Memory::default());
            self.memories.len() - 1
        });
        let memory = self.memories.get_mut(at)?;
        memory.begin(pan);
        Some(memory)
    }
}
