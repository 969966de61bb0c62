//! Configurations, read.

use proptest::prelude::*;

use super::*;
use crate::select::config::{Sources, Variables};

fn parse(text: &str) -> Result<Config, Mistake> {
    let lines = Sources::new(Variables::default(), |_| Ok(text.to_owned())).open("stat.cfg")?;
    Config::parse(&lines)
}

#[test]
fn what_a_report_says_is_found_again() {
    let config = parse(
        "include-tag tags\nSTAT-REPORT r\n type ip-source/destination-address\n scale 0x10\n tag-mask 0xF 2\n\
         ip-source-address-format prefix-len\n output\n  sort -packets\n  path |sort -t, > out\n  time end\n\
         output\n  fields -flows,+bps\n  tally 5\n  records 0\nstat-definition d\n report R\n time-series 300\n mask m\n",
    )
    .unwrap();
    assert_eq!(config.tags[0].text, "tags");
    let report = config.reports.get("r").unwrap();
    assert_eq!((report.scale, report.tag_mask, report.formats[0]), (16, Some([15, 2]), AddressFormat::PrefixLen));
    let [first, second] = report.outputs.as_slice() else { panic!("{:?}", report.outputs) };
    assert_eq!((first.sort, first.time), (Some((Field::Packets, false)), Time::End));
    assert_eq!(first.path.as_ref().unwrap().text, "|sort -t, > out");
    assert!(second.fields.has_rates() && !second.fields.has(Field::Flows) && first.fields.has(Field::Flows));
    assert_eq!((second.tally, second.records), (Some(5), None));
    let definition = config.definitions.get("d").unwrap();
    assert_eq!((definition.reports.as_slice(), definition.period), (&[0][..], Some(300)));
    assert!(definition.mask.is_some() && definition.filter.is_none());
}

#[test]
fn a_report_without_an_output_has_the_usual_one() {
    let config = parse("stat-report r\n type summary-detail\n").unwrap();
    assert_eq!(config.reports.get("r").unwrap().outputs.len(), 1);
}

proptest! {
    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(
        prop_oneof![
            Just("stat-report"), Just("type"), Just("octets"), Just("output"), Just("fields"), Just("+key,-flows"),
            Just("sort"), Just("options"), Just("path"), Just("|x"), Just("stat-definition"), Just("report"), Just("7"),
            Just("ip-source-address-format"), Just("prefix-len"), Just("time-series"), Just("+,-"), Just("é"),
        ], 0..40), breaks in any::<u64>()) {
        let text: String = words.iter().enumerate()
            .map(|(at, word)| format!("{word}{}", if breaks >> (at % 64) & 1 == 1 { "\n" } else { " " })).collect();
        let _ = parse(&text);
    }
}
