//! What a program was told to read.

use std::path::PathBuf;

/// Standard input, or files and folders.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    pub(super) paths: Vec<PathBuf>,
}

impl Inputs {
    /// These files and folders (recursively, by name, without unfinished `tmp-` files); nothing or `-` is standard
    /// input.
    pub fn of(paths: &[PathBuf]) -> Inputs {
        Inputs { paths: paths.to_vec() }
    }
}
