//! Network interfaces: their numbers, and what frames on them look like.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};

use nix::libc;
use nix::net::if_::{if_nameindex, if_nametoindex};

use super::super::link::LinkType;
use super::socket::Socket;

/// The name that stands for all interfaces.
const ANY: &str = "any";

/// A network interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its number (ifIndex); 0 for `any`.
    pub index: u32,
    /// What a capture's frames begin with: what a filter must be made for.
    pub link: LinkType,
}

/// How frames are taken from an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Framing {
    /// As they are: Ethernet.
    Ethernet,
    /// As they are: there is nothing before the IP packet.
    Raw,
    /// Without their link header, whatever it is, behind one that says what the kernel knows.
    Cooked,
}

impl Framing {
    pub(super) fn link(self) -> LinkType {
        match self {
            Framing::Ethernet => LinkType::ETHERNET,
            Framing::Raw => LinkType::RAW,
            Framing::Cooked => LinkType::LINUX_SLL2,
        }
    }

    /// By the kernel's number of the device's type.
    pub(super) fn of(device: u16) -> Framing {
        match device {
            libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Framing::Ethernet,
            // Tunnels, and tun.
            libc::ARPHRD_NONE | libc::ARPHRD_TUNNEL | libc::ARPHRD_TUNNEL6 | libc::ARPHRD_SIT | RAWIP => Framing::Raw,
            _ => Framing::Cooked,
        }
    }
}

/// ARPHRD_RAWIP: mobile modems.
const RAWIP: u16 = 519;

impl Interface {
    /// Looks an interface up; needs the right to capture. Fails in a line that names it and the cure.
    pub fn find(name: &str) -> Result<Interface, String> {
        if name == ANY {
            return Ok(Interface { index: 0, link: Framing::Cooked.link() });
        }
        let index = if_nametoindex(name).map_err(|e| unknown(name, e.into()))?;
        let device = Socket::open().map_err(|e| no_right(name, &e))?.device(index);
        let device = device.map_err(|e| format!("{name}: {e}"))?;
        Ok(Interface { index, link: Framing::of(device).link() })
    }

    pub(super) fn framing(&self) -> Framing {
        match self.link {
            LinkType::ETHERNET => Framing::Ethernet,
            LinkType::RAW => Framing::Raw,
            _ => Framing::Cooked,
        }
    }
}

/// Whether an interface still has the number it had.
pub(super) fn exists(name: &str, index: u32) -> bool {
    // Renaming is no removal.
    if_nametoindex(name) == Ok(index)
        || if_nameindex().is_ok_and(|all| all.iter().any(|interface| interface.index() == index))
}

fn unknown(name: &str, error: io::Error) -> String {
    let names = if_nameindex().map(|all| {
        let names = all.iter().map(|interface| interface.name().to_string_lossy().into_owned());
        names.chain([ANY.to_owned()]).collect::<Vec<_>>().join(", ")
    });
    match names {
        Ok(names) => format!("{name}: no such interface, expected one of {names}"),
        Err(_) => format!("{name}: no such interface: {error}"),
    }
}

pub(super) fn no_right(name: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            format!("{name}: no right to capture: run as root, or give the program the capability CAP_NET_RAW")
        }
        _ => format!("{name}: no packet socket: {error}"),
    }
}

/// The interface's own counts of packets it had no room for, with what they say now. Kept open, for they cannot be
/// opened from a changed root; without /sys there are none.
pub(super) fn missed(name: &str) -> Vec<(File, u64)> {
    let names = ["rx_missed_errors", "rx_fifo_errors"];
    let files = names.iter().filter_map(|count| File::open(format!("/sys/class/net/{name}/statistics/{count}")).ok());
    files.map(|mut file| (read(&mut file).unwrap_or(0), file)).map(|(count, file)| (file, count)).collect()
}

/// By how much a count has grown.
pub(super) fn grown((file, before): &mut (File, u64)) -> u64 {
    read(file).unwrap_or(0).saturating_sub(*before)
}

fn read(file: &mut File) -> Option<u64> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
