//! Numbers and names of link types, as the registry of tcpdump.org has them.

use std::fmt;

use super::LinkType;

impl LinkType {
    /// BSD loopback: the address family in the capturing host's byte order.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// PPP, with or without address and control octets.
    pub const PPP: LinkType = LinkType(9);
    /// FDDI.
    pub const FDDI: LinkType = LinkType(10);
    /// An IP packet, as some systems number it.
    pub const RAW_12: LinkType = LinkType(12);
    /// An IP packet, as OpenBSD numbers it.
    pub const RAW_14: LinkType = LinkType(14);
    /// PPP or Cisco's HDLC on a serial line.
    pub const PPP_HDLC: LinkType = LinkType(50);
    /// PPP over Ethernet, from the PPPoE header on.
    pub const PPP_ETHER: LinkType = LinkType(51);
    /// ATM with an 802.2 header.
    pub const ATM_RFC1483: LinkType = LinkType(100);
    /// An IP packet.
    pub const RAW: LinkType = LinkType(101);
    /// Cisco's HDLC.
    pub const C_HDLC: LinkType = LinkType(104);
    /// Wi-Fi.
    pub const IEEE802_11: LinkType = LinkType(105);
    /// Frame relay.
    pub const FRELAY: LinkType = LinkType(107);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// OpenBSD's decrypted IPsec.
    pub const ENC: LinkType = LinkType(109);
    /// Linux cooked capture.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// BSD's packet filter log.
    pub const PFLOG: LinkType = LinkType(117);
    /// Wi-Fi behind a Prism header.
    pub const PRISM: LinkType = LinkType(119);
    /// IP over Fibre Channel.
    pub const IP_OVER_FC: LinkType = LinkType(122);
    /// Wi-Fi behind a radiotap header.
    pub const RADIOTAP: LinkType = LinkType(127);
    /// IP over FireWire, as Apple has it.
    pub const APPLE_1394: LinkType = LinkType(138);
    /// Wi-Fi behind an AVS header.
    pub const AVS: LinkType = LinkType(163);
    /// Any frame behind a Per-Packet Information header.
    pub const PPI: LinkType = LinkType(192);
    /// PPP behind an octet for the direction.
    pub const PPP_WITH_DIR: LinkType = LinkType(204);
    /// Cisco's HDLC behind an octet for the direction.
    pub const C_HDLC_WITH_DIR: LinkType = LinkType(205);
    /// Frame relay behind an octet for the direction.
    pub const FRELAY_WITH_DIR: LinkType = LinkType(206);
    /// Solaris' IP observability.
    pub const IPNET: LinkType = LinkType(226);
    /// An IPv4 packet.
    pub const IPV4: LinkType = LinkType(228);
    /// An IPv6 packet.
    pub const IPV6: LinkType = LinkType(229);
    /// Any frame behind the header of macOS' capture on several interfaces.
    pub const PKTAP: LinkType = LinkType(258);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: LinkType = LinkType(276);

    /// Whether frames of this type are understood.
    pub fn is_known(self) -> bool {
        KNOWN.iter().any(|(link, _)| *link == self)
    }

    /// Its name in the registry, for those that one may meet.
    pub fn name(self) -> Option<&'static str> {
        let known = KNOWN.iter().find(|(link, _)| *link == self).map(|(_, name)| *name);
        known.or_else(|| OTHERS.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name))
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The link types whose frames are understood.
pub(super) const KNOWN: [(LinkType, &str); 31] = [
    (LinkType::NULL, "NULL"),
    (LinkType::ETHERNET, "ETHERNET"),
    (LinkType::PPP, "PPP"),
    (LinkType::FDDI, "FDDI"),
    (LinkType::RAW_12, "RAW"),
    (LinkType::RAW_14, "RAW"),
    (LinkType::PPP_HDLC, "PPP_HDLC"),
    (LinkType::PPP_ETHER, "PPP_ETHER"),
    (LinkType::ATM_RFC1483, "ATM_RFC1483"),
    (LinkType::RAW, "RAW"),
    (LinkType::C_HDLC, "C_HDLC"),
    (LinkType::IEEE802_11, "IEEE802_11"),
    (LinkType::FRELAY, "FRELAY"),
    (LinkType::LOOP, "LOOP"),
    (LinkType::ENC, "ENC"),
    (LinkType::LINUX_SLL, "LINUX_SLL"),
    (LinkType::PFLOG, "PFLOG"),
    (LinkType::PRISM, "IEEE802_11_PRISM"),
    (LinkType::IP_OVER_FC, "IP_OVER_FC"),
    (LinkType::RADIOTAP, "IEEE802_11_RADIOTAP"),
    (LinkType::APPLE_1394, "APPLE_IP_OVER_IEEE1394"),
    (LinkType::AVS, "IEEE802_11_AVS"),
    (LinkType::PPI, "PPI"),
    (LinkType::PPP_WITH_DIR, "PPP_WITH_DIR"),
    (LinkType::C_HDLC_WITH_DIR, "C_HDLC_WITH_DIR"),
    (LinkType::FRELAY_WITH_DIR, "FRELAY_WITH_DIR"),
    (LinkType::IPNET, "IPNET"),
    (LinkType::IPV4, "IPV4"),
    (LinkType::IPV6, "IPV6"),
    (LinkType::PKTAP, "PKTAP"),
    (LinkType::LINUX_SLL2, "LINUX_SLL2"),
];

/// Others, to be named where they are met.
const OTHERS: [(u16, &str); 40] = [
    (3, "AX25"),
    (6, "IEEE802_5"),
    (7, "ARCNET_BSD"),
    (8, "SLIP"),
    (99, "SYMANTEC_FIREWALL"),
    (114, "LTALK"),
    (123, "SUNATM"),
    (129, "ARCNET_LINUX"),
    (140, "MTP2"),
    (141, "MTP3"),
    (142, "SCCP"),
    (143, "DOCSIS"),
    (144, "LINUX_IRDA"),
    (147, "USER0"),
    (148, "USER1"),
    (149, "USER2"),
    (150, "USER3"),
    (165, "BACNET_MS_TP"),
    (166, "PPP_PPPD"),
    (169, "GPRS_LLC"),
    (177, "LINUX_LAPD"),
    (187, "BLUETOOTH_HCI_H4"),
    (189, "USB_LINUX"),
    (195, "IEEE802_15_4_WITHFCS"),
    (197, "ERF"),
    (201, "BLUETOOTH_HCI_H4_WITH_PHDR"),
    (215, "IEEE802_15_4_NONASK_PHY"),
    (220, "USB_LINUX_MMAPPED"),
    (224, "FC_2"),
    (227, "CAN_SOCKETCAN"),
    (230, "IEEE802_15_4_NOFCS"),
    (239, "NFLOG"),
    (240, "NETANALYZER"),
    (242, "IPOIB"),
    (247, "INFINIBAND"),
    (249, "USBPCAP"),
    (252, "WIRESHARK_UPPER_PDU"),
    (253, "NETLINK"),
    (271, "VSOCK"),
    (274, "ETHERNET_MPACKET"),
];
