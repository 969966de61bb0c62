//! The numbers of a picture.

use super::choice::{Choice, Routers, View, Wanted};
use super::rows::{Axis, Values, rate};
use super::{Catalogue, Colour, Report, TOTAL};
use crate::graph::config::Label;
use crate::graph::{Consolidation, Error, Rrdtool};

/// Rates by row of time, inbound and outbound; not a number is unknown.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Rates {
    /// Inbound and outbound.
    pub ways: [Vec<f64>; 2],
}

/// Inbound and outbound, as places.
pub const WAYS: [usize; 2] = [0, 1];

impl Rates {
    /// Rates as they are; what cannot be a rate (negative, infinite, immense) is unknown.
    pub fn of(ways: [Vec<f64>; 2]) -> Rates {
        Rates { ways: ways.map(|values| values.into_iter().map(rate).collect()) }
    }

    /// Adds others, row by row: a sum is unknown only if all of it is.
    pub fn add(&mut self, others: &Rates) {
        for (own, others) in self.ways.iter_mut().zip(&others.ways) {
            own.resize(own.len().max(others.len()), f64::NAN);
            for (own, other) in own.iter_mut().zip(others) {
                *own = match (own.is_nan(), other.is_nan()) {
                    (false, false) => *own + other,
                    (true, _) => *other,
                    (false, true) => *own,
                };
            }
        }
    }

    /// The rate in a row; none if it is unknown.
    pub fn at(&self, way: usize, row: usize) -> Option<f64> {
        self.ways.get(way).and_then(|values| values.get(row)).copied().filter(|value| !value.is_nan())
    }

    fn known(&self, way: usize) -> impl Iterator<Item = f64> {
        self.ways.get(way).into_iter().flatten().copied().filter(|value| !value.is_nan())
    }

    /// What is known, added up.
    pub fn sum(&self, way: usize) -> f64 {
        self.known(way).sum()
    }

    /// The average of what is known; none if nothing is.
    pub fn average(&self, way: usize) -> Option<f64> {
        let count = self.known(way).count();
        (count > 0).then(|| self.sum(way) / count as f64)
    }

    /// The greatest row; none if nothing is known.
    pub fn maximum(&self, way: usize) -> Option<f64> {
        self.known(way).reduce(f64::max)
    }

    /// Whether anything is known.
    pub fn any(&self) -> bool {
        WAYS.iter().any(|way| self.known(*way).next().is_some())
    }
}

/// A label's rates.
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// What the label is of: `service`, `router`.
    pub of: String,
    /// The label.
    pub label: String,
    /// Its colour.
    pub colour: Colour,
    /// Its rates.
    pub rates: Rates,
}

/// The numbers of a view.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// What is shown of flows.
    pub report: Report,
    /// What flows are told apart by, in words: `Services`.
    pub by: Vec<&'static str>,
    /// Whose flows they are; none is all.
    pub router: Option<String>,
    /// From when to when, seconds since 1970.
    pub period: [i64; 2],
    /// The rows of time.
    pub axis: Axis,
    /// All flows.
    pub total: Rates,
    /// What was wanted, from the zero line outwards.
    pub layers: Vec<Layer>,
    /// When the RRDs were last written, the latest; seconds since 1970.
    pub until: Option<i64>,
}

/// The earliest time that rrdtool can be asked for.
const EARLIEST: i64 = 400_000_000;

/// The longest row of an RRD.
const DAY: i64 = 86_400;

impl Picture {
    /// Reads a view's numbers, in at most `most` rows. What cannot be read is unknown, and said.
    ///
    /// # Errors
    ///
    /// rrdtool is gone.
    pub fn read(
        rrdtool: &mut Rrdtool,
        catalogue: &Catalogue,
        view: &View,
        choice: &Choice<'_>,
        most: usize,
    ) -> Result<(Picture, Vec<String>), Error> {
        let Choice { router, layers: wanted } = choice;
        let mut reader = Reader { rrdtool, catalogue, view, problems: Vec::new(), until: None };
        let total = reader.values(*router, &[TOTAL.to_owned()])?;
        let mut layers = Vec::with_capacity(wanted.len());
        for one in wanted {
            layers.push(reader.values(one.router, one.stems)?);
        }
        let (problems, until) = (reader.problems, reader.until);
        let step = layers.iter().chain([&total]).flatten().map(|values| values.step).max().unwrap_or(300);
        let axis = Axis::of(view.period, step, most);
        let layer = |(one, values): (&Wanted<'_>, &Vec<Values>)| Layer {
            of: one.of.to_owned(),
            label: one.label.to_string(),
            colour: one.colour,
            rates: rates(&axis, values),
        };
        let picture = Picture {
            report: view.report,
            by: titles(view),
            router: router.map(ToString::to_string),
            period: view.period,
            axis,
            total: rates(&axis, &total),
            layers: wanted.iter().zip(&layers).map(layer).collect(),
            until,
        };
        Ok((picture, problems))
    }

    /// How much of the total rates are in a direction, as a percentage; none if there is no total.
    pub fn share(&self, rates: &Rates, way: usize) -> Option<f64> {
        let total = self.total.sum(way);
        (total > 0.0 && rates.average(way).is_some()).then(|| rates.sum(way) / total * 100.0)
    }

    /// Whether anything is known.
    pub fn any(&self) -> bool {
        self.total.any() || self.layers.iter().any(|layer| layer.rates.any())
    }

    /// What a layer is called: its label, with what it is of if there are several such.
    pub fn name(&self, layer: &Layer) -> String {
        let several = self.layers.iter().any(|other| other.of != layer.of);
        if several { format!("{} {}", layer.of, layer.label) } else { layer.label.clone() }
    }
}

/// What flows are told apart by, in words.
fn titles(view: &View) -> Vec<&'static str> {
    let routers = (view.routers == Routers::Each).then_some("Routers");
    let mut titles: Vec<&'static str> = routers.into_iter().collect();
    let picked = super::By::ALL.into_iter().filter(|by| view.picks.iter().any(|(of, _)| of == by));
    titles.extend(picked.map(super::By::title));
    titles
}

fn rates(axis: &Axis, values: &[Values]) -> Rates {
    let mut sum = Rates::of([0, 1].map(|_| vec![f64::NAN; axis.count]));
    values.iter().for_each(|values| sum.add(&Rates::of(axis.fit(values))));
    sum
}

/// Reads RRDs.
struct Reader<'r> {
    rrdtool: &'r mut Rrdtool,
    catalogue: &'r Catalogue,
    view: &'r View,
    problems: Vec<String>,
    until: Option<i64>,
}

impl Reader<'_> {
    /// What RRDs hold, those that can be read.
    fn values(&mut self, router: Option<&Label>, stems: &[String]) -> Result<Vec<Values>, Error> {
        let mut all = Vec::with_capacity(stems.len());
        for stem in stems {
            let path = self.catalogue.path(router, stem);
            let Some(file) = path.to_str() else {
                self.problems.push(format!("{}: expected a name in UTF-8", path.display()));
                continue;
            };
            match self.one(file) {
                Ok(values) => all.push(values),
                Err(Error::Refused(why)) if why.contains(file) => self.problems.push(why),
                Err(Error::Refused(why) | Error::Answer(why)) => self.problems.push(format!("{file}: {why}")),
                Err(other) => return Err(other),
            }
        }
        Ok(all)
    }

    /// What an RRD holds, in the rows of the finest archive that reaches back to the period's beginning.
    fn one(&mut self, file: &str) -> Result<Values, Error> {
        let last = self.rrdtool.last(&[file])?.pop();
        let last = last.unwrap_or_else(|| Err("no answer".into())).map_err(Error::Refused)?;
        self.until = self.until.max(Some(last));
        let [from, to] = self.view.period;
        let from = from.max(EARLIEST);
        // Behind the last update nothing is known; some rows more say how long a row is.
        let end = to.min(last).max(from).saturating_add(2 * DAY);
        let fetched = self.rrdtool.fetch(file, Consolidation::Average, [from, end], 1)?;
        let sources = self.view.report.sources();
        let values = Values::of(&fetched, sources, self.view.report.factor());
        values.ok_or_else(|| Error::Refused(format!("{file}: expected the data sources {}", sources.join(" and "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    #[test]
    fn a_sum_is_unknown_only_if_all_of_it_is() {
        let mut sum = Rates::of([vec![1.0, NAN, NAN, 4.0], vec![]]);
        sum.add(&Rates::of([vec![NAN, NAN, 3.0, 5.0], vec![2.0]]));
        assert_eq!([0, 2, 3].map(|row| sum.at(0, row)), [Some(1.0), Some(3.0), Some(9.0)]);
        assert_eq!((sum.at(0, 1), sum.at(1, 0), sum.at(1, 1)), (None, Some(2.0), None));
    }

    #[test]
    fn figures_are_of_what_is_known() {
        let rates = Rates::of([vec![1.0, NAN, 3.0], vec![NAN, NAN, -1.0]]);
        assert_eq!((rates.average(0), rates.maximum(0), rates.sum(0)), (Some(2.0), Some(3.0), 4.0));
        assert_eq!((rates.average(1), rates.maximum(1)), (None, None));
        let picture = Picture {
            report: Report::Bits,
            by: Vec::new(),
            router: None,
            period: [0, 900],
            axis: Axis::of([0, 900], 300, 10),
            total: Rates::of([vec![4.0, NAN, 4.0], vec![0.0; 3]]),
            layers: Vec::new(),
            until: None,
        };
        assert_eq!((picture.share(&rates, 0), picture.share(&rates, 1)), (Some(50.0), None));
    }
}
