//! The ring of a packet socket: memory shared with the kernel.
//!
//! This is the module with the `unsafe` code of the ring. Its argument:
//!
//! - The memory is mapped once, for `blocks * block_len` octets, and unmapped when the [`Ring`] is dropped; what is
//!   handed out borrows the ring.
//! - A block begins with a status word, which is only ever read and written as an atomic. While it says that the block
//!   is the kernel's, nothing else of the block is touched here. Once it says (acquire) that the block is ours, the
//!   kernel does not touch the block until we say (release) that it is the kernel's again: that is the contract of
//!   `PACKET_RX_RING`, version 3. In between there is one [`Block`], for it borrows the ring mutably, and it alone has
//!   the octets behind the status word, as one mutable slice.
//! - Everything the kernel says inside a block, offsets and lengths, is read through that slice, with its bounds.

#![allow(unsafe_code)]

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::unistd::{SysconfVar, sysconf};

use super::frames::{BEHIND_STATUS, RESERVE};
use super::socket::Socket;

/// How large a ring is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    block: usize,
    blocks: usize,
}

impl Size {
    /// Whole blocks of about so many octets.
    pub(super) fn of(octets: usize) -> Size {
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|n| usize::try_from(n).ok()).unwrap_or(4096);
        let (least, most) = (page.max(SMALL_BLOCK), page.max(LARGE_BLOCK));
        let block = (octets / BLOCKS).max(1).next_power_of_two().clamp(least, most);
        Size { block, blocks: (octets / block).clamp(2, MOST_BLOCKS) }
    }
}

/// Blocks of a ring, where their size allows.
const BLOCKS: usize = 64;
const MOST_BLOCKS: usize = 1 << 16;
/// The smallest block still holds the largest of frames that a snap length leaves.
const SMALL_BLOCK: usize = 1 << 16;
const LARGE_BLOCK: usize = 1 << 20;

/// What a block is divided in for the kernel's checks; frames of version 3 take what they need.
const FRAME: u32 = 2048;

/// Where the status word is.
const STATUS: usize = 8;

pub(super) struct Ring {
    socket: Socket,
    memory: NonNull<u8>,
    size: Size,
    /// The block that is handed over next.
    next: usize,
}

// SAFETY: the memory belongs to the ring alone, in whatever thread it is.
unsafe impl Send for Ring {}

impl Ring {
    /// Makes the ring of a socket that is not bound; a block is handed over `retire` ms after its first frame at the
    /// latest.
    pub(super) fn new(socket: Socket, size: Size, retire: u32) -> io::Result<Ring> {
        socket.set(libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as u32))?;
        // Room before a frame, to put a tag back and a cooked header before it.
        socket.set(libc::PACKET_RESERVE, &RESERVE)?;
        let too_large = || io::Error::from(Errno::EINVAL);
        let octets = size.block.checked_mul(size.blocks).and_then(NonZeroUsize::new).ok_or_else(too_large)?;
        let number = |n: usize| u32::try_from(n).map_err(|_| too_large());
        let request = libc::tpacket_req3 {
            tp_block_size: number(size.block)?,
            tp_block_nr: number(size.blocks)?,
            tp_frame_size: FRAME,
            tp_frame_nr: number(octets.get() / FRAME as usize)?,
            tp_retire_blk_tov: retire,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        socket.set(libc::PACKET_RX_RING, &request)?;
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping where the kernel likes, of the ring's length.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), octets.get(), protection, flags, socket.as_fd().as_raw_fd(), 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or_else(too_large)?;
        Ok(Ring { socket, memory, size, next: 0 })
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The status word of the next block.
    fn status(&self) -> &AtomicU32 {
        // SAFETY: `next` is below `blocks`, so the word is inside the mapping, which lives as long as `self`; blocks
        // begin on pages, so it is aligned; it is never reached but as an atomic.
        unsafe { AtomicU32::from_ptr(self.memory.as_ptr().add(self.next * self.size.block + STATUS).cast()) }
    }

    /// Whether the next block is ours.
    pub(super) fn ready(&self) -> bool {
        self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    /// The next block, if it is ours.
    pub(super) fn block(&mut self) -> Option<Block<'_>> {
        self.ready().then(|| Block { ring: self })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, of the same length; nothing borrows it any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.size.block * self.size.blocks) };
    }
}

/// A block that is ours, until it is dropped.
pub(super) struct Block<'a> {
    ring: &'a mut Ring,
}

impl Block<'_> {
    /// The block behind its status word.
    pub(super) fn octets(&mut self) -> &mut [u8] {
        let Ring { memory, size, next, .. } = &*self.ring;
        let start = next * size.block + BEHIND_STATUS;
        // SAFETY: inside the mapping, as in `status`, up to the block's end; the block is ours, by the acquire in
        // `ready`, until the release in `drop`, which this borrow ends before; nobody else can have it, for `self` is
        // borrowed mutably and borrows the ring mutably, and the status word is not part of it.
        unsafe { std::slice::from_raw_parts_mut(memory.as_ptr().add(start), size.block - BEHIND_STATUS) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.ring.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.ring.next = (self.ring.next + 1) % self.ring.size.blocks;
    }
}
