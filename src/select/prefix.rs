//! Prefixes of addresses as they are written.

use std::net::IpAddr;

use ipnet::IpNet;

/// Reads a prefix; an address alone is one of full length. Octets of IPv4 that are left out are 0: `10/8`.
pub fn prefix(text: &str) -> Option<IpNet> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let octets = address.split('.').count();
    let filled = match octets < 4 && !address.contains(':') {
        true => format!("{address}{}", ".0".repeat(4 - octets)),
        false => address.to_owned(),
    };
    let address: IpAddr = filled.parse().ok()?;
    let full = if address.is_ipv4() { 32 } else { 128 };
    IpNet::new(address, length.unwrap_or(full)).ok().map(|net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_read() {
        let read = |text| prefix(text).map(|net| net.to_string());
        assert_eq!(read("10.1.2.3/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(read("10.1").as_deref(), Some("10.1.0.0/32"));
        assert_eq!(read("2001:db8::1").as_deref(), Some("2001:db8::1/128"));
        for wrong in ["", "10.0.0.0/33", "x", "10.0.0.0/", "1.2.3.4.5", "::/129"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
