//! What stands above a report.

use std::io::{self, Write};

/// By which column a report is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sorting {
    /// The column, from 0.
    pub column: usize,
    /// Greatest first.
    pub descending: bool,
}

/// What the heading says of a report.
#[derive(Clone, Debug)]
pub struct Heading<'a> {
    /// Begins every line.
    pub mark: &'a str,
    /// A title of the user's.
    pub title: Option<&'a str>,
    /// Percentages are shown.
    pub percent: bool,
    /// Names are shown.
    pub names: bool,
    /// What was asked for.
    pub sorting: Option<Sorting>,
    /// The report's name.
    pub name: &'a str,
    /// The words of the command line.
    pub args: &'a [String],
}

impl Heading<'_> {
    /// Writes the heading.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mark = self.mark;
        let sorting = match self.sorting {
            None => "None".to_owned(),
            Some(Sorting { column, descending: false }) => format!("Ascending Field {column}"),
            Some(Sorting { column, descending: true }) => format!("Descending Field {column}"),
        };
        writeln!(out, "{mark}  --- ---- ---- Report Information --- --- ---\n{mark}")?;
        if let Some(title) = self.title {
            writeln!(out, "{mark} Title:     {title}")?;
        }
        writeln!(out, "{mark} Fields:    {}", if self.percent { "Percent Total" } else { "Total" })?;
        writeln!(out, "{mark} Symbols:   {}", if self.names { "Enabled" } else { "Disabled" })?;
        writeln!(out, "{mark} Sorting:   {sorting}")?;
        writeln!(out, "{mark} Name:      {}\n{mark}", self.name)?;
        write!(out, "{mark} Args:      ")?;
        self.args.iter().try_for_each(|word| write!(out, "{word} "))?;
        writeln!(out, "\n{mark}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_says_what_was_asked_for() {
        let args = ["flow-stat".to_owned(), "-f9".to_owned()];
        let sorting = Some(Sorting { column: 2, descending: true });
        let heading = Heading {
            mark: "#",
            title: Some("T"),
            percent: true,
            names: false,
            sorting,
            name: "Source IP",
            args: &args,
        };
        let mut out = Vec::new();
        heading.write(&mut out).unwrap();
        let want = "#  --- ---- ---- Report Information --- --- ---\n#\n# Title:     T\n# Fields:    Percent Total\n\
            # Symbols:   Disabled\n# Sorting:   Descending Field 2\n# Name:      Source IP\n#\n# Args:      flow-stat -f9 \n#\n";
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }
}
