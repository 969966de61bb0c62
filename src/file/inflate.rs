//! Inflating the one zlib stream (RFC 1950) that a compressed file's records are.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Compressed octets read at a time.
const INPUT: usize = 128 << 10;

/// A zlib stream being inflated.
pub(super) struct Inflate {
    input: Box<dyn Read + Send>,
    zlib: Decompress,
    compressed: Vec<u8>,
    used: usize,
    have: usize,
    ended: bool,
    /// What has arrived is handed on before more is waited for.
    live: bool,
}

impl Inflate {
    pub fn new(input: Box<dyn Read + Send>, live: bool) -> Inflate {
        Inflate { input, zlib: Decompress::new(true), compressed: vec![0; INPUT], used: 0, have: 0, ended: false, live }
    }

    /// Fills `out` up to `limit` octets or the stream's end; if live, it may stop at `enough`. `UnexpectedEof` where the input
    /// ends before the stream, `InvalidData` where it is damaged; `out` then holds what came before.
    pub fn fill(&mut self, out: &mut Vec<u8>, limit: usize, enough: usize) -> io::Result<()> {
        // decompress_vec() fills what is reserved.
        out.reserve_exact(limit.saturating_sub(out.len()));
        while !self.ended && out.len() < limit && out.len() < out.capacity() {
            if self.used == self.have {
                if self.live && out.len() >= enough {
                    break;
                }
                self.have = read(&mut *self.input, &mut self.compressed)?;
                self.used = 0;
                if self.have == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let before = self.zlib.total_in();
            let input = self.compressed.get(self.used..self.have).unwrap_or_default();
            let status = self.zlib.decompress_vec(input, out, FlushDecompress::None);
            self.used += (self.zlib.total_in() - before) as usize;
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, format!("zlib data is damaged ({error})")));
                }
            }
        }
        Ok(())
    }
}

fn read(input: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(out) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
