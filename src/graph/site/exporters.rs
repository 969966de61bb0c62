//! Who sends flows, and who has ceased to.

use std::net::IpAddr;

use super::SILENT;
use crate::graph::config::Config;
use crate::graph::json::Json;
use crate::graph::state::State;

/// An exporter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Exporter {
    pub address: IpAddr,
    /// What the configuration calls it.
    pub label: Option<String>,
    /// When its last flow ended (ms since 1970), and its flows; never heard if there is nothing.
    pub seen: Option<(u64, u64)>,
    /// Whether it has ceased to send while there are newer data.
    pub silent: bool,
}

impl Exporter {
    /// Those of the configuration in its order, then all others that were heard. `newest` is the end of what RRDs have,
    /// `made` is now; seconds since 1970.
    pub fn all(config: &Config, state: &State, newest: u64, made: u64) -> Vec<Exporter> {
        // A clock that runs ahead silences nobody else.
        let heard = state
            .exporters
            .values()
            .map(|seen| seen.last)
            .filter(|last| *last <= made.saturating_add(SILENT).saturating_mul(1000));
        let newest = heard.chain([newest.saturating_mul(1000)]).max().unwrap_or(0);
        let exporter = |address: IpAddr, label: Option<String>| {
            let seen = state.exporters.get(&address).map(|seen| (seen.last, seen.flows));
            let silent = seen.is_none_or(|(last, _)| last.saturating_add(SILENT * 1000) < newest);
            Exporter { address, label, seen, silent }
        };
        let mut all = Vec::new();
        for router in &config.routers {
            all.extend(router.items.iter().map(|address| exporter(*address, Some(router.label.to_string()))));
        }
        let named: Vec<IpAddr> = all.iter().map(|exporter| exporter.address).collect();
        let others = state.exporters.keys().filter(|address| !named.contains(address));
        all.extend(others.map(|address| exporter(*address, None)));
        all
    }

    /// As JSON.
    pub fn put(&self, json: &mut Json) {
        json.object(|json| {
            json.key("address").text(&self.address.to_string());
            if let Some(label) = self.label.as_ref().filter(|label| **label != self.address.to_string()) {
                json.key("label").text(label);
            }
            if let Some((last, flows)) = self.seen {
                json.key("last").number(last);
                json.key("flows").number(flows);
            }
            json.key("silent").flag(self.silent);
        });
    }
}
