//! flowscan.cf: where FlowScan looks for flow files, and what it says.

use glob::Pattern;

use crate::select::config::{Mistake, Sources, Words};

/// What flowscan.cf says.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowScan {
    /// Names of flow files, as a shell's pattern.
    pub flow_file_glob: Option<Pattern>,
    /// Whether CUFlow is among the classes of reports.
    pub is_cuflow: bool,
    /// Other classes of reports, which are unknown here, and where they are named.
    pub unknown: Vec<Mistake>,
    /// How long to wait for files when all have been read, in seconds; also how long after a file's end it is read.
    pub wait_seconds: Option<u64>,
    /// Whether progress is told.
    pub verbose: Option<bool>,
}

impl FlowScan {
    /// Reads flowscan.cf: `Name value` lines.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense.
    pub fn read(sources: &mut Sources<'_>, file: &str) -> Result<FlowScan, Mistake> {
        let mut found =
            FlowScan { flow_file_glob: None, is_cuflow: false, unknown: Vec::new(), wait_seconds: None, verbose: None };
        for line in sources.open(file)? {
            let mut words = line.words();
            match words.keyword(&NAMES, None)? {
                Name::Glob => {
                    let word = words.take(GLOB)?;
                    found.flow_file_glob = Some(Pattern::new(&word.text).map_err(|_| word.expected(GLOB))?);
                }
                Name::Classes => found.classes(&mut words)?,
                Name::Wait => found.wait_seconds = Some(words.number("seconds", 86400 * 7)?),
                Name::Verbose => found.verbose = Some(words.number("0 or 1", u32::MAX.into())? > 0),
            }
            words.end()?;
        }
        Ok(found)
    }

    fn classes(&mut self, words: &mut Words<'_>) -> Result<(), Mistake> {
        let mut word = words.take("classes of reports, as in CUFlow")?;
        loop {
            for class in word.text.split(',').filter(|class| !class.is_empty()) {
                match class.eq_ignore_ascii_case("CUFlow") {
                    true => self.is_cuflow = true,
                    false => self.unknown.push(word.wrong("is not known here, only CUFlow is")),
                }
            }
            match words.peek() {
                Some(_) => word = words.take("a class")?,
                None => return Ok(()),
            }
        }
    }
}

#[derive(Clone)]
enum Name {
    Glob,
    Classes,
    Wait,
    Verbose,
}

const GLOB: &str = "a pattern of files' names, as in ft-v*[0-9]";

const NAMES: [(&str, Name); 4] = [
    ("FlowFileGlob", Name::Glob),
    ("ReportClasses", Name::Classes),
    ("WaitSeconds", Name::Wait),
    ("Verbose", Name::Verbose),
];
