//! The headers of all inputs, for what they say of exporters and their interfaces.

use std::path::Path;

use crate::file::{Inputs, read_info};
use crate::flow::{Fact, InterfaceNames, StreamInfo};

/// What the inputs' headers say; `first` is that of the first, which has been read. What cannot be read is told of when
/// its flows are to be read.
pub fn all(inputs: &Inputs, first: &StreamInfo) -> Vec<StreamInfo> {
    let (files, _) = inputs.files();
    let others = files.iter().skip(1).filter(|file| *file != Path::new("-") && file.is_file());
    std::iter::once(first.clone()).chain(others.filter_map(|file| read_info(file).ok())).collect()
}

/// What they say of exporters; later facts replace earlier ones.
pub fn facts(headers: &[StreamInfo]) -> Vec<Fact> {
    let mut facts = Vec::new();
    headers.iter().flat_map(StreamInfo::all_facts).for_each(|fact| _ = fact.add_to(&mut facts));
    facts
}

/// What they call interfaces.
pub fn interface_names(inputs: &Inputs, first: &StreamInfo) -> InterfaceNames {
    InterfaceNames::of(&facts(&all(inputs, first)))
}
