//! The files a configuration is made of.

use super::line::{Line, Words};
use super::mistake::{Mistake, Place};
use super::variables::Variables;

/// A configuration includes no more files than this, so that two that include each other come to an end.
const MOST_FILES: usize = 100;

/// Gives a file's text, or why it could not be read.
type Read<'r> = dyn FnMut(&str) -> Result<String, String> + 'r;

/// Reads the files of a configuration into lines. Who makes one says how a file is read; nothing here opens any.
pub struct Sources<'r> {
    variables: Variables,
    read: Box<Read<'r>>,
    files: usize,
}

impl<'r> Sources<'r> {
    /// Files are read by `read`, which gives a file's text, or why it could not be read.
    pub fn new(variables: Variables, read: impl FnMut(&str) -> Result<String, String> + 'r) -> Sources<'r> {
        Sources { variables, read: Box::new(read), files: 0 }
    }

    /// The lines of a file that have words.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read, or the first variable without a value or quote without an end.
    pub fn open(&mut self, file: &str) -> Result<Vec<Line>, Mistake> {
        let place = Place { file: file.into(), line: 0, column: 0 };
        self.files += 1;
        let text = match self.files {
            ..=MOST_FILES => (self.read)(file),
            _ => Err(format!("expected at most {MOST_FILES} files, do they include each other?")),
        };
        let text = text.map_err(|what| Mistake { place: place.clone(), word: String::new(), what })?;
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let place = Place { line: number, column: 1, ..place.clone() };
            lines.extend(Line::parse(line, &place, &self.variables)?);
        }
        Ok(lines)
    }

    /// The lines of the file that the next word names, as of `include-filter FILE`; nothing may follow the name.
    ///
    /// # Errors
    ///
    /// As those of [`open`](Sources::open); that a file cannot be read is a mistake of the line that includes it.
    pub fn include(&mut self, words: &mut Words<'_>) -> Result<Vec<Line>, Mistake> {
        let name = words.take("a file's name")?;
        words.end()?;
        self.open(&name.text).map_err(|mistake| match mistake.place.line {
            0 => name.wrong(mistake.what),
            _ => mistake,
        })
    }
}

/// The lines that have words of a text without variables and quotes, such as one of access lists; a word that begins
/// with one of `comments` begins a comment. `file` is what mistakes call the text.
pub fn plain(file: &str, text: &str, comments: &[char]) -> Vec<Line> {
    let place = Place { file: file.into(), line: 0, column: 1 };
    let place = |line| Place { line, ..place.clone() };
    (1..).zip(text.lines()).filter_map(|(number, line)| Line::plain(line, &place(number), comments)).collect()
}
