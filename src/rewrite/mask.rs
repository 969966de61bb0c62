//! The lengths of flows' prefixes, as flow-tools' `mask.cfg` says them.
//!
//! `mask-definition NAME`, then lines `prefix ADDRESS/LENGTH LENGTH`: source and destination addresses in that prefix
//! get the other length. Of several prefixes the longest counts; what is in none keeps its length.

use ipnet::IpNet;

use super::prefixes::Prefixes;
use super::scratch::Scratch;
use super::side::{Side, place};
use crate::flow::{FieldSpec, FlowBatch, Rows, Version};
use crate::select::config::{Mistake, Names, Sources, Words};
use crate::select::prefix;

/// The definitions of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    definitions: Names<Mask>,
}

/// What a definition says: which prefixes' addresses get which length.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    list: Vec<(IpNet, u32)>,
    lengths: Prefixes,
}

impl Masks {
    /// Reads the definitions of a file.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn parse(file: &str, sources: &mut Sources<'_>) -> Result<Masks, Mistake> {
        let mut masks = Masks::default();
        masks.read(file, sources)?;
        Ok(masks)
    }

    /// Reads one more file.
    ///
    /// # Errors
    ///
    /// As [`parse`](Masks::parse).
    pub fn read(&mut self, file: &str, sources: &mut Sources<'_>) -> Result<(), Mistake> {
        for line in sources.open(file)? {
            let mut words = line.words();
            let first = words.take("a line of a mask")?;
            match (first.lower().as_str(), self.definitions.last_mut()) {
                ("mask-definition", last) => {
                    last.into_iter().for_each(Mask::finish);
                    self.definitions.define(words.take("a name")?, Mask::default())?;
                }
                ("prefix", Some(mask)) => mask.line(&mut words)?,
                (_, None) => return Err(first.expected("mask-definition")),
                (_, Some(_)) => return Err(first.expected("prefix or mask-definition")),
            }
            words.end()?;
        }
        self.definitions.last_mut().into_iter().for_each(Mask::finish);
        Ok(())
    }

    /// The definition of a name.
    pub fn definition(&self, name: &str) -> Option<&Mask> {
        self.definitions.get(name)
    }

    /// What definitions there are, for errors.
    pub fn known(&self) -> String {
        self.definitions.known("a mask-definition")
    }
}

impl Mask {
    fn line(&mut self, words: &mut Words<'_>) -> Result<(), Mistake> {
        let expected = "a prefix such as 10.0.0.0/8";
        let word = words.take(expected)?;
        let net = prefix(&word.text).filter(|_| word.text.contains('/')).ok_or_else(|| word.expected(expected))?;
        let most = u64::from(net.max_prefix_len());
        let length = words.number(&format!("a length from 0 to {most}"), most)?;
        self.list.push((net, length as u32));
        Ok(())
    }

    fn finish(&mut self) {
        self.lengths = Prefixes::of(self.list.iter().copied());
    }

    /// What flows of a classic version lack: the length of a prefix that they have an address of.
    pub fn lacks(version: Version) -> Option<&'static str> {
        let schema = &version.layout().schema;
        let has = |element| schema.position(element, 0).is_some();
        let all = Side::BOTH.into_iter().flat_map(Side::addresses);
        let mut missing = all.filter(|part| has(part.address) && !has(part.length));
        missing.next().and_then(|part| part.length.short_name())
    }

    /// The flows with the lengths that the definition says. Columns of them are added where there are none; classic
    /// records that have no room for them stay as they are (see [`lacks`](Mask::lacks)).
    pub fn apply(&self, mut batch: FlowBatch, scratch: &mut Scratch) -> FlowBatch {
        let Scratch { numbers, beside, wide, .. } = scratch;
        for part in Side::BOTH.into_iter().flat_map(Side::addresses) {
            let Some(from) = place(&batch, part.address, if part.is_six { 16..=16 } else { 4..=4 }) else { continue };
            let to = match place(&batch, part.length, 1..=8) {
                Some(to) => to,
                None if batch.raw().is_some() || batch.schema().position(part.length, 0).is_some() => continue,
                None => {
                    let to = batch.schema().fields().len();
                    batch = batch.extended(&[FieldSpec { element: part.length, occurrence: 0, width: 1 }]);
                    to
                }
            };
            let rows = Rows::All(batch.height());
            let (Some(addresses), Some(lengths)) = (batch.column(from), batch.column(to)) else { continue };
            lengths.gather(rows, numbers);
            let change = |(length, new): (&mut u32, Option<u32>)| *length = new.unwrap_or(*length);
            if part.is_six {
                addresses.gather(rows, wide);
                let new = wide.iter().map(|address| self.lengths.six.get(*address));
                numbers.iter_mut().zip(new).for_each(change);
            } else {
                addresses.gather(rows, beside);
                let new = beside.iter().map(|address| self.lengths.four.get(*address));
                numbers.iter_mut().zip(new).for_each(change);
            }
            batch.put(to, numbers);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::flow::{Column, Field, Order, Schema, ie};
    use crate::select::config::Variables;

    fn masks(text: &str) -> Result<Masks, Mistake> {
        Masks::parse("m", &mut Sources::new(Variables::default(), |_| Ok(text.to_owned())))
    }

    #[test]
    fn lengths_are_those_of_the_longest_prefix() {
        let layout = Version::V5.layout();
        let at = |element| layout.find(element).unwrap().0;
        let mut records = vec![0; layout.size * 2];
        let addresses = [[10, 0, 0, 1], [10, 0, 0, 99]];
        for (record, address) in records.chunks_exact_mut(layout.size).zip(addresses) {
            record[at(ie::SRC_ADDR4)..][..4].copy_from_slice(&address);
            record[at(ie::SRC_MASK)] = 9;
            record[at(ie::DST_MASK)] = 8;
        }
        let batch = FlowBatch::from_raw(Version::V5, Order::Big, records);
        let masks = masks("mask-definition m\n prefix 10.0.0.0/8 24 # all\n prefix 10/27 32\n").unwrap();
        let batch = masks.definition("m").unwrap().apply(batch, &mut Scratch::default());
        let (mut source, mut destination) = (Vec::<u8>::new(), Vec::<u8>::new());
        assert!(batch.gather(Field::SrcMask, &mut source) && batch.gather(Field::DstMask, &mut destination));
        assert_eq!((source, destination), (vec![32, 24], vec![8, 8]));
        assert!(batch.raw().is_some());
    }

    #[test]
    fn ipv6_flows_get_lengths_they_did_not_have() {
        let schema = Schema::new(vec![FieldSpec { element: ie::DST_ADDR6, occurrence: 0, width: 16 }]);
        let data = [0x2001_0db8u128 << 96, 1].iter().flat_map(|n| n.to_ne_bytes()).collect();
        let batch = FlowBatch::from_columns(Arc::new(schema), 2, vec![Column::Plain { width: 16, data }]);
        let masks = masks("mask-definition six\nprefix 2001:db8::/32 48").unwrap();
        let batch = masks.definition("SIX").unwrap().apply(batch, &mut Scratch::default());
        let mut lengths = Vec::<u8>::new();
        assert!(batch.gather(Field::DstMask, &mut lengths));
        assert_eq!(lengths, [48, 0]);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, mistake) in [
            ("prefix 10/8 1", "m:1:1: 'prefix': expected mask-definition"),
            ("mask-definition a\nmask 1", "m:2:1: 'mask': expected prefix or mask-definition"),
            ("mask-definition a\nprefix 10.0.0.0 1", "m:2:8: '10.0.0.0': expected a prefix such as 10.0.0.0/8"),
            ("mask-definition a\nprefix 10/8 33", "m:2:13: '33': expected a length from 0 to 32"),
        ] {
            assert_eq!(masks(text).unwrap_err().to_string(), mistake);
        }
        assert!(masks("").unwrap().definition("a").is_none());
        assert_eq!(Mask::lacks(Version::V1), Some("src_mask"));
        assert_eq!((Mask::lacks(Version::V5), Mask::lacks(Version::V8(3))), (None, None));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(mask-definition [a-c]\n|prefix|[ 0-9./:a]|\n|.){0,40}") {
            let _ = masks(&text);
        }
    }
}
