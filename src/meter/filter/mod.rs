//! Which packets: tcpdump's expressions.
//!
//! libpcap's compiler makes a [`Program`] of an expression: instructions of the classic BPF machine (McCanne and
//! Jacobson, 1993). The library is opened when the first expression is compiled, so nothing else needs it. Live
//! captures let the kernel run the program; frames of files, and where the kernel does not see a frame as we show it,
//! [`Program::accepts`] runs it.

mod libpcap;
mod machine;

use std::fmt;

use super::link::LinkType;
use machine::Operation;

/// The most instructions of a program: the kernel's limit.
pub const MAX_INSTRUCTIONS: usize = 4096;

/// An instruction of the classic BPF machine, as libpcap and the kernel have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// Instructions to jump over if a condition holds.
    pub jt: u8,
    /// And if it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// A filter: a valid program that ends for every frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    instructions: Vec<Instruction>,
    operations: Vec<Operation>,
    link: LinkType,
}

impl Program {
    /// Compiles an expression for frames of a link type, of which at most `snaplen` octets are looked at; an empty
    /// expression takes every frame. Fails with libpcap's words, or without the library with the name of its package.
    pub fn compile(expression: &str, link: LinkType, snaplen: u32) -> Result<Program, String> {
        let failed = |what| format!("filter \"{expression}\": {what}");
        let instructions = libpcap::compile(expression, link, snaplen).map_err(failed)?;
        Program::new(instructions, link).map_err(failed)
    }

    /// A program of instructions made elsewhere. Fails if one of them is not of the classic BPF machine, jumps or stores
    /// outside its bounds, or divides by a constant 0.
    pub fn new(instructions: Vec<Instruction>, link: LinkType) -> Result<Program, String> {
        let operations = machine::decode(&instructions)?;
        Ok(Program { instructions, operations, link })
    }

    /// Whether a frame passes: `frame` is what was captured of `wire_len` octets. What reads beyond it does not pass.
    #[inline]
    pub fn accepts(&self, frame: &[u8], wire_len: u32) -> bool {
        machine::run(&self.operations, frame, wire_len) != 0
    }

    /// The instructions, for the kernel (SO_ATTACH_FILTER).
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The link type that the program was made for.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Whether the program looks for VLAN tags: whether an Ethernet type that it has read may be compared with a
    /// tag's. The kernel takes the outermost tag out of a frame before its filters see it, so such a program must be run
    /// on the frame with the tag put back.
    pub fn looks_for_tags(&self) -> bool {
        machine::looks_for_tags(&self.operations)
    }
}

impl fmt::Display for Instruction {
    /// As `tcpdump -ddd` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.code, self.jt, self.jf, self.k)
    }
}

#[cfg(test)]
mod tests;
