//! The columns of a report, and what it can be sorted by.

use std::fmt;
use std::str::FromStr;

use super::names;
use super::spec::{Spec, key};
use crate::flow::registry::Kind;
use crate::flow::symbols::Kind as Names;
use crate::report::{Order, SortBy};

/// A column of the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Title {
    pub text: String,
    pub show: Show,
}

/// How a part of the key is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Show {
    Address,
    /// With so many bits of IPv4, of IPv6.
    Prefix(u8, u8),
    /// By name, where names are wanted and known.
    Number(Option<Names>),
    Mac,
    /// As far above the least number there can be.
    Signed,
    /// A value that is no number, of a kind.
    Word(Kind),
    /// ms since 1970; to the second, or to the millisecond.
    Time {
        fraction: bool,
    },
}

/// A column behind the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sum {
    Flows,
    Octets,
    Packets,
    Duration,
    /// One of the counts of distinct values.
    Extra(usize),
}

/// What a report is sorted by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sort {
    column: String,
    /// `None` where it is not said: counts the greatest first, keys the least.
    descending: Option<bool>,
}

/// A column that a report has not, and those it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SortError(String);

impl fmt::Display for SortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SortError {}

impl Default for Sort {
    /// By octets, the greatest first.
    fn default() -> Sort {
        Sort { column: "octets".to_owned(), descending: None }
    }
}

impl FromStr for Sort {
    type Err = std::convert::Infallible;

    /// A column's title or another name for it, and `:asc` or `:desc`. Whether there is such a column, only a report
    /// can tell.
    fn from_str(text: &str) -> Result<Sort, Self::Err> {
        let (column, descending) = match text.rsplit_once(':') {
            Some((column, "asc")) => (column, Some(false)),
            Some((column, "desc")) => (column, Some(true)),
            _ => (text, None),
        };
        Ok(Sort { column: column.trim().to_owned(), descending })
    }
}

/// An order of a report's rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct By {
    /// Which groups lead: 0 those with the sums, then one a count of distinct values.
    pub leader: usize,
    pub order: Order,
}

impl Default for By {
    fn default() -> By {
        By { leader: 0, order: Order { by: SortBy::Octets, descending: true } }
    }
}

impl Spec {
    /// The columns behind the key.
    pub(super) fn sums(&self) -> Vec<Sum> {
        let duration = self.duration.then_some(Sum::Duration);
        let extras = (0..self.extras.len()).map(Sum::Extra);
        [Sum::Flows, Sum::Octets, Sum::Packets].into_iter().chain(duration).chain(extras).collect()
    }

    /// What a column behind the key is called.
    pub(super) fn sum_title(&self, sum: Sum) -> &str {
        match sum {
            Sum::Flows => "flows",
            Sum::Octets => "octets",
            Sum::Packets => "packets",
            Sum::Duration => "duration",
            Sum::Extra(at) => self.extras.get(at).map_or("", |extra| &extra.title),
        }
    }

    /// Whether the report can be sorted so.
    ///
    /// # Errors
    /// It has no such column.
    pub fn check(&self, sort: &Sort) -> Result<(), SortError> {
        self.order(sort).map(|_| ())
    }

    pub(super) fn order(&self, sort: &Sort) -> Result<By, SortError> {
        let column = sort.column.to_lowercase();
        let column = match column.as_str() {
            "bytes" => "octets",
            "pkts" => "packets",
            other => other,
        };
        let sum = self.sums().into_iter().find(|sum| self.sum_title(*sum).eq_ignore_ascii_case(column));
        let sum = sum.or_else(|| self.extra(column));
        let (leader, by) = match sum {
            Some(Sum::Extra(at)) => (at + 1, SortBy::Flows),
            Some(Sum::Flows) => (0, SortBy::Flows),
            Some(Sum::Octets) => (0, SortBy::Octets),
            Some(Sum::Packets) => (0, SortBy::Packets),
            Some(Sum::Duration) => (0, SortBy::Duration),
            None => (0, SortBy::Part(self.key_column(&sort.column)?)),
        };
        let descending = sort.descending.unwrap_or(!matches!(by, SortBy::Part(_)));
        Ok(By { leader, order: Order { by, descending } })
    }

    /// A count of distinct values, called by another of its field's names.
    fn extra(&self, column: &str) -> Option<Sum> {
        let (name, inside) = column.strip_suffix(')')?.split_once('(')?;
        let (part, _) = key(inside.trim()).ok()?;
        let is = |extra: &super::spec::Extra| extra.part == part && extra.approx == (name == "approx");
        self.extras.iter().position(is).filter(|_| matches!(name, "approx" | "distinct")).map(Sum::Extra)
    }

    fn key_column(&self, column: &str) -> Result<usize, SortError> {
        let by_title = self.titles.iter().position(|title| title.text.eq_ignore_ascii_case(column));
        // Another name of the field, or the field of a part that is cut.
        let part = key(column).ok().map(|(part, _)| part);
        let source = names::find(column);
        let field = |part: &crate::report::Part| match source {
            Some(names::Source::Field(field)) => part.fields().next() == Some(field),
            Some(names::Source::Start) => matches!(part, crate::report::Part::Start(_)),
            Some(names::Source::End) => matches!(part, crate::report::Part::End(_)),
            Some(names::Source::Element(_)) | None => false,
        };
        let alike = || self.parts.iter().position(field).filter(|_| self.turned.is_none());
        let found = by_title.or_else(|| self.parts.iter().position(|p| Some(*p) == part)).or_else(alike);
        found.ok_or_else(|| {
            let keys = self.titles.iter().map(|title| title.text.as_str());
            let sums = self.sums().into_iter().map(|sum| self.sum_title(sum));
            let known = keys.chain(sums).collect::<Vec<_>>().join(" ");
            SortError(format!("'{column}': no such column of '{}', expected any of {known}", self.text))
        })
    }
}
