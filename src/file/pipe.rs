//! Reading what may keep us waiting: pipes, FIFOs, sockets.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Milliseconds after which a waiting thread looks whether anybody still wants what it waits for.
const LOOK: u16 = 100;

/// Set when nobody wants more: a thread that waits for a pipe then finds that it has ended.
pub(super) type Stop = Arc<AtomicBool>;

/// A pipe being read.
pub(super) struct Pipe {
    file: File,
    stop: Stop,
}

impl Pipe {
    pub fn new(file: File, stop: Stop) -> Pipe {
        Pipe { file, stop }
    }
}

impl Read for Pipe {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while !self.stop.load(Ordering::Relaxed) {
            if poll(&mut [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)], PollTimeout::from(LOOK))? > 0 {
                return self.file.read(room);
            }
        }
        Ok(0)
    }
}
