//! Columns that another column tells: a value for each entry of that column's dictionary, and exceptions.

/// One in so many flows may be an exception.
const EXCEPTIONS: usize = 50;

/// Tables being learnt, scratch space that is used again.
#[derive(Debug, Default)]
pub(super) struct Learner {
    /// The value of each entry.
    pub table: Vec<u64>,
    seen: Vec<bool>,
    votes: Vec<u32>,
    /// Of each column the flows that are exceptions.
    pub exceptions: [Vec<u64>; 2],
}

/// A column, with the codes of the one that is to tell it.
pub(super) type Told<'a> = (&'a [u32], &'a [u64]);

impl Learner {
    /// Learns one table for all of `told` from a dictionary of `entries`; `false` if one has too many exceptions.
    pub fn learn(&mut self, told: &[Told<'_>], entries: usize) -> bool {
        self.exceptions.iter_mut().for_each(Vec::clear);
        self.last(told, entries);
        if told.iter().all(|(codes, values)| self.miss(codes, values) == 0) {
            self.fill();
            return true;
        }
        self.majority(told, entries);
        for (at, (codes, values)) in told.iter().enumerate() {
            let (table, Some(exceptions)) = (&self.table, self.exceptions.get_mut(at)) else { return false };
            let most = values.len() / EXCEPTIONS;
            for (row, (code, value)) in codes.iter().zip(*values).enumerate() {
                if table.get(*code as usize) != Some(value) {
                    exceptions.push(row as u64);
                    if exceptions.len() > most {
                        return false;
                    }
                }
            }
        }
        self.fill();
        true
    }

    /// The last value seen of each entry: right where there are no exceptions.
    fn last(&mut self, told: &[Told<'_>], entries: usize) {
        self.table.clear();
        self.table.resize(entries, 0);
        self.seen.clear();
        self.seen.resize(entries, false);
        for (codes, values) in told {
            for (code, value) in codes.iter().zip(*values) {
                let at = *code as usize;
                if let (Some(place), Some(seen)) = (self.table.get_mut(at), self.seen.get_mut(at)) {
                    (*place, *seen) = (*value, true);
                }
            }
        }
    }

    fn miss(&self, codes: &[u32], values: &[u64]) -> usize {
        codes.iter().zip(values).filter(|(code, value)| self.table.get(**code as usize) != Some(value)).count()
    }

    /// The value that more than half of an entry's flows have, where there is one (Boyer and Moore's vote).
    fn majority(&mut self, told: &[Told<'_>], entries: usize) {
        self.votes.clear();
        self.votes.resize(entries, 0);
        for (codes, values) in told {
            for (code, value) in codes.iter().zip(*values) {
                let at = *code as usize;
                let (Some(place), Some(votes)) = (self.table.get_mut(at), self.votes.get_mut(at)) else { continue };
                match *votes {
                    0 => (*place, *votes) = (*value, 1),
                    _ if *place == *value => *votes += 1,
                    _ => *votes -= 1,
                }
            }
        }
    }

    /// Entries that no flow has get the value before: the table is the smaller for it.
    fn fill(&mut self) {
        let mut before = self.table.iter().zip(&self.seen).find(|(_, seen)| **seen).map_or(0, |(value, _)| *value);
        for (value, seen) in self.table.iter_mut().zip(&self.seen) {
            match seen {
                false => *value = before,
                true => before = *value,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_exceptions_are_told_and_many_refused() {
        let codes: Vec<u32> = (0..1000).map(|n| 1 + n % 7).collect();
        let mut values: Vec<u64> = codes.iter().map(|code| u64::from(*code) * 10).collect();
        let mut learner = Learner::default();
        assert!(learner.learn(&[(&codes, &values)], 9) && learner.exceptions[0].is_empty());
        assert_eq!(learner.table, [10, 10, 20, 30, 40, 50, 60, 70, 70]);
        values[993..1000].fill(99);
        assert!(learner.learn(&[(&codes, &values), (&codes, &values)], 9));
        assert_eq!(learner.exceptions, [vec![993, 994, 995, 996, 997, 998, 999], (993..1000).collect()]);
        assert_eq!(learner.table[1..8], [10, 20, 30, 40, 50, 60, 70]);
        values[900..1000].fill(99);
        assert!(!learner.learn(&[(&codes, &values)], 9));
    }
}
