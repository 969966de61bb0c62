use proptest::prelude::*;

use super::*;

fn read(text: &str, definitions: &[&str]) -> Result<Vec<Line>, Mistake> {
    Sources::new(Variables::of(definitions).unwrap(), |_| Ok(text.to_owned())).open("f")
}

fn texts(lines: &[Line]) -> Vec<Vec<String>> {
    let words = |line: &Line| {
        let mut words = line.words();
        std::iter::from_fn(|| words.take("").ok().map(|word| word.text.clone())).collect()
    };
    lines.iter().map(words).collect()
}

fn first(text: &str, definitions: &[&str]) -> Vec<String> {
    texts(&read(text, definitions).unwrap()).into_iter().next().unwrap_or_default()
}

#[test]
fn lines_are_words_without_comments() {
    let lines = read("# all\n\n  filter-primitive\tA # one\r\n type x#y\n  \n", &[]).unwrap();
    assert_eq!(texts(&lines), [vec!["filter-primitive", "A"], vec!["type", "x"]]);
    let second = lines[1].words().take("").unwrap().clone();
    assert_eq!(second.place, Place { file: "f".into(), line: 4, column: 2 });
}

#[test]
fn quotes_hold_words_together() {
    assert_eq!(first("path \"a # b\"/c \"\"", &[]), ["path", "a # b/c", ""]);
    assert_eq!(read("ä \"b c", &[]).unwrap_err().to_string(), "f:1:3: 'b c': expected a closing quote");
}

#[test]
fn variables_are_replaced() {
    assert_eq!(first("a @X-b @{X}y @{Y:-7} @{X:-7}", &["X=1"]), ["a", "1-b", "1y", "7", "1"]);
    assert_eq!(first("@{Y:-one two} @ @-", &[]), ["one", "two", "@", "@-"]);
    assert_eq!(first("a@{Y:-}b @{X:-full} c@X", &["X="]), ["ab", "full", "c"]);
    assert_eq!(first("x # @NONE", &[]), ["x"]);
    assert_eq!(first("@{Y:one} @{X:one} @{T:-00:30} @{N:--5}", &["X=1"]), ["one", "1", "00:30", "-5"]);
    let open = read("a @{X:-1 b", &["X=1"]).unwrap_err().to_string();
    assert_eq!(open, "f:1:3: '@{X:-1': expected } behind the variable's name or its default");
    let mistake = read("x\n  permit @PORT", &[]).unwrap_err().to_string();
    assert!(mistake.starts_with("f:2:10: '@PORT': expected a value for PORT by -v PORT=VALUE"), "{mistake}");
    assert_eq!(Variables::of(&["X"]).unwrap_err(), "'X': expected NAME=VALUE");
    assert_eq!(Variables::of(&["X=1", "X=2=3"]).unwrap().get("X"), Some("2=3"));
}

#[test]
fn places_are_those_of_the_file() {
    let lines = read("a @{LONG:-default} b", &[]).unwrap();
    let mut words = lines[0].words();
    let columns = std::iter::from_fn(|| words.take("").ok().map(|word| word.place.column));
    assert_eq!(columns.collect::<Vec<_>>(), [1, 3, 20]);
}

#[test]
fn words_are_read_as_what_is_expected() {
    let lines = read("Permit 0x1F gt  January 1, 2026 @{T:-00:30} # then", &[]).unwrap();
    let mut words = lines[0].words();
    assert!(words.keyword(&[("permit", true), ("deny", false)], None).unwrap());
    let mut again = words.clone();
    assert_eq!(again.number("a port", 30).unwrap_err().to_string(), "f:1:8: '0x1F': expected a port");
    assert_eq!(words.number("a port", 31).unwrap(), 31);
    let no = words.clone().keyword(&[("lt", 1), ("eq", 2), ("ne", 3)], None).unwrap_err();
    assert_eq!(no.to_string(), "f:1:13: 'gt': expected lt, eq or ne");
    assert!(words.clone().end().is_err());
    words.take("").unwrap();
    assert_eq!(words.rest("a date").unwrap(), "January 1, 2026 00:30");
    words.end().unwrap();
    assert_eq!(words.take("more").unwrap_err().to_string(), "f:1:44: expected more at the end of the line");
}

#[test]
fn files_include_others() {
    let mut sources = Sources::new(Variables::default(), |name| match name {
        "a" => Ok("include b\ninclude c\ninclude\ninclude b b".into()),
        "b" => Ok("x".into()),
        _ => Err("no such file".into()),
    });
    let lines = sources.open("a").unwrap();
    let mut include = |at: usize| {
        let mut words = lines[at].words();
        words.take("").unwrap();
        sources.include(&mut words)
    };
    assert_eq!(texts(&include(0).unwrap()), [["x"]]);
    assert_eq!(include(1).unwrap_err().to_string(), "a:2:9: 'c': no such file");
    assert_eq!(include(2).unwrap_err().to_string(), "a:3:8: expected a file's name at the end of the line");
    assert_eq!(include(3).unwrap_err().to_string(), "a:4:11: 'b': expected the end of the line");
    assert!((0..200).any(|_| include(0).is_err()));
    assert_eq!(sources.open("d").unwrap_err().to_string().split(':').next(), Some("d"));
}

#[test]
fn names_are_found_in_any_case() {
    let lines = read("Web web WEB dns", &[]).unwrap();
    let mut words = lines[0].words();
    let mut names = Names::default();
    let web = words.take("").unwrap();
    names.define(web, 1).unwrap();
    names.define(words.take("").unwrap(), 2).unwrap();
    assert!(names.define(web, 3).is_err());
    assert_eq!((names.get("Web"), names.get("web"), names.get("WEB")), (Some(&1), Some(&2), Some(&1)));
    words.take("").unwrap();
    let mistake = names.find(words.take("").unwrap(), "a filter-primitive").unwrap_err();
    assert_eq!(mistake.to_string(), "f:1:13: 'dns': expected a filter-primitive that is defined (Web, web)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text, &["X=1"]);
    }

    #[test]
    fn any_words_are_read_or_refused(
        words in prop::collection::vec(
            prop::sample::select(vec!["@", "{", "}", ":-", "X", "@X", "@{", "\"", "#", " ", "\n", "ü", "\u{a0}", "a"]),
            0..40,
        ),
    ) {
        if let Ok(lines) = read(&words.concat(), &["X=\"1 2"]) {
            for line in &lines {
                let mut words = line.words();
                prop_assert!(words.clone().rest("text").is_ok());
                while words.peek().is_some() {
                    prop_assert!(words.take("a word").is_ok());
                }
            }
        }
    }
}
