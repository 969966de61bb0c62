//! The RRDs that a configuration leads to, as something to choose from.

use std::path::{Path, PathBuf};

use super::{Colour, OTHER};
use crate::graph::config::{Config, Label};
use crate::graph::count::{Dimension, Plan, SOURCES, TOTAL_STEM as TOTAL};
use crate::graph::file_name;
use crate::graph::words::folder_name;

/// What a picture shows of flows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum Report {
    /// Bits a second.
    #[default]
    Bits,
    /// Packets a second.
    Packets,
    /// Flows a second.
    Flows,
}

impl Report {
    /// All there are.
    pub const ALL: [Report; 3] = [Report::Bits, Report::Packets, Report::Flows];

    /// What it is called on command lines and in links.
    pub fn word(self) -> &'static str {
        match self {
            Report::Bits => "bits",
            Report::Packets => "packets",
            Report::Flows => "flows",
        }
    }

    /// What values are in.
    pub fn unit(self) -> &'static str {
        match self {
            Report::Bits => "bit/s",
            Report::Packets => "packets/s",
            Report::Flows => "flows/s",
        }
    }

    /// The places of the RRDs' data sources, inbound and outbound, among [`SOURCES`].
    pub fn places(self) -> [usize; 2] {
        match self {
            Report::Bits => [0, 1],
            Report::Packets => [2, 3],
            Report::Flows => [4, 5],
        }
    }

    /// The RRDs' data sources, inbound and outbound.
    pub fn sources(self) -> [&'static str; 2] {
        self.places().map(|at| SOURCES[at])
    }

    /// What a value of a data source is multiplied by: octets become bits.
    pub fn factor(self) -> f64 {
        match self {
            Report::Bits => 8.0,
            Report::Packets | Report::Flows => 1.0,
        }
    }
}

/// What flows are told apart by in a picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum By {
    /// The service, by its port at either end.
    Service,
    /// The IP protocol.
    Protocol,
    /// The network inside.
    Network,
    /// What the application is for.
    Category,
    /// The type of service.
    Tos,
    /// The autonomous system outside.
    As,
}

impl By {
    /// All there are, in the order of menus.
    pub const ALL: [By; 6] = [By::Service, By::Protocol, By::Network, By::Category, By::Tos, By::As];

    /// What it is called on command lines and in links.
    pub fn word(self) -> &'static str {
        match self {
            By::Service => "service",
            By::Protocol => "protocol",
            By::Network => "network",
            By::Category => "category",
            By::Tos => "tos",
            By::As => "as",
        }
    }

    /// What several are called, in menus and titles.
    pub fn title(self) -> &'static str {
        match self {
            By::Service => "Services",
            By::Protocol => "Protocols",
            By::Network => "Networks",
            By::Category => "Applications",
            By::Tos => "Types of service",
            By::As => "Autonomous systems",
        }
    }

    fn of(dimension: Dimension) -> Option<By> {
        match dimension {
            Dimension::Total | Dimension::Neither => None,
            Dimension::Network => Some(By::Network),
            Dimension::ServiceSource | Dimension::ServiceDestination => Some(By::Service),
            Dimension::Protocol => Some(By::Protocol),
            Dimension::Tos => Some(By::Tos),
            Dimension::As => Some(By::As),
            Dimension::Category => Some(By::Category),
        }
    }
}

/// A label, where its numbers are, and how it looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The label.
    pub label: Label,
    /// The names of the RRDs whose sum it is, without folder and end: a service has one by source, one by destination.
    pub stems: Vec<String>,
    /// Its colour, wherever it is shown.
    pub colour: Colour,
}

/// The labels of a dimension, in the order in which the configuration has them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The dimension.
    pub by: By,
    /// The labels.
    pub items: Vec<Item>,
}

/// Everything there is to choose from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Catalogue {
    /// The folder of the RRDs.
    pub folder: PathBuf,
    /// Exporters with RRDs of their own, in folders of these names, each with the colour it has beside others.
    pub routers: Vec<Item>,
    /// The dimensions that have labels, in the order of menus.
    pub groups: Vec<Group>,
}

impl Catalogue {
    /// What flow-scan makes of a configuration, in a folder.
    pub fn of(config: &Config, folder: &Path) -> Catalogue {
        let plan = Plan::of(config);
        let mut groups: Vec<Group> = By::ALL.map(|by| Group { by, items: Vec::new() }).into();
        for counter in &plan.counters {
            let group = By::of(counter.dimension).and_then(|by| groups.iter_mut().find(|group| group.by == by));
            let (Some(group), Some(label)) = (group, &counter.label) else { continue };
            match group.items.iter_mut().find(|item| item.label == *label) {
                Some(item) => item.stems.push(counter.stem()),
                None => {
                    let other = group.by == By::Category && label.as_str() == "other";
                    let colour = if other { OTHER } else { Colour::at(group.items.len()) };
                    group.items.push(Item { label: label.clone(), stems: vec![counter.stem()], colour });
                }
            }
        }
        groups.retain(|group| !group.items.is_empty());
        let router = |(at, label): (usize, &Label)| Item {
            label: label.clone(),
            stems: vec![TOTAL.to_owned()],
            colour: Colour::at(at),
        };
        let routers = plan.routers.iter().enumerate().map(router).collect();
        Catalogue { folder: folder.to_owned(), routers, groups }
    }

    /// The labels of a dimension; none if it has none.
    pub fn items(&self, by: By) -> &[Item] {
        self.groups.iter().find(|group| group.by == by).map_or(&[], |group| &group.items)
    }

    /// Where an RRD is, of all exporters or of one.
    pub fn path(&self, router: Option<&Label>, stem: &str) -> PathBuf {
        let folder =
            router.map_or_else(|| self.folder.clone(), |router| self.folder.join(folder_name(router.as_str())));
        folder.join(file_name(stem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::symbols::Symbols;
    use crate::select::config::{Sources, Variables};

    fn catalogue(text: &str) -> Catalogue {
        let mut sources = Sources::new(Variables::default(), |_| Ok(text.to_owned()));
        let config = Config::read(&mut sources, "CUFlow.cf", &Symbols::default()).unwrap();
        Catalogue::of(&config, Path::new("rrds"))
    }

    #[test]
    fn labels_stand_as_configured_and_keep_their_colours() {
        let all = catalogue(
            "Service 80/6 web\nRouter 192.0.2.1 edge\nNetwork 10.0.0.0/8 b\nNetwork 10.1.0.0/16 a\nService 53/17 dns\n\
             Service 8080/6 web\nMulticast\n",
        );
        let by: Vec<By> = all.groups.iter().map(|group| group.by).collect();
        assert_eq!(by, [By::Service, By::Protocol, By::Network]);
        let labels: Vec<&str> = all.items(By::Network).iter().map(|item| item.label.as_str()).collect();
        assert_eq!(labels, ["b", "a"]);
        let [web, dns] = all.items(By::Service) else { panic!("{:?}", all.items(By::Service)) };
        assert_eq!(web.stems, ["service_web_src", "service_web_dst"]);
        assert_eq!((web.colour, dns.colour), (Colour::at(0), Colour::at(1)));
        assert_eq!(all.path(Some(&all.routers[0].label), TOTAL), Path::new("rrds/edge/total.rrd"));
        assert_eq!(all.path(None, &dns.stems[1]), Path::new("rrds/service_dns_dst.rrd"));
        assert!(all.items(By::Tos).is_empty());
    }
}
