//! What fuzzing begins with: modern files of every kind, and exporters' messages.
//!
//!     cargo run --example seeds -- fuzz/corpus
//!
//! writes them to the folders `flow_file` and `datagram` of the one that is named.

#[path = "../tests/common/made.rs"]
#[allow(dead_code)]
mod made;

use std::error::Error;
use std::fs;
use std::path::Path;

use made::{KINDS, columns4, columns6, file, rows9};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).ok_or("usage: seeds FOLDER")?;
    let (files, messages) = (Path::new(&dir).join("flow_file"), Path::new(&dir).join("datagram"));
    fs::create_dir_all(&files)?;
    fs::create_dir_all(&messages)?;
    let contents = [
        ("mixed", vec![columns4(9, 0), columns6(8, 10), rows9(12, 0)]),
        ("rich", vec![columns4(150, 0)]),
        ("more", vec![columns4(1500, 0)]),
        ("long", vec![columns6(300, 0)]),
        ("rows", vec![rows9(20, 0), rows9(3, 20)]),
    ];
    for (name, batches) in contents {
        for kind in KINDS {
            let name = format!("{name}-{kind:?}").replace(['(', ')'], "");
            fs::write(files.join(name), file(kind, &batches))?;
        }
    }
    for (name, version) in [("netflow9", 9), ("ipfix", 10)] {
        let fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (22, 4), (21, 4), (82, 65535)];
        let fields = fields.get(..if version == 9 { 9 } else { 10 }).unwrap_or_default();
        let template = set(if version == 9 { 0 } else { 2 }, &template(300, fields));
        let samplers = match version {
            9 => set(1, &words(&[301, 4, 8, 1, 4, 34, 4, 35, 1])),
            _ => set(3, &words(&[301, 3, 1, 144, 4, 34, 4, 35, 1])),
        };
        let sampler = set(301, &[0, 0, 0, 1, 0, 0, 0, 100, 1]);
        let flow = fields.iter().flat_map(|(id, width)| match width {
            65535 => b"\x03eth".to_vec(),
            width => (0..*width).map(|octet| (octet + id) as u8).collect(),
        });
        let flows = set(300, &flow.collect::<Vec<_>>().repeat(3));
        let first = message(version, &[&template[..], &samplers, &sampler].concat());
        let second = message(version, &flows);
        let withdrawal = message(version, &set(2, &words(&[300, 0])));
        let all = [first, second.clone(), second, withdrawal].map(|message| {
            let length = message.len() as u16;
            [&length.to_be_bytes()[..], &message].concat()
        });
        fs::write(messages.join(name), all.concat())?;
    }
    Ok(())
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A template of these elements and widths.
fn template(id: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let fields = fields.iter().flat_map(|(id, width)| [*id, *width]);
    words(&[id, fields.clone().count() as u16 / 2].into_iter().chain(fields).collect::<Vec<_>>())
}

/// A set, padded to a multiple of four octets.
fn set(id: u16, body: &[u8]) -> Vec<u8> {
    let mut set = words(&[id, 0]);
    set.extend(body);
    set.resize(set.len().next_multiple_of(4), 0);
    let length = (set.len() as u16).to_be_bytes();
    set.splice(2..4, length);
    set
}

/// A message of version 9 or 10.
fn message(version: u16, sets: &[u8]) -> Vec<u8> {
    let time = 1_700_000_000u32.to_be_bytes();
    let head = match version {
        9 => [&words(&[9, 3])[..], &[0, 1, 0, 0], &time, &[0, 0, 0, 1], &[0, 0, 0, 7]].concat(),
        _ => [&words(&[10, 16 + sets.len() as u16])[..], &time, &[0, 0, 0, 1], &[0, 0, 0, 7]].concat(),
    };
    [&head, sets].concat()
}
