//! What a modern file is made of: its blocks, and what each column costs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use super::block::{ColumnKind, Head, Layout, Transform};
use super::error::Error;
use super::reader::FlowReader;
use super::unit::Unit;
use crate::flow::time::Span;
use crate::flow::{Codec, FieldSpec, StreamInfo};

/// What a flow file says of itself.
#[derive(Debug)]
pub struct Description {
    /// The header, and the facts of a modern file.
    pub info: StreamInfo,
    /// The blocks of a modern file in order; none where it was not looked for them.
    pub blocks: Vec<BlockSummary>,
    /// Octets of the whole file; 0 where that is not known (a pipe).
    pub octets: u64,
    /// What is wrong with it behind what is told here.
    pub problem: Option<Error>,
}

/// A block of a modern file.
#[derive(Clone, PartialEq, Debug)]
pub struct BlockSummary {
    /// Where it begins, from the file's start.
    pub offset: u64,
    /// Its octets.
    pub octets: u64,
    /// Those of them that are its head.
    pub head: u64,
    /// Those of them that are its Bloom filter.
    pub bloom: u64,
    /// Its flows.
    pub flows: u64,
    /// When they were.
    pub span: Option<Span>,
    /// Octets of each flow, where flows lie one behind the other.
    pub row: Option<u32>,
    /// Its columns in order.
    pub columns: Vec<ColumnSummary>,
}

/// A column, of one block or of many.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnSummary {
    /// What it is.
    pub spec: FieldSpec,
    /// How many values it has.
    pub values: u64,
    /// Octets of the values as they were before they were encoded.
    pub raw: u64,
    /// Octets that the column takes; a part that several columns share is counted with the first.
    pub stored: u64,
    /// How its values are encoded, in words.
    pub encodings: BTreeSet<String>,
    /// How they are then compressed, in words.
    pub codecs: BTreeSet<&'static str>,
}

/// Looks at a flow file: at its header, and in a modern file (not in a pipe) at every block's head.
pub fn describe(path: &Path) -> Result<Description, Error> {
    let mut reader = FlowReader::open(path)?;
    let octets = length(path).unwrap_or(0);
    let (mut blocks, mut problem) = (Vec::new(), None);
    while reader.info().stream_version == 4 && octets > 0 {
        match reader.next_unit() {
            Ok(Some(Unit::Block(block))) => match block.head() {
                Ok(head) => blocks.push(BlockSummary::of(block.offset, &head)),
                Err(error) => problem = Some(error),
            },
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => {
                problem = Some(error);
                break;
            }
        }
    }
    Ok(Description { info: reader.info().clone(), blocks, octets, problem })
}

/// Octets of a regular file; `None` of anything else.
fn length(path: &Path) -> Option<u64> {
    let metadata = match path.as_os_str() == "-" {
        true => {
            use std::os::fd::AsFd;
            File::from(io::stdin().as_fd().try_clone_to_owned().ok()?).metadata()
        }
        false => path.metadata(),
    };
    metadata.ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len())
}

impl Description {
    /// Flows of all blocks.
    pub fn flows(&self) -> u64 {
        self.blocks.iter().map(|block| block.flows).sum()
    }

    /// When the flows of all blocks were.
    pub fn span(&self) -> Option<Span> {
        self.blocks.iter().filter_map(|block| block.span).reduce(Span::union)
    }

    /// The columns of all blocks, those of one element, occurrence and width taken together, in order of their first
    /// appearance.
    pub fn columns(&self) -> Vec<ColumnSummary> {
        let mut all: Vec<ColumnSummary> = Vec::new();
        for column in self.blocks.iter().flat_map(|block| &block.columns) {
            match all.iter_mut().find(|known| known.spec == column.spec) {
                Some(known) => known.add(column),
                None => all.push(column.clone()),
            }
        }
        all
    }
}

impl BlockSummary {
    fn of(offset: u64, head: &Head) -> BlockSummary {
        let mut counted = BTreeSet::new();
        let columns = (0..head.columns.len()).map(|at| ColumnSummary::of(head, at, &mut counted)).collect();
        BlockSummary {
            offset,
            octets: head.length.into(),
            head: Head::octets(head.columns.len(), head.parts.len()) as u64,
            bloom: head.bloom.map_or(0, |bloom| u64::from(bloom.lines) * super::block::LINE as u64),
            flows: head.rows.into(),
            span: head.span,
            row: head.row.map(|row| row.size),
            columns,
        }
    }
}

impl ColumnSummary {
    /// A column of a block. Parts that are in `counted` have been counted with another column.
    fn of(head: &Head, at: usize, counted: &mut BTreeSet<u16>) -> ColumnSummary {
        let spec = head.schema.fields().get(at).copied();
        let spec = spec.unwrap_or(FieldSpec { element: crate::flow::Element::local(0), occurrence: 0, width: 0 });
        let values = u64::from(head.rows);
        let mut summary = ColumnSummary {
            spec,
            values,
            raw: values * u64::from(spec.width),
            stored: 0,
            encodings: BTreeSet::new(),
            codecs: BTreeSet::new(),
        };
        let Some(column) = head.columns.get(at) else { return summary };
        if column.kind == ColumnKind::Row {
            summary.encodings.insert("row".into());
            summary.stored = summary.raw;
            return summary;
        }
        for part in [column.a, column.b, column.c].into_iter().filter(|part| counted.insert(*part)) {
            let Some(part) = head.part(part) else { continue };
            summary.stored += u64::from(part.stored);
            summary.codecs.extend(codec(part.codec).filter(|_| part.stored > 0));
        }
        if column.kind == ColumnKind::Variable {
            summary.raw = head.part(column.b).map_or(0, |part| part.raw.into());
        }
        let how = |at: u16| encoding(head, at);
        summary.encodings.insert(match column.kind {
            ColumnKind::Values => how(column.a),
            ColumnKind::Codes => "dictionary".into(),
            ColumnKind::Table => format!("by {}", name(head, column.parent)),
            ColumnKind::Variable => "lengths".into(),
            ColumnKind::Row => "row".into(),
        });
        summary
    }

    fn add(&mut self, other: &ColumnSummary) {
        self.values += other.values;
        self.raw += other.raw;
        self.stored += other.stored;
        self.encodings.extend(other.encodings.iter().cloned());
        self.codecs.extend(&other.codecs);
    }
}

/// How the numbers of a part are made and lie.
fn encoding(head: &Head, at: u16) -> String {
    let Some(part) = head.part(at) else { return "?".into() };
    let layout = match part.layout {
        Layout::Zero if part.transform == Transform::Absolute => "constant",
        Layout::Zero => "",
        Layout::Packed => "bits",
        Layout::Planes => "planes",
        Layout::Octets => "octets",
    };
    let transform = match part.transform {
        Transform::Absolute => String::new(),
        Transform::Delta => "delta ".into(),
        Transform::Difference => format!("less {} ", name(head, part.reference)),
    };
    format!("{transform}{layout}").trim_end().to_owned()
}

/// What a column is called.
fn name(head: &Head, at: u16) -> String {
    let spec = head.schema.fields().get(usize::from(at));
    let name = spec.and_then(|spec| spec.element.short_name());
    name.map_or_else(|| format!("column {at}"), str::to_owned)
}

fn codec(codec: Codec) -> Option<&'static str> {
    match codec {
        Codec::None => None,
        Codec::Lz4 => Some("lz4"),
        Codec::Zstd => Some("zstd"),
    }
}
