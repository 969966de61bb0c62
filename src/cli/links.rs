//! Names that programs answer to besides their own: those of the programs they stand in for. `make install COMPAT=1`
//! links them.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A name from elsewhere.
#[derive(Debug)]
pub struct Link {
    /// The name.
    pub name: &'static str,
    /// The program that is linked by it.
    pub program: &'static str,
    /// Options that go before those given, so that given ones count.
    before: &'static [&'static str],
    /// Options of the other program that ours has by other names.
    instead: &'static [(&'static str, &'static str)],
}

/// Every name from elsewhere.
pub static LINKS: [Link; 3] = [
    Link {
        name: "softflowd",
        program: "flow-sensor",
        before: &["--compat", "-c", "/var/run/softflowd.ctl"],
        instead: &[],
    },
    Link { name: "softflowctl", program: "flow-sensorctl", before: &["-c", "/var/run/softflowd.ctl"], instead: &[] },
    // Cflow's: short is a line a flow.
    Link { name: "flowdumper", program: "flow-print", before: &["-f", "long"], instead: &[("-s", "-f5")] },
];

/// A program's arguments, with what the name means that it was called by.
pub fn arguments(program: &str, given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.into_iter();
    let called = given.next().unwrap_or_else(|| program.into());
    let name = Path::new(&called).file_name().unwrap_or_default();
    let Some(link) = LINKS.iter().find(|link| link.program == program && OsStr::new(link.name) == name) else {
        return [called].into_iter().chain(given).collect();
    };
    let ours = |word: OsString| match link.instead.iter().find(|(theirs, _)| OsStr::new(theirs) == word) {
        Some((_, ours)) => ours.into(),
        None => word,
    };
    let before = link.before.iter().map(OsString::from);
    [called].into_iter().chain(before).chain(given.map(ours)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_brings_its_options() {
        let called = |program: &str, words: &[&str]| -> Vec<String> {
            let words = arguments(program, words.iter().map(OsString::from));
            words.into_iter().map(|word| word.into_string().unwrap()).collect()
        };
        assert_eq!(
            called("flow-print", &["/bin/flowdumper", "-s", "f"]),
            ["/bin/flowdumper", "-f", "long", "-f5", "f"]
        );
        assert_eq!(called("flow-print", &["flow-print", "-s"]), ["flow-print", "-s"]);
        assert_eq!(called("flow-cat", &["flowdumper"]), ["flowdumper"]);
        assert_eq!(
            called("flow-sensor", &["softflowd", "-d"])[1..],
            ["--compat", "-c", "/var/run/softflowd.ctl", "-d"]
        );
        assert!(called("flow-cat", &[]) == ["flow-cat"]);
    }
}
