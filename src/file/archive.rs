//! A collector's folder: names, nesting, rotation, expiry.
