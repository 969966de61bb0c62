//! Who talks to whom: `localip/remoteip/port`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// Both ends of an exchange of datagrams. Parses from `localip/remoteip/port`, where `0` is any address and
/// addresses are IPv4, IPv6 or host names; a fourth part `/ttl` is how far multicast goes.
///
/// Receiving, the local address is bound and only the remote one is heard; a remote multicast address is a group to
/// join. Sending, the local address is the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Our address; `None` is any.
    pub local: Option<IpAddr>,
    /// Theirs; `None` is any.
    pub remote: Option<IpAddr>,
    /// The collector's UDP port.
    pub port: u16,
    /// Time to live of what is sent; the system's default if `None`.
    pub ttl: Option<u8>,
}

impl Endpoint {
    /// A collector to send to, as softflowd writes it: `host:port` or `[IPv6 address]:port`.
    pub fn collector(text: &str) -> Result<Endpoint, String> {
        let wrong = |why: &dyn fmt::Display| format!("'{text}': {why}, expected host:port or [IPv6 address]:port");
        let mut found = text.to_socket_addrs().map_err(|e| wrong(&e))?;
        let address = found.next().ok_or_else(|| wrong(&"no address"))?;
        Ok(Endpoint { local: None, remote: Some(address.ip()), port: address.port(), ttl: None })
    }

    /// Where to send to; `None` for an endpoint without a remote address.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.remote.map(|address| SocketAddr::new(address, self.port))
    }

    /// Whether the exchange is over IPv6; where neither end says, receivers hear both families.
    pub fn is_ipv6(&self) -> bool {
        self.remote.or(self.local).is_some_and(|address| address.is_ipv6())
    }

    /// The address of its family that stands for any.
    pub(super) fn any(&self) -> IpAddr {
        if self.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        let wrong = |why: &str| format!("'{text}': {why}, expected localip/remoteip/port");
        let parts: Vec<&str> = text.split('/').collect();
        let (local, remote, port, ttl) = match parts.as_slice() {
            [local, remote, port] => (local, remote, port, None),
            [local, remote, port, ttl] => (local, remote, port, Some(ttl)),
            _ => return Err(wrong("not three parts")),
        };
        let port = port.parse().ok().filter(|p| *p > 0).ok_or_else(|| wrong("no port from 1 to 65535"))?;
        let ttl = ttl.map(|t| t.parse().map_err(|_| wrong("no time to live from 0 to 255"))).transpose()?;
        let remote = address(remote, None).map_err(|why| wrong(&why))?;
        let local = address(local, remote).map_err(|why| wrong(&why))?;
        match local.zip(remote) {
            Some((l, r)) if l.is_ipv4() != r.is_ipv4() => Err(wrong("IPv4 on one side and IPv6 on the other")),
            _ => Ok(Endpoint { local, remote, port, ttl }),
        }
    }
}

/// An address or host name, of the family of `like` if it has the choice; `0` is `None`.
fn address(text: &str, like: Option<IpAddr>) -> Result<Option<IpAddr>, String> {
    if matches!(text, "0" | "0.0.0.0") {
        return Ok(None);
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        return Ok(Some(address));
    }
    let found = (text, 0).to_socket_addrs().map_err(|e| format!("{text}: {e}"))?;
    let found: Vec<IpAddr> = found.map(|a| a.ip()).collect();
    let same = found.iter().find(|a| like.is_none_or(|l| l.is_ipv4() == a.is_ipv4()));
    same.or(found.first()).copied().map(Some).ok_or_else(|| format!("{text}: no address"))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |a: &Option<IpAddr>| a.map_or("0".to_owned(), |a| a.to_string());
        write!(f, "{}/{}/{}", name(&self.local), name(&self.remote), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_three_parts() {
        let at = |text: &str| text.parse::<Endpoint>();
        let any = Endpoint { local: None, remote: None, port: 9800, ttl: None };
        assert_eq!(at("0/0/9800"), Ok(any));
        assert_eq!(any.to_string(), "0/0/9800");
        let two = at("127.0.0.1/10.1.2.3/2055").unwrap();
        assert_eq!(two.destination().unwrap().to_string(), "10.1.2.3:2055");
        let six = at("::/2001:db8::1/2055").unwrap();
        assert!(six.is_ipv6() && six.local == Some(Ipv6Addr::UNSPECIFIED.into()));
        assert_eq!(at("0/224.2.2.2/2055/3").unwrap().ttl, Some(3));
        for wrong in ["", "0/0", "0/0/0", "0/0/x", "0/0/70000", "::1/127.0.0.1/1", "0/0/1/2/3", "0/0/1/999"] {
            assert!(at(wrong).unwrap_err().contains("localip/remoteip/port"), "{wrong}");
        }
    }

    #[test]
    fn collectors_are_host_and_port() {
        let to = |text: &str| Endpoint::collector(text).map(|e| e.destination().unwrap().to_string());
        assert_eq!(to("127.0.0.1:2055"), Ok("127.0.0.1:2055".to_owned()));
        assert_eq!(to("[::1]:2055"), Ok("[::1]:2055".to_owned()));
        assert!(to("127.0.0.1").unwrap_err().contains("host:port"));
    }
}
