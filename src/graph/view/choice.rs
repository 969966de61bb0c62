//! What of a catalogue is to be seen, and of which time.

use std::fmt;

use super::{By, Catalogue, Colour, Item, Report};
use crate::graph::config::Label;

/// The labels of a dimension that are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Labels {
    /// All that the configuration has.
    All,
    /// These.
    These(Vec<String>),
}

/// Whose flows are wanted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Routers {
    /// Those of all exporters together.
    #[default]
    Together,
    /// Those of the exporter of this name.
    One(String),
    /// Those of all exporters, each by itself, one on the other.
    Each,
}

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// What is shown of flows.
    pub report: Report,
    /// What they are told apart by. Nothing: only the total is shown.
    pub picks: Vec<(By, Labels)>,
    /// Whose flows.
    pub routers: Routers,
    /// From when to when, seconds since 1970.
    pub period: [i64; 2],
}

/// A label that there is not, and those that there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// What it was to be a label of: `service`, `router`.
    pub of: &'static str,
    /// The label; none if all were wanted, and there are none.
    pub label: Option<String>,
    /// The labels there are.
    pub known: Vec<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.of;
        match &self.label {
            Some(label) => write!(f, "--{of} '{label}': ")?,
            None => write!(f, "--{of}: ")?,
        }
        match self.known.as_slice() {
            [] => write!(f, "the configuration has no {of}"),
            [one] => write!(f, "expected {one}"),
            known => write!(f, "expected one of {}", known.join(", ")),
        }
    }
}

impl std::error::Error for Unknown {}

/// A layer that is wanted: whose sum it is, and how it looks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted<'c> {
    /// What the label is of: `service`, `router`.
    pub of: &'static str,
    /// The label.
    pub label: &'c Label,
    /// The exporter whose flows they are; none is all.
    pub router: Option<&'c Label>,
    /// The RRDs whose sum it is, without folder and end.
    pub stems: &'c [String],
    /// Its colour.
    pub colour: Colour,
}

/// What of a catalogue is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice<'c> {
    /// The exporter whose flows are the total; none is all.
    pub router: Option<&'c Label>,
    /// The layers, in the order of the catalogue.
    pub layers: Vec<Wanted<'c>>,
}

/// What routers are called on command lines and in links.
const ROUTER: &str = "router";

impl View {
    fn router<'c>(&self, catalogue: &'c Catalogue) -> Result<Option<&'c Label>, Unknown> {
        let Routers::One(name) = &self.routers else { return Ok(None) };
        let found = catalogue.routers.iter().find(|router| router.label.as_str() == name);
        let unknown = || unknown(ROUTER, Some(name), &catalogue.routers);
        found.map(|router| Some(&router.label)).ok_or_else(unknown)
    }

    /// What of a catalogue it wants.
    ///
    /// # Errors
    ///
    /// A label that the configuration does not have; or it has none, and all were wanted.
    pub fn choose<'c>(&self, catalogue: &'c Catalogue) -> Result<Choice<'c>, Unknown> {
        let router = self.router(catalogue)?;
        let mut all = Vec::new();
        if self.routers == Routers::Each {
            if catalogue.routers.is_empty() {
                return Err(unknown(ROUTER, None, &[]));
            }
            all.extend(catalogue.routers.iter().map(|item| wanted(ROUTER, Some(&item.label), item)));
        }
        for by in By::ALL {
            let items = catalogue.items(by);
            let picks: Vec<&Labels> = self.picks.iter().filter(|(of, _)| *of == by).map(|(_, labels)| labels).collect();
            let every = picks.contains(&&Labels::All);
            if every && items.is_empty() {
                return Err(unknown(by.word(), None, items));
            }
            let named =
                || picks.iter().flat_map(|labels| if let Labels::These(these) = labels { &these[..] } else { &[] });
            if let Some(label) = named().find(|label| !items.iter().any(|item| item.label.as_str() == *label)) {
                return Err(unknown(by.word(), Some(label), items));
            }
            let picked = |item: &&Item| every || named().any(|label| label == item.label.as_str());
            all.extend(items.iter().filter(picked).map(|item| wanted(by.word(), router, item)));
        }
        Ok(Choice { router, layers: all })
    }
}

fn wanted<'c>(of: &'static str, router: Option<&'c Label>, item: &'c Item) -> Wanted<'c> {
    Wanted { of, label: &item.label, router, stems: &item.stems, colour: item.colour }
}

fn unknown(of: &'static str, label: Option<&String>, items: &[Item]) -> Unknown {
    Unknown { of, label: label.cloned(), known: items.iter().map(|item| item.label.to_string()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::view::Group;

    fn item(label: &str, place: usize) -> Item {
        Item { label: Label::of(label).unwrap(), stems: vec![format!("service_{label}")], colour: Colour::at(place) }
    }

    fn catalogue() -> Catalogue {
        let items = ["web", "dns", "mail"].iter().enumerate().map(|(at, label)| item(label, at)).collect();
        let groups = vec![Group { by: By::Service, items }];
        Catalogue { folder: "rrds".into(), routers: vec![item("edge", 0)], groups }
    }

    fn picked(picks: Vec<(By, Labels)>, routers: Routers) -> Result<Vec<String>, String> {
        let view = View { report: Report::Bits, picks, routers, period: [0, 1] };
        let all = catalogue();
        let wanted = view.choose(&all).map_err(|unknown| unknown.to_string())?;
        Ok(wanted.layers.iter().map(|one| format!("{} {}", one.of, one.label)).collect())
    }

    fn these(labels: &[&str]) -> Labels {
        Labels::These(labels.iter().map(|label| (*label).to_owned()).collect())
    }

    #[test]
    fn picks_stand_in_the_order_of_the_catalogue() {
        let service = |labels| vec![(By::Service, labels)];
        let pick = |labels| picked(service(labels), Routers::Together);
        assert_eq!(pick(these(&["mail", "web", "mail"])).unwrap(), ["service web", "service mail"]);
        assert_eq!(pick(Labels::All).unwrap(), ["service web", "service dns", "service mail"]);
        let twice = vec![(By::Service, these(&["dns"])), (By::Service, these(&["web"]))];
        assert_eq!(picked(twice, Routers::Together).unwrap(), ["service web", "service dns"]);
        assert_eq!(picked(Vec::new(), Routers::Each).unwrap(), ["router edge"]);
        assert!(picked(Vec::new(), Routers::One("edge".into())).unwrap().is_empty());
    }

    #[test]
    fn what_there_is_not_is_answered_with_what_there_is() {
        let wrong = |picks, routers| picked(picks, routers).unwrap_err();
        let service = vec![(By::Service, these(&["web", "nntp"]))];
        assert_eq!(wrong(service, Routers::Together), "--service 'nntp': expected one of web, dns, mail");
        assert_eq!(wrong(vec![(By::Tos, Labels::All)], Routers::Together), "--tos: the configuration has no tos");
        assert_eq!(wrong(Vec::new(), Routers::One("core".into())), "--router 'core': expected edge");
    }
}
