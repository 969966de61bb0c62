//! A load generator for sensors: Ethernet frames out of an interface of Linux, as fast as they go or at a rate.
//!
//!     cargo run --release --example flood -- veth0 30 [FRAMES_A_SECOND [FLOWS [OCTETS]]]
//!
//! sends for thirty seconds; a rate of 0, or none, is as fast as they go. Frames are UDP datagrams of so many flows
//! (1000) in turn, so many octets long (60, without the checksum of the wire: the smallest). Says how many were sent.

use std::error::Error;
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{LinkAddr, MsgFlags, MultiHeaders, sendmmsg};
use socket2::{Domain, Socket, Type};

/// Frames a system call sends.
const BATCH: usize = 64;
/// Where the source address of a frame is.
const SOURCE: usize = 26;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [interface, seconds, rest @ ..] = words.as_slice() else {
        return Err("usage: flood INTERFACE SECONDS [FRAMES_A_SECOND [FLOWS [OCTETS]]]".into());
    };
    let seconds: f64 = seconds.parse()?;
    let number = |at: usize, default: u32| rest.get(at).map_or(Ok(default), |text| text.parse::<u32>());
    let (rate, flows, octets) = (number(0, 0)?, number(1, 1000)?.max(1), number(2, 60)?.clamp(60, 1514));
    let mut all = getifaddrs()?.filter(|found| found.interface_name == *interface);
    let to = all.find_map(|found| found.address?.as_link_addr().copied());
    let to = to.ok_or_else(|| format!("{interface}: no such interface"))?;
    let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
    let mut frames = vec![frame(octets as u16); BATCH];
    let (begin, mut sent, mut flow) = (Instant::now(), 0_u64, 0_u32);
    loop {
        let since = begin.elapsed().as_secs_f64();
        if since >= seconds {
            break;
        }
        if rate > 0 && sent as f64 >= since * f64::from(rate) {
            std::thread::sleep(Duration::from_micros(50));
            continue;
        }
        for frame in &mut frames {
            flow = (flow + 1) % flows;
            frame[SOURCE..SOURCE + 4].copy_from_slice(&(0x0a00_0000 + flow).to_be_bytes());
        }
        sent += send(&socket, &frames, to)?;
    }
    let took = begin.elapsed().as_secs_f64();
    println!("{sent} frames in {took:.2} s, {:.0} frames/s", sent as f64 / took);
    Ok(())
}

/// Sends frames; says how many the interface has taken.
fn send(socket: &Socket, frames: &[Vec<u8>], to: LinkAddr) -> Result<u64, Errno> {
    let slices: Vec<_> = frames.iter().map(|frame| [IoSlice::new(frame)]).collect();
    let addresses = vec![Some(to); frames.len()];
    let mut headers = MultiHeaders::preallocate(frames.len(), None);
    match sendmmsg(socket.as_raw_fd(), &mut headers, &slices, &addresses, [], MsgFlags::empty()) {
        Ok(results) => Ok(results.count() as u64),
        Err(Errno::ENOBUFS) => Ok(0),
        Err(error) => Err(error),
    }
}

/// A UDP datagram in an IPv4 packet in an Ethernet frame.
fn frame(octets: u16) -> Vec<u8> {
    let mut frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\x45\0".to_vec();
    frame.extend((octets - 14).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 0, 10, 255, 0, 1]);
    for number in [1024, 9, octets - 34, 0] {
        frame.extend(number.to_be_bytes());
    }
    frame.resize(octets.into(), 0x55);
    frame
}
