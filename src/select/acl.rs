//! `flow.acl`: Cisco's standard access lists.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::address::{Addresses, Net, Rule};
use super::error::ConfigError;

/// The access lists of a file, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessLists {
    lists: Vec<(String, Vec<Rule>)>,
}

impl AccessLists {
    /// Reads access lists: lines of `ip access-list standard NAME [RULE]`, followed by lines of rules, and
    /// `access-list NUMBER RULE`. A rule is `permit` or `deny`, then `any`, `host ADDRESS`, `ADDRESS [WILDCARD]` or
    /// `ADDRESS/LENGTH`; a sequence number before it, `log` behind it and `remark` lines are skipped, as are comments
    /// from `!` or `#` to the end of the line. `file` is what errors call the text.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, and what was expected there.
    pub fn parse(text: &str, file: &str) -> Result<AccessLists, ConfigError> {
        let mut lists = AccessLists::default();
        let mut current = None;
        for (number, line) in text.lines().enumerate() {
            let mut words = Words { words: line.split_whitespace(), last: "" };
            lists.line(&mut words, &mut current).map_err(|expected| ConfigError {
                file: file.to_owned(),
                line: number + 1,
                word: words.last.to_owned(),
                expected: expected.to_owned(),
            })?;
        }
        Ok(lists)
    }

    /// What a list lets in; `None` if there is no list of this name.
    pub fn get(&self, name: &str) -> Option<Addresses> {
        self.lists.iter().find(|(known, _)| known == name).map(|(_, rules)| Addresses::of(rules))
    }

    /// The lists' names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().map(|(name, _)| name.as_str())
    }

    fn line(&mut self, words: &mut Words<'_>, current: &mut Option<usize>) -> Result<(), &'static str> {
        match words.next() {
            None => return Ok(()),
            Some("ip") => {
                words.expect("access-list")?;
                words.expect("standard")?;
                let at = self.list(words.next().ok_or("a list's name")?);
                *current = Some(at);
                match words.next() {
                    Some(word) => self.rule(at, word, words)?,
                    None => return Ok(()),
                }
            }
            Some("access-list") => {
                let at = self.list(words.next().ok_or("a list's number")?);
                *current = None;
                let word = words.next().ok_or("permit or deny")?;
                self.rule(at, word, words)?;
            }
            Some(word) => {
                let at = current.ok_or("'ip access-list standard NAME' or 'access-list NUMBER'")?;
                self.rule(at, word, words)?;
            }
        }
        words.next().map_or(Ok(()), |_| Err("the end of the line"))
    }

    fn list(&mut self, name: &str) -> usize {
        self.lists.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.lists.push((name.to_owned(), Vec::new()));
            self.lists.len() - 1
        })
    }

    fn rule<'t>(&mut self, at: usize, mut word: &'t str, words: &mut Words<'t>) -> Result<(), &'static str> {
        if word.bytes().all(|b| b.is_ascii_digit()) {
            word = words.next().ok_or("permit or deny")?;
        }
        let permit = match word {
            "permit" => true,
            "deny" => false,
            "remark" => {
                while words.next().is_some() {}
                return Ok(());
            }
            _ => return Err("permit or deny"),
        };
        let net = net(words)?;
        if let Some((_, rules)) = self.lists.get_mut(at) {
            rules.push(Rule { permit, net });
        }
        Ok(())
    }
}

/// Reads the addresses of a rule, and the `log` behind them.
fn net(words: &mut Words<'_>) -> Result<Net, &'static str> {
    let net = match words.next() {
        Some("any") => Net::Any,
        Some("host") => {
            let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
            Net::host(address.ok_or("an address")?)
        }
        Some(word) if word.contains('/') => Net::Prefix(word.parse::<IpNet>().map_err(|_| "ADDRESS/LENGTH")?),
        Some(word) => match word.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => match words.peek().filter(|word| *word != "log") {
                Some(_) => Net::Wildcard { address, wildcard: wildcard(words)? },
                None => Net::host(address.into()),
            },
            Ok(address) => Net::host(address),
            Err(_) => return Err("any, host ADDRESS, or ADDRESS [WILDCARD]"),
        },
        None => return Err("any, host ADDRESS, or ADDRESS [WILDCARD]"),
    };
    if words.peek() == Some("log") {
        words.next();
    }
    Ok(net)
}

fn wildcard(words: &mut Words<'_>) -> Result<Ipv4Addr, &'static str> {
    words.next().and_then(|word| word.parse().ok()).ok_or("a wildcard such as 0.0.0.255")
}

/// The words of a line up to a comment, remembering the one read last.
#[derive(Clone)]
struct Words<'t> {
    words: std::str::SplitWhitespace<'t>,
    last: &'t str,
}

impl<'t> Words<'t> {
    fn next(&mut self) -> Option<&'t str> {
        let word = self.words.next().filter(|word| !word.starts_with(['!', '#']));
        if word.is_none() {
            self.words = "".split_whitespace();
        }
        self.last = word.unwrap_or("");
        word
    }

    fn peek(&self) -> Option<&'t str> {
        self.clone().next()
    }

    fn expect(&mut self, word: &'static str) -> Result<(), &'static str> {
        if self.next() == Some(word) { Ok(()) } else { Err(word) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LISTS: &str = "\
! both ways of writing a list
ip access-list standard inside permit 10.0.0.0 0.255.255.255   # ours
ip access-list standard outside deny 10.0.0.0 0.255.255.255
ip access-list standard outside permit any log
ip access-list standard routers
 10 permit host 192.168.0.254 ! the first
 remark everything else
 permit 192.168.0.2
 deny any
access-list 10 permit 10.0.0.0 0.0.0.63
access-list 10 permit 2001:db8::/32

ip access-list standard nobody
";

    #[test]
    fn lists_are_read_and_decide() {
        let lists = AccessLists::parse(LISTS, "flow.acl").unwrap();
        assert_eq!(lists.names().collect::<Vec<_>>(), ["inside", "outside", "routers", "10", "nobody"]);
        let holds = |name: &str, address: [u8; 4]| lists.get(name).unwrap().contains4(u32::from_be_bytes(address));
        assert!(holds("inside", [10, 9, 8, 7]) && !holds("inside", [11, 0, 0, 0]));
        assert!(!holds("outside", [10, 9, 8, 7]) && holds("outside", [11, 0, 0, 0]));
        assert!(holds("routers", [192, 168, 0, 254]) && holds("routers", [192, 168, 0, 2]));
        assert!(!holds("routers", [192, 168, 0, 3]));
        assert!(holds("10", [10, 0, 0, 63]) && !holds("10", [10, 0, 0, 64]));
        assert!(lists.get("10").unwrap().contains6(0x2001_0db8 << 96));
        assert!(!holds("nobody", [10, 0, 0, 1]));
        assert!(lists.get("none").is_none());
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        let cases = [
            ("permit any", "f: line 1: 'permit': expected 'ip access-list standard NAME' or 'access-list NUMBER'"),
            ("\n\nip access-group standard x", "f: line 3: 'access-group': expected access-list"),
            ("ip access-list extended x permit any", "f: line 1: 'extended': expected standard"),
            ("ip access-list standard x permt any", "f: line 1: 'permt': expected permit or deny"),
            (
                "access-list 1 permit",
                "f: line 1: expected any, host ADDRESS, or ADDRESS [WILDCARD] at the end of the line",
            ),
            ("access-list 1 permit host 300.0.0.1", "f: line 1: '300.0.0.1': expected an address"),
            ("access-list 1 deny 10.0.0.0 255.0.x", "f: line 1: '255.0.x': expected a wildcard such as 0.0.0.255"),
            ("access-list 1 deny 10.0.0.0/99", "f: line 1: '10.0.0.0/99': expected ADDRESS/LENGTH"),
            ("access-list 1 deny any any", "f: line 1: 'any': expected the end of the line"),
        ];
        for (text, want) in cases {
            assert_eq!(AccessLists::parse(text, "f").unwrap_err().to_string(), want);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = AccessLists::parse(&text, "f");
        }

        #[test]
        fn any_words_are_read_or_refused(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "ip", "access-list", "standard", "permit", "deny", "any", "host", "10.0.0.1", "0.0.0.255", "1", "x",
                    "\n", "!", "#", "log", "remark", "::1", "10.0.0.0/8", "/", "\t",
                ]),
                0..30,
            ),
        ) {
            let _ = AccessLists::parse(&words.join(" "), "f");
        }
    }
}
