//! Random expressions on random flows select what each flow says.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::tests::{Flow, batches, compile, rows};

/// A condition as text, and what it means.
#[derive(Clone, Debug)]
enum Meaning {
    Source(bool, u8),
    Port(Option<bool>, u16, u16),
    Proto(u8),
    Flags(u8),
    Bytes(&'static str, u32),
    Lasting(u32),
    Not(Box<Meaning>),
    And(Vec<Meaning>),
    Or(Vec<Meaning>),
}

impl Meaning {
    fn text(&self, out: &mut String, six: bool) {
        let joined = |out: &mut String, all: &[Meaning], word: &str| {
            out.push('(');
            for (i, one) in all.iter().enumerate() {
                out.push_str(if i > 0 { word } else { "" });
                one.text(out, six);
            }
            out.push(')');
        };
        let _ = match self {
            Meaning::Source(negative, n) => {
                let relation = if *negative { "!=" } else { "" };
                match six {
                    false => write!(out, "src {relation} {}", Ipv4Addr::from_bits((*n).into())),
                    true => write!(out, "src {relation} {}", Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(*n))),
                }
            }
            Meaning::Port(side, low, more) => {
                let side = side.map_or("", |dst| if dst { "dst" } else { "src" });
                write!(out, "{side} port {low}-{}", low + more)
            }
            Meaning::Proto(n) => write!(out, "proto {n}"),
            Meaning::Flags(n) => write!(out, "flags {n}"),
            Meaning::Bytes(relation, n) => write!(out, "bytes {relation} {n}"),
            Meaning::Lasting(ms) => write!(out, "duration >= {ms}ms"),
            // Behind 'not', flags have a meaning of their own but for parentheses.
            Meaning::Not(inner) => {
                out.push_str("not (");
                inner.text(out, six);
                write!(out, ")")
            }
            Meaning::And(all) => return joined(out, all, " and "),
            Meaning::Or(all) => return joined(out, all, " or "),
        };
    }

    fn holds(&self, f: &Flow) -> bool {
        match self {
            Meaning::Source(negative, n) => (f.src == u32::from(*n)) != *negative,
            Meaning::Port(side, low, more) => {
                let within = |port: u16| (*low..=low + more).contains(&port);
                let ported = matches!(f.proto, 6 | 17);
                ported && ((*side != Some(true) && within(f.sport)) || (*side != Some(false) && within(f.dport)))
            }
            Meaning::Proto(n) => f.proto == *n,
            Meaning::Flags(0) => f.flags == 0,
            Meaning::Flags(n) => f.flags & n == *n,
            Meaning::Bytes(">", n) => f.octets > *n,
            Meaning::Bytes("<=", n) => f.octets <= *n,
            Meaning::Bytes(_, n) => f.octets != *n,
            Meaning::Lasting(ms) => f.last - f.first >= *ms,
            Meaning::Not(inner) => !inner.holds(f),
            Meaning::And(all) => all.iter().all(|one| one.holds(f)),
            Meaning::Or(all) => all.iter().any(|one| one.holds(f)),
        }
    }
}

fn meaning() -> impl Strategy<Value = Meaning> {
    let leaf = prop_oneof![
        (any::<bool>(), 0u8..4).prop_map(|(negative, n)| Meaning::Source(negative, n)),
        (any::<Option<bool>>(), 0u16..6, 0u16..3).prop_map(|(side, low, more)| Meaning::Port(side, low, more)),
        prop::sample::select(vec![1u8, 6, 17, 50]).prop_map(Meaning::Proto),
        (0u8..8).prop_map(Meaning::Flags),
        (prop::sample::select(vec![">", "<=", "!="]), 0u32..5).prop_map(|(relation, n)| Meaning::Bytes(relation, n)),
        (0u32..5).prop_map(Meaning::Lasting),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| Meaning::Not(Box::new(one))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Meaning::And),
            prop::collection::vec(inner, 1..4).prop_map(Meaning::Or),
        ]
    })
}

fn flow() -> impl Strategy<Value = Flow> {
    (0u32..4, 0u16..6, 0u16..6, prop::sample::select(vec![1u8, 6, 17, 50]), 0u8..8, 0u32..5, 0u32..5, 0u32..5).prop_map(
        |(src, sport, dport, proto, flags, octets, first, more)| Flow {
            src,
            dst: 9,
            sport,
            dport,
            proto,
            flags,
            packets: 1,
            octets,
            first,
            last: first + more,
        },
    )
}

proptest! {
    #[test]
    fn expressions_select_what_each_flow_says(meaning in meaning(), flows in prop::collection::vec(flow(), 0..30)) {
        for (batch, six) in batches(&flows).iter().zip([false, true]) {
            let mut text = String::new();
            meaning.text(&mut text, six);
            let want: Vec<u32> = (0..).zip(&flows).filter(|(_, f)| meaning.holds(f)).map(|(row, _)| row).collect();
            let predicate = compile(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
            prop_assert_eq!(rows(&predicate, batch), want, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = compile(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "src", "dst", "host", "net", "10.0.0.0/8", "::1", "port", "80", "80-", "..", "-", "and", "or", "not",
                "!", "(", ")", "[", "]", ",", "in", "if", "ip", "ip6", "tcp", "flags", "SA", "&", "0x12", ">", "=",
                "first", "after", "2026-01-01", "10:00", "@nets", "@", "mask", "255.0.0.0", "duration", "1h30m", "vlanId",
                "applicationName", "'x'", "\"", "bytes", "1.5M", "99999999999999999999", "icmp-type", "300", "ü",
            ]),
            0..12,
        ),
    ) {
        match compile(&words.join(" ")) {
            Ok(predicate) => for batch in batches(&[]) { rows(&predicate, &batch); },
            Err(error) => prop_assert!(error.column >= 1 && error.column <= words.join(" ").chars().count() + 1),
        }
    }
}
