//! Lines on what exporters sent, in the words that readers of flow-capture's log know.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::flow::{Field, FlowBatch, Rows, ie};
use crate::wire::{Counters, StreamKey};

/// Exporters whose filtered flows are counted.
const EXPORTERS: usize = 1 << 16;

/// Flows that a filter did not let through, by exporter and version.
#[derive(Clone, Debug, Default)]
pub struct Filtered(BTreeMap<(IpAddr, u16), u64>);

impl Filtered {
    /// Counts flows of an exporter that came by a version.
    pub fn add(&mut self, exporter: IpAddr, version: u16, flows: u64) {
        let key = (exporter.to_canonical(), version);
        if self.0.len() < EXPORTERS || self.0.contains_key(&key) {
            *self.0.entry(key).or_default() += flows;
        }
    }

    /// Counts the flows of a batch that are deselected.
    pub fn add_deselected(&mut self, batch: &FlowBatch) {
        let Rows::Some(rows) = batch.rows() else { return };
        let version = match batch.raw() {
            // Tags are given here: no exporter sends them.
            Some(raw) => {
                if raw.layout.version.number() == 1005 {
                    5
                } else {
                    raw.layout.version.number()
                }
            }
            None if batch.schema().position(ie::UPTIME, 0).is_some() => 9,
            None => 10,
        };
        let mut exporters = Vec::<u128>::new();
        let four = batch.schema().position(ie::EXPORTER4, 0).is_some();
        if let Some(view) = batch.view(Field::Exporter) {
            view.gather(Rows::All(batch.height()), &mut exporters);
        }
        let address = |number: u128| match four {
            true => IpAddr::V4((number as u32).into()),
            false => IpAddr::V6(number.into()),
        };
        let (mut kept, mut last, mut flows) = (rows.iter().peekable(), 0, 0);
        for (row, exporter) in exporters.into_iter().enumerate() {
            if kept.next_if(|kept| **kept as usize == row).is_some() {
                continue;
            }
            if exporter != last && flows > 0 {
                self.add(address(last), version, std::mem::take(&mut flows));
            }
            (last, flows) = (exporter, flows + 1);
        }
        if flows > 0 {
            self.add(address(last), version, flows);
        }
    }

    /// Of an exporter and version.
    pub fn of(&self, exporter: IpAddr, version: u16) -> u64 {
        self.0.get(&(exporter.to_canonical(), version)).copied().unwrap_or(0)
    }
}

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
        let filtered = filtered.of(exporter, version);
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
        let mut filtered = Filtered::default();
        filtered.add(Ipv4Addr::LOCALHOST.into(), 7, 9);
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
