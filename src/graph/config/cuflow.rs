//! CUFlow.cf: subnets, routers, and what flows inside them are counted under.

use super::items::{self, add, labelled};
use super::{Board, Config, Label};
use crate::flow::symbols::{Kind, Symbols};
use crate::select::config::{Line, Mistake, Sources, Words};
use crate::select::prefix;

/// What a directive does.
type Read = fn(&mut Config, &mut Words<'_>, &mut Reading<'_, '_>) -> Result<(), Mistake>;

/// What directives need besides their words.
struct Reading<'a, 'r> {
    sources: &'a mut Sources<'r>,
    symbols: &'a Symbols,
}

const DIRECTIVES: [(&str, Read); 14] = [
    ("Subnet", |config, words, _| {
        let word = words.take(SUBNET)?;
        config.subnets.push(prefix(&word.text).ok_or_else(|| word.expected(SUBNET))?);
        Ok(())
    }),
    ("Network", |config, words, _| {
        let (nets, label) = labelled(words, "prefixes, as in 10.1.0.0/16,2001:db8::/48", prefix)?;
        add(&mut config.networks, label, nets);
        Ok(())
    }),
    ("Router", router),
    ("Service", service),
    ("Protocol", protocol),
    ("TOS", |config, words, _| {
        let (values, label) = labelled(words, "values of TOS up to 255, as in 0x20,40-47", items::octets)?;
        add(&mut config.tos, label, values);
        Ok(())
    }),
    ("ASNumber", |config, words, reading| {
        let table = reading.symbols.table(Kind::Asn);
        let read = |text: &str| text.parse().ok().or_else(|| table.number(text));
        let (numbers, label) = labelled(words, "numbers of autonomous systems", read)?;
        add(&mut config.asns, label, numbers);
        Ok(())
    }),
    ("Multicast", |config, _, _| {
        config.multicast = true;
        Ok(())
    }),
    ("OutputDir", |config, words, _| {
        config.output = Some(words.take("the folder of the RRDs")?.text.clone());
        Ok(())
    }),
    ("Scoreboard", |config, words, _| {
        config.scoreboard = Some(board(words, "the folder of the pages", "the link to the newest page")?);
        Ok(())
    }),
    ("AggregateScore", |config, words, _| {
        config.aggregate = Some(board(words, "the file of kept values", "the page's name")?);
        Ok(())
    }),
    ("Category", |config, words, reading| {
        let lines = reading.sources.include(words)?;
        config.categories.read(&lines, reading.symbols)
    }),
    ("SampleRate", |config, words, _| {
        let word = words.take("an exporter's address")?;
        word.text.parse::<std::net::IpAddr>().map_err(|_| word.expected("an exporter's address"))?;
        let (word, rate) = (word.clone(), words.take("one packet in how many is seen")?);
        rate.text.parse::<u32>().map_err(|_| rate.expected("one packet in how many is seen, as in 100"))?;
        config.warnings.push(word.wrong("is sampled: flows are counted as they are, not times the rate".to_owned()));
        Ok(())
    }),
    ("Include", |config, words, reading| {
        let lines = reading.sources.include(words)?;
        config.lines(&lines, reading)
    }),
];

const SUBNET: &str = "a prefix, as in 10.0.0.0/8 or 2001:db8::/32";

impl Config {
    /// Reads CUFlow.cf.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, or a label that would lead out of the output folder.
    pub fn read(sources: &mut Sources<'_>, file: &str, symbols: &Symbols) -> Result<Config, Mistake> {
        let mut config = Config::default();
        let lines = sources.open(file)?;
        config.lines(&lines, &mut Reading { sources, symbols })?;
        Ok(config)
    }

    fn lines(&mut self, lines: &[Line], reading: &mut Reading<'_, '_>) -> Result<(), Mistake> {
        for line in lines {
            let mut words = line.words();
            let read = words.keyword(&DIRECTIVES, None)?;
            read(self, &mut words, reading)?;
            words.end()?;
        }
        Ok(())
    }
}

fn router(config: &mut Config, words: &mut Words<'_>, _: &mut Reading<'_, '_>) -> Result<(), Mistake> {
    let word = words.take("an exporter's address")?;
    let address = word.text.parse().map_err(|_| word.expected("an exporter's address"))?;
    let label = match words.peek() {
        Some(_) => Label::read(words.take("an alias")?)?,
        // The colons of IPv6 have no place in a label.
        None => {
            let plain = word.text.replace(':', "_");
            Label::of(&plain).ok_or_else(|| word.expected("an exporter's address"))?
        }
    };
    if config.routers.iter().any(|router| router.items.contains(&address)) {
        return Err(word.wrong("expected an address that no other Router has"));
    }
    add(&mut config.routers, label, vec![address]);
    Ok(())
}

fn service(config: &mut Config, words: &mut Words<'_>, reading: &mut Reading<'_, '_>) -> Result<(), Mistake> {
    let (ports, label) = labelled(words, items::PORTS, |text| items::ports(text, reading.symbols))?;
    add(&mut config.services, label, ports);
    Ok(())
}

fn protocol(config: &mut Config, words: &mut Words<'_>, reading: &mut Reading<'_, '_>) -> Result<(), Mistake> {
    let expected = "an IP protocol's number or name";
    let word = words.take(expected)?;
    let number = items::protocol(&word.text, reading.symbols).ok_or_else(|| word.expected(expected))?;
    let label = match words.peek() {
        Some(_) => Label::read(words.take("an alias")?)?,
        None => Label::of(&word.text).ok_or_else(|| word.expected(expected))?,
    };
    // A flow has one protocol, and that one label: the last, as in CUFlow.
    let taken = config.protocols.iter_mut().filter(|other| other.label != label && other.items.contains(&number));
    for other in taken {
        other.items.retain(|known| *known != number);
        config.warnings.push(word.wrong(format!("was {}'s: a protocol has one label", other.label)));
    }
    add(&mut config.protocols, label, vec![number]);
    Ok(())
}

fn board(words: &mut Words<'_>, data: &str, page: &str) -> Result<Board, Mistake> {
    let word = words.take("how many are listed")?;
    let top = word.text.parse().ok().filter(|n| (1..=10_000).contains(n));
    let top = top.ok_or_else(|| word.expected("how many are listed, 1 to 10000"))?;
    Ok(Board { top, data: words.take(data)?.text.clone(), page: words.take(page)?.text.clone() })
}
