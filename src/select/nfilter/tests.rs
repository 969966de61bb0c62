use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::flow::{Column, Element, Field, FieldSpec, FlowBatch, Rows, Schema, Select, ie};
use crate::select::config::Variables;

fn spec(element: Element, width: u16) -> FieldSpec {
    FieldSpec { element, occurrence: 0, width }
}

/// Reads filters from a text; `other` is what each file included says.
fn parse(text: &str, other: &str, definitions: &[&str]) -> Result<Filters, Mistake> {
    let symbols = Symbols::default();
    let context = Context { symbols: &symbols, now: Local::now() };
    let read = |name: &str| Ok(if name == "f" { text.to_owned() } else { other.to_owned() });
    Filters::parse("f", &mut Sources::new(Variables::of(definitions).unwrap(), read), context)
}

/// Five flows: source ports 80, 53, 443, 6000 and 0 and a few more fields.
fn flows() -> FlowBatch {
    let numbers = |width: usize, numbers: [u64; 5]| {
        let data = numbers.iter().flat_map(|n| n.to_ne_bytes()[..width].to_vec()).collect();
        Column::Plain { width: width as u16, data }
    };
    let start = 1_767_225_600_000;
    let address = |last| u64::from(u32::from_be_bytes([10, 0, last, 1]));
    let columns = [
        (ie::SRC_PORT, 2, numbers(2, [80, 53, 443, 6000, 0])),
        (ie::PROTOCOL, 1, numbers(1, [6, 17, 6, 6, 1])),
        (ie::SRC_ADDR4, 4, numbers(4, [1, 2, 3, 130, 131].map(address))),
        (ie::TOS, 1, numbers(1, [0xA0, 0xB8, 0, 0x20, 0x28])),
        (ie::OCTETS, 8, numbers(8, [100, 1 << 33, 5000, 40, 84])),
        (ie::PACKETS, 4, numbers(4, [1, 1000, 10, 1, 1])),
        (ie::SRC_TAG, 4, numbers(4, [0x20, 0x21, 0x30, 0, 0xFF21])),
        (ie::START_MS, 8, numbers(8, [0, 1000, 60_000, 3_600_000, 7_200_000].map(|ms| start + ms))),
        (ie::END_MS, 8, numbers(8, [0, 11_000, 61_000, 3_600_999, 7_200_000].map(|ms| start + ms))),
    ];
    let fields = columns.iter().map(|(element, width, _)| spec(*element, *width)).collect();
    FlowBatch::from_columns(
        Arc::new(Schema::new(fields)),
        5,
        columns.into_iter().map(|(_, _, column)| column).collect(),
    )
}

/// The flows that the definition `d` of a text lets pass.
fn passed(text: &str) -> Vec<u32> {
    let filters = parse(text, "", &[]).unwrap_or_else(|mistake| panic!("{mistake}"));
    let mut batch = flows();
    Select::select(filters.definition("d").unwrap(), &mut batch);
    match batch.rows() {
        Rows::All(n) => (0..n as u32).collect(),
        Rows::Some(rows) => rows.to_vec(),
    }
}

#[test]
fn tags_have_names() {
    let table = crate::flow::symbols::Table::parse(Kind::Tag, "0x21 OSU").unwrap();
    let symbols = Symbols::default().with(Kind::Tag, table);
    let context = Context { symbols: &symbols, now: Local::now() };
    let text = "filter-primitive T\n type tag-mask\n permit osu 0xFF\nfilter-definition d\n match source-tag T";
    let mut sources = Sources::new(Variables::default(), |_| Ok(text.to_owned()));
    let filters = Filters::parse("f", &mut sources, context).unwrap();
    let mut batch = flows();
    Select::select(filters.definition("d").unwrap(), &mut batch);
    assert!(matches!(batch.rows(), Rows::Some([1, 4])));
    let unknown = mistake(text);
    assert_eq!(unknown, "f:3:9: 'osu': expected a tag, a number such as 0x20 or a name");
}

/// The flows that a primitive of a type and these lines lets pass.
fn matched(what: &str, kind: &str, lines: &str) -> Vec<u32> {
    let lines = lines.replace("; ", "\n  ");
    passed(&format!("filter-primitive P\n  type {kind}\n  {lines}\nfilter-definition d\n  match {what} P\n"))
}

fn mistake(text: &str) -> String {
    parse(text, "", &[]).unwrap_err().to_string()
}

#[test]
fn numbers_are_listed() {
    let ports = |lines| matched("ip-source-port", "ip-port", lines);
    assert_eq!(ports("permit 80"), [0]);
    assert_eq!(ports("permit http,domain; permit 1024-6000"), [0, 1, 3]);
    assert_eq!(ports("permit 0x1BB"), [2]);
    assert_eq!(ports("permit !80,443"), [1, 3, 4]);
    assert_eq!(ports("deny 80; default permit"), [1, 2, 3, 4]);
    // The last line that says a number counts.
    assert_eq!(ports("permit 0-1000; deny 80; permit 80; deny 53"), [0, 2, 4]);
    assert_eq!(ports("default deny"), [0; 0]);
    assert_eq!(matched("ip-protocol", "ip-protocol", "permit UDP,icmp"), [1, 4]);
    assert_eq!(matched("ip-tos", "ip-tos", "mask 0xE0; permit 0xA0"), [0, 1]);
    assert_eq!(matched("source-tag", "tag", "permit 0x20-0x21"), [0, 1]);
}

#[test]
fn addresses_are_told_apart() {
    let from = |kind, lines| matched("ip-source-address", kind, lines);
    assert_eq!(from("ip-address", "permit 10.0.2.1; permit 10.0.3.1; deny 10.0.3.1"), [1]);
    assert_eq!(from("ip-address-mask", "permit 10.0.0.0 255.255.128.0"), [0, 1, 2]);
    // The first line that holds counts; bits of the mask may be anywhere.
    assert_eq!(from("ip-address-mask", "deny 10.0.1.0 255.255.255.0; permit 0.0.0.1 0.0.0.255"), [1, 2, 3, 4]);
    // The longest prefix counts, wherever it stands.
    assert_eq!(from("ip-address-prefix", "deny 10.0.2.0/24; permit 10/8; deny 10.0.128.0/17"), [0, 2]);
    assert_eq!(from("ip-address-prefix", "deny 10.0.128/17; default permit"), [0, 1, 2]);
    assert_eq!(from("ip-address-prefix", "permit 2001:db8::/32; permit 10.0.130.1"), [3]);
}

#[test]
fn ipv6_is_told_apart() {
    let text = "filter-primitive A\n type ip-address-prefix\n permit 2001:db8::/32\n deny 2001:db8:1::/48\n\
                filter-primitive M\n type ip-address-mask\n permit 2001:db8:: ffff:ffff::\n\
                filter-definition a\n match ip-source-address A\nfilter-definition m\n match ip-source-address M\n";
    let filters = parse(text, "", &[]).unwrap();
    let addresses = ["2001:db8::1", "2001:db8:1::1", "2001:db9::1"];
    let data = addresses.iter().flat_map(|a| match a.parse().unwrap() {
        IpAddr::V6(address) => address.to_bits().to_ne_bytes(),
        IpAddr::V4(_) => [0; 16],
    });
    let column = Column::Plain { width: 16, data: data.collect() };
    let schema = Arc::new(Schema::new(vec![spec(ie::SRC_ADDR6, 16)]));
    for (name, want) in [("a", 1), ("m", 2)] {
        let mut batch = FlowBatch::from_columns(schema.clone(), 3, vec![column.clone()]);
        Select::select(filters.definition(name).unwrap(), &mut batch);
        assert_eq!(batch.len(), want, "{name}");
    }
}

#[test]
fn numbers_are_compared() {
    let octets = |lines| matched("octets", "counter", lines);
    assert_eq!(octets("permit gt 100"), [1, 2]);
    assert_eq!(octets("permit ge 100"), [0, 1, 2]);
    assert_eq!(octets("permit lt 84"), [3]);
    assert_eq!(octets("permit le 84"), [3, 4]);
    assert_eq!(octets("permit ne 84"), [0, 1, 2, 3]);
    assert_eq!(octets("deny eq 0x54; permit lt 1000"), [0, 3]);
    assert_eq!(octets("permit gt 4294967296"), [1]);
    assert_eq!(octets("permit lt 0"), [0; 0]);
    assert_eq!(matched("duration", "counter", "permit ge 999"), [1, 2, 3]);
    assert_eq!(matched("pps", "double", "permit gt 1.0"), [1, 2, 3]);
    // There is no rate without a duration.
    assert_eq!(matched("pps", "double", "permit lt 1.5"), [0, 3, 4]);
    assert_eq!(matched("bps", "double", "permit ge 40000; default deny"), [1, 2]);
}

#[test]
fn times_are_compared() {
    let zone = |ms: u64| chrono::DateTime::from_timestamp_millis(ms as i64).unwrap().with_timezone(&Local);
    let text = |shape: &str| zone(1_767_225_600_000 + 60_000).format(shape).to_string();
    let (day, date) = (text("%H:%M:%S"), text("%Y-%m-%d %H:%M:%S"));
    assert_eq!(matched("start-time", "time-date", &format!("permit gt {date}")), [3, 4]);
    assert_eq!(matched("start-time", "time-date", &format!("permit le {date}")), [0, 1, 2]);
    assert_eq!(matched("end-time", "time-date", &format!("permit lt {date}")), [0, 1]);
    assert_eq!(matched("start-time", "time", &format!("permit eq {day}")), [2]);
    assert_eq!(matched("end-time", "time", "permit ge 00:00"), [0, 1, 2, 3, 4]);
}

#[test]
fn tags_are_masked() {
    let tags = |lines| matched("source-tag", "tag-mask", lines);
    assert_eq!(tags("permit 0x20 0xF0"), [0, 1, 4]);
    assert_eq!(tags("deny 0x21 0xFFFF; permit 0x20 0xF0"), [0, 4]);
    assert_eq!(tags("deny 0x20 0xF0; default permit"), [2, 3]);
}

#[test]
fn flows_are_sampled() {
    assert_eq!(matched("random-sample", "rate", "permit 1"), [0, 1, 2, 3, 4]);
    assert_eq!(matched("random-sample", "rate", "permit 1000000000000"), [0; 0]);
    assert!(mistake("filter-primitive P\n type rate\n permit 0").starts_with("f:3:9: '0': expected a number N"));
}

const PRIMITIVES: &str = "\
filter-primitive TCP
  type ip-protocol
  permit tcp
filter-primitive LOW
  type ip-port
  permit 0-1023
";

#[test]
fn lines_are_anded_and_ored_and_inverted() {
    let defined = |lines: &str| passed(&format!("{PRIMITIVES}filter-definition d\n{}", lines.replace("; ", "\n")));
    assert_eq!(defined("match ip-protocol TCP; match ip-source-port LOW"), [0, 2]);
    assert_eq!(defined("match ip-protocol TCP; or; match ip-source-port LOW"), [0, 1, 2, 3, 4]);
    assert_eq!(defined("invert; match ip-protocol TCP; match ip-source-port LOW"), [1, 3, 4]);
    assert_eq!(defined("MATCH IP-Protocol tcp; Invert"), [1, 4]);
    assert_eq!(defined("match ip-protocol TCP; or"), [0, 2, 3]);
    assert_eq!(defined(""), [0, 1, 2, 3, 4]);
}

#[test]
fn files_include_others_and_say_variables() {
    let text = "include-filter more\nfilter-definition d\n match ip-source-port WEB\n";
    let filters = parse(text, "filter-primitive WEB\n type ip-port\n permit @{PORT:-80}\n", &["PORT=443"]).unwrap();
    let mut batch = flows();
    Select::select(filters.definition("D").unwrap(), &mut batch);
    assert_eq!(batch.rows().len(), 1);
    assert!(filters.definition("e").is_none());
    assert_eq!(filters.known(), "a filter-definition that is defined (d)");
    assert!(parse("include-filter more", "include-filter more", &[]).is_err());
    // A primitive may stand behind what it is used by.
    assert_eq!(passed(&format!("filter-definition d\n match ip-protocol TCP\n{PRIMITIVES}")), [0, 2, 3]);
}

#[test]
fn what_a_filter_needs_is_known() {
    let filters = parse(&format!("{PRIMITIVES}filter-definition d\n match ip-protocol TCP\n"), "", &[]).unwrap();
    let predicate = filters.definition("d").unwrap();
    assert_eq!(predicate.missing(flows().schema()), None);
    let schema = Schema::new(vec![spec(ie::OCTETS, 8)]);
    assert_eq!(predicate.missing(&schema), Some(Field::Protocol));
}

#[test]
fn mistakes_name_place_and_what_was_expected() {
    let cases = [
        ("permit 80", "f:1:1: 'permit': expected filter-primitive, filter-definition or include-filter"),
        ("filter-primitive", "f:1:17: expected a name at the end of the line"),
        ("filter-primitive A\n", "f:1:18: 'A': expected a line 'type TYPE' in this filter-primitive"),
        ("filter-primitive A\n permit 1", "f:2:2: 'permit': expected a line 'type TYPE' before this one"),
        (
            "filter-primitive A\n type ip-port\n permit 70000",
            "f:3:9: '70000': expected a port up to 65535, its name, or a list such as 1,5-9",
        ),
        ("filter-primitive A\n type ip-port\n permit 1 2", "f:3:11: '2': expected the end of the line"),
        (
            "filter-primitive A\n type ip-port\n mask 1",
            "f:3:2: 'mask': expected a mask only in primitives of type ip-tos or ip-tcp-flags",
        ),
        ("filter-primitive A\n type ip-address\n permit 10.0.0", "f:3:9: '10.0.0': expected an address"),
        (
            "filter-primitive A\n type ip-address-prefix\n permit 10/33",
            "f:3:9: '10/33': expected a prefix such as 10.0.0.0/8 or 2001:db8::/32",
        ),
        ("filter-primitive A\n type counter\n permit 10", "f:3:9: '10': expected lt, gt, eq, ne, le or ge"),
        ("filter-primitive A\n type double\n permit gt nan", "f:3:12: 'nan': expected a number such as 1000.0"),
        (
            "filter-primitive A\n type time\n permit gt 24:00:00",
            "f:3:12: '24:00:00': expected a time of day such as 08:30:00",
        ),
        ("filter-definition d\n match ip-port A", "f:2:8: 'ip-port': expected one of source-as, destination-as"),
        (
            "filter-definition d\n match ip-source-port A",
            "f:2:23: 'A': expected a filter-primitive, but none is defined",
        ),
    ];
    for (text, want) in cases {
        let got = mistake(text);
        assert!(got.starts_with(want), "{got}");
    }
    let wrong = mistake(&format!("{PRIMITIVES}filter-definition d\n match ip-protocol LOW\n"));
    assert_eq!(
        wrong,
        "f:8:20: 'LOW': expected a primitive of type ip-protocol to match ip-protocol, this is of ip-port"
    );
    assert!(mistake(&format!("{PRIMITIVES}{PRIMITIVES}")).contains("expected a name that is not taken yet"));
    let date = mistake("filter-primitive A\n type time-date\n permit gt then or when");
    assert!(date.starts_with("f:3:12: 'then': ") && date.contains("expected a date such as"), "{date}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text, "", &[]);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "filter-primitive", "filter-definition", "type", "permit", "deny", "default", "mask", "match", "or",
                "invert", "\n", "\n", "\n", "A", "B", "ip-port", "ip-address-prefix", "ip-address-mask", "counter",
                "double", "time-date", "tag-mask", "rate", "ip-source-port", "octets", "lt", "gt", "0", "1-5", "10.0.0.0",
                "255.0.255.0", "10/8", "::/0", "::1", "1e308", "-inf", "12:30", "tomorrow", "!", "18446744073709551615",
            ]),
            0..40,
        ),
    ) {
        let _ = parse(&words.join(" "), "", &[]);
    }
}
