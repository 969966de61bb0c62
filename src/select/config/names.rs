//! What a configuration gives names to.

use super::line::Word;
use super::mistake::Mistake;

/// Things by name, in the order they were defined. A name is found as it is written, or else in any case.
#[derive(Clone, PartialEq, Debug)]
pub struct Names<T> {
    items: Vec<(String, T)>,
}

impl<T> Default for Names<T> {
    fn default() -> Names<T> {
        Names { items: Vec::new() }
    }
}

impl<T> Names<T> {
    /// Adds a thing.
    ///
    /// # Errors
    ///
    /// That another one has this name already.
    pub fn define(&mut self, name: &Word, item: T) -> Result<&mut T, Mistake> {
        if self.items.iter().any(|(known, _)| *known == name.text) {
            return Err(name.wrong("expected a name that is not taken yet"));
        }
        self.items.push((name.text.clone(), item));
        self.items.last_mut().map(|(_, item)| item).ok_or_else(|| name.expected("a name"))
    }

    /// The thing of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.position(name).and_then(|at| self.items.get(at)).map(|(_, item)| item)
    }

    /// Where the thing of a name stands in the order of definition.
    pub fn position(&self, name: &str) -> Option<usize> {
        let exact = self.items.iter().position(|(known, _)| known == name);
        exact.or_else(|| self.items.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)))
    }

    /// The thing a word names; `kind` says what it should be, such as `a filter-primitive`.
    ///
    /// # Errors
    ///
    /// That there is none of this name, and which there are.
    pub fn find(&self, word: &Word, kind: &str) -> Result<&T, Mistake> {
        self.get(&word.text).ok_or_else(|| word.expected(&self.known(kind)))
    }

    /// The thing that was defined last.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.items.last_mut().map(|(_, item)| item)
    }

    /// What names there are, for errors: `a filter-definition (a, b, c)`.
    pub fn known(&self, kind: &str) -> String {
        const SHOWN: usize = 12;
        let mut names: Vec<&str> = self.items.iter().take(SHOWN).map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return format!("{kind}, but none is defined");
        }
        if self.items.len() > SHOWN {
            names.push("...");
        }
        format!("{kind} that is defined ({})", names.join(", "))
    }

    /// All names and things, in the order of definition.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.items.iter().map(|(name, item)| (name.as_str(), item))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
