//! The classic BPF machine: an accumulator, an index register, sixteen words of memory, and jumps that only go forward,
//! so a program ends after as many steps as it has instructions.

use super::{Instruction, MAX_INSTRUCTIONS};

/// Words of memory.
const MEMORY: usize = 16;

/// The Ethernet types of VLAN tags: 802.1Q, 802.1ad, and the number that stacked tags had before.
const TAGS: [u32; 3] = [0x8100, 0x88a8, 0x9100];

/// How many octets are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    Word,
    Half,
    Octet,
}

/// Where an operand comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operand {
    Constant(u32),
    Index,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    Equal,
    Greater,
    GreaterOrEqual,
    AnyBit,
}

/// An instruction that is known to be valid: memory exists, jumps stay inside the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    LoadAt(Width, u32),
    LoadBehindIndex(Width, u32),
    LoadConstant(u32),
    LoadLength,
    LoadMemory(usize),
    IndexConstant(u32),
    IndexLength,
    IndexMemory(usize),
    /// Four times the low half of an octet: the length of an IPv4 header.
    IndexHeaderLength(u32),
    Store(usize),
    StoreIndex(usize),
    Compute(Arithmetic, Operand),
    Negate,
    Jump(usize),
    Branch(Condition, Operand, usize, usize),
    Return(u32),
    ReturnAccumulator,
    ToIndex,
    ToAccumulator,
}

/// Checks a program, and takes it apart for [`run`].
pub(super) fn decode(instructions: &[Instruction]) -> Result<Vec<Operation>, String> {
    let len = instructions.len();
    if len == 0 || len > MAX_INSTRUCTIONS {
        return Err(format!("a program of {len} instructions, expected 1 to {MAX_INSTRUCTIONS}"));
    }
    let wrong = |at: usize, instruction: &Instruction| format!("instruction {at} is not valid: {instruction}");
    let decoded = instructions.iter().enumerate();
    let decoded = decoded.map(|(at, i)| operation(i, len - at - 1).ok_or_else(|| wrong(at, i)));
    let operations = decoded.collect::<Result<Vec<_>, _>>()?;
    match operations.last() {
        Some(Operation::Return(_) | Operation::ReturnAccumulator) => Ok(operations),
        _ => Err("the program does not end with a return".into()),
    }
}

/// One instruction, with `left` behind it. The numbers are those of `linux/bpf_common.h` and `pcap/bpf.h`.
fn operation(instruction: &Instruction, left: usize) -> Option<Operation> {
    let Instruction { code, jt, jf, k } = *instruction;
    let memory = || usize::try_from(k).ok().filter(|&n| n < MEMORY);
    let ahead = |n: usize| (n < left).then_some(n);
    let operand = if code & 0x08 == 0 { Operand::Constant(k) } else { Operand::Index };
    Some(match code {
        0x00 => Operation::LoadConstant(k),
        0x20 => Operation::LoadAt(Width::Word, k),
        0x28 => Operation::LoadAt(Width::Half, k),
        0x30 => Operation::LoadAt(Width::Octet, k),
        0x40 => Operation::LoadBehindIndex(Width::Word, k),
        0x48 => Operation::LoadBehindIndex(Width::Half, k),
        0x50 => Operation::LoadBehindIndex(Width::Octet, k),
        0x60 => Operation::LoadMemory(memory()?),
        0x80 => Operation::LoadLength,
        0x01 => Operation::IndexConstant(k),
        0x61 => Operation::IndexMemory(memory()?),
        0x81 => Operation::IndexLength,
        0xb1 => Operation::IndexHeaderLength(k),
        0x02 => Operation::Store(memory()?),
        0x03 => Operation::StoreIndex(memory()?),
        0x84 => Operation::Negate,
        0x05 => Operation::Jump(ahead(usize::try_from(k).ok()?)?),
        0x06 => Operation::Return(k),
        0x16 => Operation::ReturnAccumulator,
        0x07 => Operation::ToIndex,
        0x87 => Operation::ToAccumulator,
        _ if code & !0xf8 == 0x04 => Operation::Compute(arithmetic(code, operand)?, operand),
        _ if code & !0xf8 == 0x05 => {
            let condition = match code & 0xf0 {
                0x10 => Condition::Equal,
                0x20 => Condition::Greater,
                0x30 => Condition::GreaterOrEqual,
                0x40 => Condition::AnyBit,
                _ => return None,
            };
            Operation::Branch(condition, operand, ahead(jt.into())?, ahead(jf.into())?)
        }
        _ => return None,
    })
}

fn arithmetic(code: u16, operand: Operand) -> Option<Arithmetic> {
    let by_zero = operand == Operand::Constant(0);
    Some(match code & 0xf0 {
        0x00 => Arithmetic::Add,
        0x10 => Arithmetic::Subtract,
        0x20 => Arithmetic::Multiply,
        0x30 if !by_zero => Arithmetic::Divide,
        0x40 => Arithmetic::Or,
        0x50 => Arithmetic::And,
        0x60 => Arithmetic::ShiftLeft,
        0x70 => Arithmetic::ShiftRight,
        0x90 if !by_zero => Arithmetic::Remainder,
        0xa0 => Arithmetic::Xor,
        _ => return None,
    })
}

/// What a program returns for a frame: 0 if the frame does not pass, if a load reaches beyond it, or at a division by 0.
pub(super) fn run(operations: &[Operation], frame: &[u8], wire_len: u32) -> u32 {
    steps(operations, frame, wire_len).unwrap_or(0)
}

fn steps(operations: &[Operation], frame: &[u8], wire_len: u32) -> Option<u32> {
    let (mut accumulator, mut index, mut memory) = (0_u32, 0_u32, [0_u32; MEMORY]);
    let mut at = 0;
    loop {
        let operation = *operations.get(at)?;
        at += 1;
        let value = |operand| if let Operand::Constant(k) = operand { k } else { index };
        match operation {
            Operation::LoadAt(width, k) => accumulator = load(frame, width, k)?,
            Operation::LoadBehindIndex(width, k) => accumulator = load(frame, width, index.checked_add(k)?)?,
            Operation::LoadConstant(k) => accumulator = k,
            Operation::LoadLength => accumulator = wire_len,
            Operation::LoadMemory(n) => accumulator = *memory.get(n)?,
            Operation::IndexConstant(k) => index = k,
            Operation::IndexLength => index = wire_len,
            Operation::IndexMemory(n) => index = *memory.get(n)?,
            Operation::IndexHeaderLength(k) => index = (load(frame, Width::Octet, k)? & 0xf) << 2,
            Operation::Store(n) => *memory.get_mut(n)? = accumulator,
            Operation::StoreIndex(n) => *memory.get_mut(n)? = index,
            Operation::Compute(arithmetic, operand) => accumulator = compute(arithmetic, accumulator, value(operand))?,
            Operation::Negate => accumulator = accumulator.wrapping_neg(),
            Operation::Jump(over) => at += over,
            Operation::Branch(condition, operand, over, else_over) => {
                at += if holds(condition, accumulator, value(operand)) { over } else { else_over };
            }
            Operation::Return(k) => return Some(k),
            Operation::ReturnAccumulator => return Some(accumulator),
            Operation::ToIndex => index = accumulator,
            Operation::ToAccumulator => accumulator = index,
        }
    }
}

#[inline]
fn load(frame: &[u8], width: Width, at: u32) -> Option<u32> {
    let rest = frame.get(usize::try_from(at).ok()?..)?;
    Some(match width {
        Width::Word => u32::from_be_bytes(*rest.first_chunk()?),
        Width::Half => u16::from_be_bytes(*rest.first_chunk()?).into(),
        Width::Octet => (*rest.first()?).into(),
    })
}

fn compute(arithmetic: Arithmetic, a: u32, b: u32) -> Option<u32> {
    Some(match arithmetic {
        Arithmetic::Add => a.wrapping_add(b),
        Arithmetic::Subtract => a.wrapping_sub(b),
        Arithmetic::Multiply => a.wrapping_mul(b),
        Arithmetic::Divide => a.checked_div(b)?,
        Arithmetic::Remainder => a.checked_rem(b)?,
        Arithmetic::And => a & b,
        Arithmetic::Or => a | b,
        Arithmetic::Xor => a ^ b,
        // As libpcap: nothing is left after 32 places.
        Arithmetic::ShiftLeft => a.checked_shl(b).unwrap_or(0),
        Arithmetic::ShiftRight => a.checked_shr(b).unwrap_or(0),
    })
}

#[inline]
fn holds(condition: Condition, a: u32, b: u32) -> bool {
    match condition {
        Condition::Equal => a == b,
        Condition::Greater => a > b,
        Condition::GreaterOrEqual => a >= b,
        Condition::AnyBit => a & b != 0,
    }
}

/// Whether what a half-word load brought may be compared with the Ethernet type of a VLAN tag. Every way through the
/// program is followed at once, forward, for that is how it jumps: `Some(true)` at an instruction says that on one of
/// the ways to it the accumulator holds the Ethernet type of an untagged frame.
pub(super) fn looks_for_tags(operations: &[Operation]) -> bool {
    let mut fresh = vec![false; operations.len() + 1];
    let mark = |at: usize, on: bool, fresh: &mut Vec<bool>| {
        if let Some(place) = fresh.get_mut(at) {
            *place |= on;
        }
    };
    for (at, operation) in operations.iter().enumerate() {
        let holds_type = fresh.get(at).copied().unwrap_or(false);
        match *operation {
            Operation::Branch(condition, Operand::Constant(k), over, else_over) => {
                if holds_type && condition == Condition::Equal && TAGS.contains(&k) {
                    return true;
                }
                mark(at + 1 + over, holds_type, &mut fresh);
                mark(at + 1 + else_over, holds_type, &mut fresh);
            }
            Operation::Branch(_, Operand::Index, over, else_over) => {
                mark(at + 1 + over, holds_type, &mut fresh);
                mark(at + 1 + else_over, holds_type, &mut fresh);
            }
            Operation::Jump(over) => mark(at + 1 + over, holds_type, &mut fresh),
            Operation::LoadAt(width, k) => mark(at + 1, (width, k) == (Width::Half, 12), &mut fresh),
            Operation::Return(_) | Operation::ReturnAccumulator => {}
            Operation::LoadBehindIndex(..)
            | Operation::LoadConstant(_)
            | Operation::LoadLength
            | Operation::LoadMemory(_)
            | Operation::Compute(..)
            | Operation::Negate
            | Operation::ToAccumulator => mark(at + 1, false, &mut fresh),
            Operation::IndexConstant(_)
            | Operation::IndexLength
            | Operation::IndexMemory(_)
            | Operation::IndexHeaderLength(_)
            | Operation::Store(_)
            | Operation::StoreIndex(_)
            | Operation::ToIndex => mark(at + 1, holds_type, &mut fresh),
        }
    }
    false
}
