use proptest::prelude::*;

use super::*;

/// A program as `tcpdump -ddd` prints it.
fn program(text: &str) -> Program {
    let mut lines = text.split(';').map(|line| line.split_whitespace().map(|n| n.parse::<u32>().unwrap()));
    let instruction = |mut numbers: Box<dyn Iterator<Item = u32>>| {
        let mut number = || numbers.next().unwrap();
        Instruction { code: number() as u16, jt: number() as u8, jf: number() as u8, k: number() }
    };
    let instructions = lines.by_ref().map(|numbers| instruction(Box::new(numbers))).collect();
    Program::new(instructions, LinkType::ETHERNET).unwrap()
}

const TCP_PORT_80: &str = "40 0 0 12; 21 0 6 34525; 48 0 0 20; 21 0 15 6; 40 0 0 54; 21 12 0 80; 40 0 0 56; \
    21 10 11 80; 21 0 10 2048; 48 0 0 23; 21 0 8 6; 40 0 0 20; 69 6 0 8191; 177 0 0 14; 72 0 0 14; 21 2 0 80; \
    72 0 0 16; 21 0 1 80; 6 0 0 262144; 6 0 0 0";
const VLAN_5: &str = "40 0 0 12; 21 2 0 33024; 21 1 0 34984; 21 0 4 37120; 40 0 0 14; 84 0 0 4095; 21 0 1 5; \
    6 0 0 262144; 6 0 0 0";
const PORT_33024: &str = "40 0 0 12; 21 0 8 34525; 48 0 0 20; 21 2 0 132; 21 1 0 6; 21 0 17 17; 40 0 0 54; \
    21 14 0 33024; 40 0 0 56; 21 12 13 33024; 21 0 12 2048; 48 0 0 23; 21 2 0 132; 21 1 0 6; 21 0 8 17; 40 0 0 20; \
    69 6 0 8191; 177 0 0 14; 72 0 0 14; 21 2 0 33024; 72 0 0 16; 21 0 1 33024; 6 0 0 262144; 6 0 0 0";
/// `ip[2:2] * 3 / 2 > 100 and len > 60`
const COMPUTED: &str = "40 0 0 12; 21 0 7 2048; 40 0 0 16; 36 0 0 3; 52 0 0 2; 37 0 3 100; 128 0 0 0; 37 0 1 60; \
    6 0 0 262144; 6 0 0 0";
/// `ether proto 0x8100`
const TAGGED: &str = "40 0 0 12; 21 0 1 33024; 6 0 0 262144; 6 0 0 0";

/// An IPv4 packet from port 1024 to `port` in an Ethernet frame.
fn frame(protocol: u8, options: u8, port: u16, tag: Option<u16>) -> Vec<u8> {
    let mut frame = vec![0; 12];
    if let Some(tag) = tag {
        frame.extend([0x81, 0]);
        frame.extend(tag.to_be_bytes());
    }
    frame.extend([8, 0, 0x45 + options, 0, 0, 80, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.resize(frame.len() + usize::from(options) * 4, 1);
    frame.extend([4, 0]);
    frame.extend(port.to_be_bytes());
    frame.resize(94, 0);
    frame
}

#[test]
fn compiled_expressions_choose_frames() {
    let web = program(TCP_PORT_80);
    assert!(web.accepts(&frame(6, 0, 80, None), 94));
    assert!(web.accepts(&frame(6, 3, 80, None), 94), "behind IP options");
    assert!(!web.accepts(&frame(6, 0, 81, None), 94));
    assert!(!web.accepts(&frame(17, 0, 80, None), 94));
    assert!(!web.accepts(&frame(6, 0, 80, None)[..36], 94), "what was not captured cannot pass");
    let tagged = program(VLAN_5);
    assert!(tagged.accepts(&frame(6, 0, 80, Some(0x2005)), 94));
    assert!(!tagged.accepts(&frame(6, 0, 80, Some(6)), 94));
    assert!(!tagged.accepts(&frame(6, 0, 80, None), 94));
    let computed = program(COMPUTED);
    assert!(computed.accepts(&frame(6, 0, 80, None), 94));
    assert!(!computed.accepts(&frame(6, 0, 80, None), 60), "the length on the wire counts");
}

#[test]
fn programs_that_look_for_tags_are_told() {
    for (text, looks) in [(VLAN_5, true), (TAGGED, true), (TCP_PORT_80, false), (PORT_33024, false), (COMPUTED, false)]
    {
        assert_eq!(program(text).looks_for_tags(), looks, "{text}");
    }
}

#[test]
fn arithmetic_is_the_kernels() {
    let result = |code: u16, a: u32, b: u32| {
        let instruction = |code, k| Instruction { code, jt: 0, jf: 0, k };
        let (load, with_index) = ([instruction(0, a), instruction(1, b)], [instruction(code | 8, 0)]);
        let all = [&load[..], &with_index, &[instruction(0x16, 0)]].concat();
        machine::run(&machine::decode(&all).unwrap(), &[], 0)
    };
    let cases = [
        (0x04, u32::MAX, 2, 1),
        (0x14, 1, 2, u32::MAX),
        (0x24, 0x8000_0001, 2, 2),
        (0x34, 7, 2, 3),
        (0x34, 7, 0, 0),
        (0x94, 7, 4, 3),
        (0x94, 7, 0, 0),
        (0x44, 5, 2, 7),
        (0x54, 7, 2, 2),
        (0xa4, 7, 2, 5),
        (0x64, 1, 31, 1 << 31),
        (0x64, 1, 32, 0),
        (0x74, 1 << 31, 31, 1),
        (0x74, 1 << 31, 40, 0),
    ];
    for (code, a, b, expected) in cases {
        assert_eq!(result(code, a, b), expected, "{code:#x} {a} {b}");
    }
}

#[test]
fn what_is_no_program_is_refused() {
    let error = |code: u16, jt, k| {
        let end = Instruction { code: 6, jt: 0, jf: 0, k: 1 };
        Program::new(vec![Instruction { code, jt, jf: 0, k }, end], LinkType::ETHERNET).unwrap_err()
    };
    assert_eq!(error(0x34, 0, 0), "instruction 0 is not valid: 52 0 0 0", "division by 0");
    assert_eq!(error(0x60, 0, 16), "instruction 0 is not valid: 96 0 0 16", "no such memory");
    assert_eq!(error(0x15, 1, 0), "instruction 0 is not valid: 21 1 0 0", "a jump beyond the end");
    assert_eq!(error(0x05, 0, u32::MAX), "instruction 0 is not valid: 5 0 0 4294967295", "a jump back");
    assert_eq!(error(0xfff, 0, 0), "instruction 0 is not valid: 4095 0 0 0", "no such instruction");
    let new = |instructions| Program::new(instructions, LinkType::ETHERNET).unwrap_err();
    assert_eq!(new(vec![]), "a program of 0 instructions, expected 1 to 4096");
    let load = Instruction { code: 0x80, jt: 0, jf: 0, k: 0 };
    assert_eq!(new(vec![load]), "the program does not end with a return");
}

/// Instructions of which a good part are valid.
fn instruction() -> impl Strategy<Value = Instruction> {
    const CODES: [u16; 44] = [
        0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01, 0x61, 0x81, 0xb1, 0x02, 0x03, 0x04, 0x0c, 0x14,
        0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74, 0x7c, 0x84, 0x94, 0x9c, 0xa4, 0xac,
        0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 0x07, 0x87,
    ];
    let code = prop_oneof![9 => prop::sample::select(&CODES[..]), 1 => any::<u16>()];
    let k = prop_oneof![3 => 0..80_u32, 1 => any::<u32>()];
    (code, 0..4_u8, 0..4_u8, k).prop_map(|(code, jt, jf, k)| Instruction { code, jt, jf, k })
}

proptest! {
    #[test]
    fn any_program_ends_for_any_frame(
        instructions in prop::collection::vec(instruction(), 0..40),
        frame in prop::collection::vec(any::<u8>(), 0..80),
        wire_len: u32,
    ) {
        let end = Instruction { code: 0x16, jt: 0, jf: 0, k: 0 };
        // One by one, so that valid ones are not lost to others.
        let valid = instructions.iter().filter(|i| Program::new(vec![**i, end, end, end, end, end], LinkType::RAW).is_ok());
        let valid: Vec<_> = valid.copied().chain([end; 5]).collect();
        if let Ok(program) = Program::new(valid, LinkType::RAW) {
            program.accepts(&frame, wire_len);
            program.looks_for_tags();
        }
        if let Ok(program) = Program::new(instructions, LinkType::RAW) {
            program.accepts(&frame, wire_len);
        }
    }
}
