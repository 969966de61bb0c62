//! Lines on what exporters sent, in the words that readers of flow-capture's log know.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::wire::{Counters, StreamKey};

/// Flows that a filter did not let through, by exporter and version.
pub type Filtered = BTreeMap<(IpAddr, u16), u64>;

/// A line an exporter and version, in the form that flow-log2rrd reads.
pub fn lines(
    now: i64,
    startup: i64,
    local: SocketAddr,
    streams: &[(StreamKey, Counters)],
    filtered: &Filtered,
) -> Vec<String> {
    let mut sums = BTreeMap::<(IpAddr, u16), Counters>::new();
    for (key, counters) in streams.iter().filter(|(key, _)| key.version != 0) {
        sums.entry((key.exporter, key.version)).or_default().add(counters);
    }
    let line = |((exporter, version), sum): ((IpAddr, u16), Counters)| {
        let ours = facing(local, exporter);
        let filtered = filtered.get(&(exporter, version)).copied().unwrap_or(0);
        let Counters { packets, flows, lost, resets, .. } = sum;
        let mut line = format!(
            "STAT: now={now} startup={startup} src_ip={exporter} dst_ip={ours} d_ver={version} pkts={packets} \
             flows={flows} lost={lost} reset={resets} filter_drops={filtered}"
        );
        if version >= 9 {
            // Behind what readers of the line know.
            let Counters { templates, options, dropped, .. } = sum;
            line += &format!(" templates={templates} options={options} template_drops={dropped}");
        }
        line
    };
    sums.into_iter().map(line).collect()
}

/// The address an exporter sends to: the one bound, or else the one this machine would answer it from.
fn facing(local: SocketAddr, exporter: IpAddr) -> IpAddr {
    if !local.ip().is_unspecified() {
        return local.ip();
    }
    let any: SocketAddr = if exporter.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    // Connecting a datagram socket sends nothing.
    let route = UdpSocket::bind(any).and_then(|socket| {
        socket.connect((exporter, local.port().max(1)))?;
        socket.local_addr()
    });
    route.map_or(any.ip(), |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_line_sums_an_exporters_engines_and_ports() {
        let key = |port, version, engine_id| StreamKey {
            exporter: Ipv4Addr::LOCALHOST.into(),
            port,
            version,
            engine_type: 0,
            engine_id,
            method: 0,
            domain: 0,
        };
        let counters = Counters { packets: 1, flows: 30, lost: 2, resets: 1, ..Counters::default() };
        let streams =
            [(key(1, 5, 0), counters), (key(2, 5, 7), counters), (key(1, 7, 0), counters), (key(1, 0, 0), counters)];
        let filtered = Filtered::from([((Ipv4Addr::LOCALHOST.into(), 7), 9)]);
        let line = "STAT: now=1066353600 startup=1066353540 src_ip=127.0.0.1 dst_ip=127.0.0.1 d_ver=";
        for local in ["127.0.0.1:9", "0.0.0.0:9", "[::]:9"] {
            assert_eq!(
                lines(1_066_353_600, 1_066_353_540, local.parse().unwrap(), &streams, &filtered),
                [
                    format!("{line}5 pkts=2 flows=60 lost=4 reset=2 filter_drops=0"),
                    format!("{line}7 pkts=1 flows=30 lost=2 reset=1 filter_drops=9"),
                ]
            );
        }
    }
}
