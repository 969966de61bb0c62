//! `flow.acl`: Cisco's standard access lists.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::address::{Addresses, Net, Rule};
use super::config::{Mistake, Word, Words, plain};

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
    pub fn parse(text: &str, file: &str) -> Result<AccessLists, Mistake> {
        let mut lists = AccessLists::default();
        let mut current = None;
        for line in plain(file, text, &['!', '#']) {
            lists.line(&mut line.words(), &mut current)?;
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

    fn line(&mut self, words: &mut Words<'_>, current: &mut Option<usize>) -> Result<(), Mistake> {
        let expected = "'ip access-list standard NAME' or 'access-list NUMBER'";
        let first = words.take(expected)?;
        if first.is("ip") {
            words.keyword(&[("access-list", ())], None)?;
            words.keyword(&[("standard", ())], None)?;
            let at = self.list(&words.take("a list's name")?.text);
            *current = Some(at);
            if words.peek().is_none() {
                return Ok(());
            }
            let word = words.take(PERMIT)?;
            self.rule(at, word, words)?;
        } else if first.is("access-list") {
            let at = self.list(&words.take("a list's number")?.text);
            *current = None;
            let word = words.take(PERMIT)?;
            self.rule(at, word, words)?;
        } else {
            let at = current.ok_or_else(|| first.expected(expected))?;
            self.rule(at, first, words)?;
        }
        words.end()
    }

    fn list(&mut self, name: &str) -> usize {
        self.lists.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.lists.push((name.to_owned(), Vec::new()));
            self.lists.len() - 1
        })
    }

    fn rule<'l>(&mut self, at: usize, mut word: &'l Word, words: &mut Words<'l>) -> Result<(), Mistake> {
        if word.text.bytes().all(|b| b.is_ascii_digit()) {
            word = words.take(PERMIT)?;
        }
        let permit = match word.lower().as_str() {
            "permit" => true,
            "deny" => false,
            "remark" => {
                while words.take("anything").is_ok() {}
                return Ok(());
            }
            _ => return Err(word.expected(PERMIT)),
        };
        let net = net(words)?;
        if let Some((_, rules)) = self.lists.get_mut(at) {
            rules.push(Rule { permit, net });
        }
        Ok(())
    }
}

const PERMIT: &str = "permit or deny";

/// Reads the addresses of a rule, and the `log` behind them.
fn net(words: &mut Words<'_>) -> Result<Net, Mistake> {
    let expected = "any, host ADDRESS, or ADDRESS [WILDCARD]";
    let word = words.take(expected)?;
    let net = if word.is("any") {
        Net::Any
    } else if word.is("host") {
        Net::host(words.parse::<IpAddr>("an address")?)
    } else if word.text.contains('/') {
        Net::Prefix(word.text.parse::<IpNet>().map_err(|_| word.expected("ADDRESS/LENGTH"))?)
    } else {
        match word.text.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) if words.peek().is_some_and(|word| !word.is("log")) => {
                Net::Wildcard { address, wildcard: words.parse::<Ipv4Addr>("a wildcard such as 0.0.0.255")? }
            }
            Ok(address) => Net::host(address),
            Err(_) => return Err(word.expected(expected)),
        }
    };
    if words.peek().is_some_and(|word| word.is("log")) {
        words.take("log")?;
    }
    Ok(net)
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
            ("permit any", "f:1:1: 'permit': expected 'ip access-list standard NAME' or 'access-list NUMBER'"),
            ("\n\nip access-group standard x", "f:3:4: 'access-group': expected access-list"),
            ("ip access-list extended x permit any", "f:1:16: 'extended': expected standard"),
            ("ip access-list standard x permt any", "f:1:27: 'permt': expected permit or deny"),
            (
                "access-list 1 permit",
                "f:1:21: expected any, host ADDRESS, or ADDRESS [WILDCARD] at the end of the line",
            ),
            ("access-list 1 permit host 300.0.0.1", "f:1:27: '300.0.0.1': expected an address"),
            ("access-list 1 deny 10.0.0.0 255.0.x", "f:1:29: '255.0.x': expected a wildcard such as 0.0.0.255"),
            ("access-list 1 deny 10.0.0.0/99", "f:1:20: '10.0.0.0/99': expected ADDRESS/LENGTH"),
            ("access-list 1 deny any any", "f:1:24: 'any': expected the end of the line"),
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
