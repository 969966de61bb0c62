//! Packet sockets.
//!
//! This module and `ring` are the two of live capture with `unsafe` code; here it hands structures of the kernel's to
//! system calls. Its argument: each structure is libc's, made of integers only, and lives until the call returns; its
//! size is what the call is told.

#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc::{self, c_int, socklen_t};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockFilter, Type};

use super::super::filter::{Instruction, MAX_INSTRUCTIONS, Program};

/// A packet socket, which hears nothing until it is bound with `hear`.
#[derive(Debug)]
pub(super) struct Socket(socket2::Socket);

const NOWHERE: libc::sockaddr_ll = libc::sockaddr_ll {
    sll_family: 0,
    sll_protocol: 0,
    sll_ifindex: 0,
    sll_hatype: 0,
    sll_pkttype: 0,
    sll_halen: 0,
    sll_addr: [0; 8],
};

/// A filter that takes nothing.
const NOTHING: SockFilter = SockFilter::new(RETURN, 0, 0, 0);
const RETURN: u16 = 0x06;

/// Drops the copies of what is sent on loopback devices, for they are received as well.
const ONCE: [Instruction; 5] = [
    Instruction { code: 0x20, jt: 0, jf: 0, k: kernel(28) }, // ld hatype
    Instruction { code: 0x15, jt: 0, jf: 3, k: 772 },        // ARPHRD_LOOPBACK, else to the program
    Instruction { code: 0x20, jt: 0, jf: 0, k: kernel(4) },  // ld pkttype
    Instruction { code: 0x15, jt: 0, jf: 1, k: 4 },          // PACKET_OUTGOING, else to the program
    Instruction { code: RETURN, jt: 0, jf: 0, k: 0 },
];

/// Where a filter finds what the kernel knows of a packet (SKF_AD_OFF).
const fn kernel(offset: u32) -> u32 {
    0xffff_f000 + offset
}

/// Whether the kernel takes a program, with what is put before it.
pub(super) fn fits(program: &Program) -> bool {
    program.instructions().len() + ONCE.len() <= MAX_INSTRUCTIONS
}

impl Socket {
    pub(super) fn open() -> io::Result<Socket> {
        Ok(Socket(socket2::Socket::new(Domain::PACKET, Type::RAW, None)?))
    }

    /// Binds to an interface; with `hear`, packets come from now on.
    pub(super) fn bind(&self, index: u32, hear: bool) -> io::Result<()> {
        let protocol = if hear { (libc::ETH_P_ALL as u16).to_be() } else { 0 };
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: protocol,
            sll_ifindex: index.cast_signed(),
            ..NOWHERE
        };
        let len = size_of::<libc::sockaddr_ll>() as socklen_t;
        // SAFETY: the kernel reads `len` octets from a structure of that length.
        let result = unsafe { libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), len) };
        Errno::result(result)?;
        Ok(())
    }

    /// The type (ARPHRD_...) of an interface's device.
    pub(super) fn device(&self, index: u32) -> io::Result<u16> {
        self.bind(index, false)?;
        let (mut address, mut len) = (NOWHERE, size_of::<libc::sockaddr_ll>() as socklen_t);
        // SAFETY: the kernel writes at most `len` octets to a structure of that length, all values of which are valid.
        let result = unsafe { libc::getsockname(self.0.as_raw_fd(), (&raw mut address).cast(), &raw mut len) };
        Errno::result(result)?;
        Ok(address.sll_hatype)
    }

    pub(super) fn promiscuous(&self, index: u32) -> io::Result<()> {
        let membership = libc::packet_mreq {
            mr_ifindex: index.cast_signed(),
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set(libc::PACKET_ADD_MEMBERSHIP, &membership)
    }

    /// Joins a group that shares packets by a hash of their flow, the same for both directions. The kernel could put
    /// fragments together first, so that they go where the rest of their flow goes, but then they would be one packet.
    pub(super) fn fanout(&self, group: u16) -> io::Result<()> {
        self.set(libc::PACKET_FANOUT, &(u32::from(group) | libc::PACKET_FANOUT_HASH << 16))
    }

    /// From now on nothing is taken.
    pub(super) fn take_nothing(&self) -> io::Result<()> {
        self.0.attach_filter(&[NOTHING])
    }

    /// From now on what a program accepts is taken, or everything; `snaplen` octets of it.
    pub(super) fn filter(&self, program: Option<&Program>, snaplen: u32) -> io::Result<()> {
        let everything = [Instruction { code: RETURN, jt: 0, jf: 0, k: snaplen }];
        let program = program.map_or(&everything[..], Program::instructions);
        let filters = ONCE.iter().chain(program).map(|&Instruction { code, jt, jf, k }| {
            // What a filter returns is how many octets are captured.
            SockFilter::new(code, jt, jf, if code == RETURN { k.min(snaplen) } else { k })
        });
        self.0.attach_filter(&filters.collect::<Vec<_>>())
    }

    /// Waits until a block is there; says whether one is, or an error was found. A signal ends the waiting.
    pub(super) fn wait(&self, most: Duration) -> io::Result<bool> {
        let milliseconds = u32::try_from(most.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX);
        let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(0) | Err(Errno::EINTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        if fds[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR))
            && let Some(error) = self.0.take_error()?
        {
            return Err(error);
        }
        Ok(true)
    }

    /// Packets received, dropped, and how often there was no room, since the last time.
    pub(super) fn statistics(&self) -> io::Result<(u32, u32, u32)> {
        let mut counts = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let mut len = size_of::<libc::tpacket_stats_v3>() as socklen_t;
        // SAFETY: the kernel writes at most `len` octets to a structure of that length, all values of which are valid.
        let result = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut counts).cast(),
                &raw mut len,
            )
        };
        Errno::result(result)?;
        Ok((counts.tp_packets, counts.tp_drops, counts.tp_freeze_q_cnt))
    }

    /// Sets an option of packet sockets. `T` is a structure of integers, as the option has it.
    pub(super) fn set<T: Copy>(&self, option: c_int, value: &T) -> io::Result<()> {
        // SAFETY: the kernel reads `size_of::<T>()` octets from a value of that size.
        let result = unsafe {
            libc::setsockopt(
                self.0.as_raw_fd(),
                libc::SOL_PACKET,
                option,
                std::ptr::from_ref(value).cast(),
                size_of::<T>() as socklen_t,
            )
        };
        Errno::result(result)?;
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
