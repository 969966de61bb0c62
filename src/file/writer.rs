//! Writing flow files.

use std::io::{self, Write};

use crate::flow::{FlowBatch, Order, StreamInfo, Version};

/// How flows are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The records' version.
    pub version: Version,
    /// Byte order of header and records.
    pub order: Order,
    /// zlib level, 0 none.
    pub level: u8,
    /// What the header says; its version, order and compression are taken from above.
    pub info: StreamInfo,
}

/// Writes a flow file: a header, then records.
pub struct FlowWriter<W: Write> {
    _out: W,
}

impl<W: Write> FlowWriter<W> {
    /// Writes the header.
    pub fn new(_out: W, _options: &WriteOptions) -> io::Result<FlowWriter<W>> {
        todo!()
    }

    /// Writes a batch's selected flows. Batches of another version are converted field by field.
    pub fn write(&mut self, _batch: &FlowBatch) -> io::Result<()> {
        todo!()
    }

    /// Writes whole records of the writer's version, in host order.
    pub fn write_records(&mut self, _records: &[u8]) -> io::Result<()> {
        todo!()
    }

    /// Ends the records and gives the output back. Without this a compressed file is cut short.
    pub fn finish(self) -> io::Result<W> {
        todo!()
    }
}
