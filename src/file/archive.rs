//! A collector's folder: names, nesting, rotation, expiry.

/// Whether a file of this name is still being written.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with("tmp")
}
