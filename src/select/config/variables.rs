//! Variables of a configuration: `@NAME`, `@{NAME}` and `@{NAME:-default}`, or `@{NAME:default}`.

use super::mistake::{Mistake, Place};

/// What `-v NAME=VALUE` defines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variables {
    values: Vec<(String, String)>,
}

/// A character of a line and the column it comes from.
pub(super) struct Piece {
    pub c: char,
    pub column: usize,
}

impl Variables {
    /// Defines a variable by `NAME=VALUE`; the later of two definitions of a name counts.
    ///
    /// # Errors
    ///
    /// What was expected, if there is no `=` or no name before it.
    pub fn define(&mut self, definition: &str) -> Result<(), String> {
        match definition.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                self.values.retain(|(known, _)| known != name);
                self.values.push((name.to_owned(), value.to_owned()));
                Ok(())
            }
            _ => Err(format!("'{definition}': expected NAME=VALUE")),
        }
    }

    /// Reads several definitions, as [`define`](Variables::define) does.
    ///
    /// # Errors
    ///
    /// As it does.
    pub fn of<S: AsRef<str>>(definitions: &[S]) -> Result<Variables, String> {
        let mut variables = Variables::default();
        definitions.iter().try_for_each(|definition| variables.define(definition.as_ref()))?;
        Ok(variables)
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A line with variables replaced. What a variable brought all stands in the column of its `@`.
    pub(super) fn replace(&self, line: &str, place: &Place) -> Result<Vec<Piece>, Mistake> {
        let mut pieces = Vec::with_capacity(line.len());
        let (mut rest, mut column) = (line, 1);
        while let Some(c) = rest.chars().next() {
            let length = match Use::at(rest) {
                None if rest.starts_with("@{") => return Err(unclosed(rest, place, column)),
                None => {
                    pieces.push(Piece { c, column });
                    c.len_utf8()
                }
                Some(found) => {
                    let value = self.get(found.name).filter(|v| !v.is_empty() || found.default.is_none());
                    let value = value.or(found.default).ok_or_else(|| found.undefined(place, column))?;
                    pieces.extend(value.chars().map(|c| Piece { c, column }));
                    found.whole.len()
                }
            };
            let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            column += taken.chars().count();
            rest = after;
        }
        Ok(pieces)
    }
}

/// That a variable's name does not end.
fn unclosed(rest: &str, place: &Place, column: usize) -> Mistake {
    Mistake {
        place: Place { column, ..place.clone() },
        word: rest.split_whitespace().next().unwrap_or_default().to_owned(),
        what: "expected } behind the variable's name or its default".to_owned(),
    }
}

/// Where a line uses a variable.
struct Use<'t> {
    whole: &'t str,
    name: &'t str,
    default: Option<&'t str>,
}

impl<'t> Use<'t> {
    /// The use that `rest` begins with; `None` if it is just text.
    fn at(rest: &'t str) -> Option<Use<'t>> {
        let behind = rest.strip_prefix('@')?;
        if let Some(inside) = behind.strip_prefix('{') {
            let (inside, _) = inside.split_once('}')?;
            // flow-tools' manual leaves the dash out.
            let (name, default) = inside
                .split_once(':')
                .map_or((inside, None), |(name, default)| (name, Some(default.strip_prefix('-').unwrap_or(default))));
            return Some(Use { whole: rest.get(..inside.len() + 3)?, name, default });
        }
        let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let name = behind.get(..behind.find(ends).unwrap_or(behind.len()))?;
        let whole = rest.get(..=name.len())?;
        (!name.is_empty()).then_some(Use { whole, name, default: None })
    }

    fn undefined(&self, place: &Place, column: usize) -> Mistake {
        Mistake {
            place: Place { column, ..place.clone() },
            word: self.whole.to_owned(),
            what: format!("expected a value for {0} by -v {0}=VALUE, or a default as in @{{{0}:-VALUE}}", self.name),
        }
    }
}
