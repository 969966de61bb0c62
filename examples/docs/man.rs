//! A program's man page.

use clap::{Arg, ArgAction, Command};
use flowtools::cli::symbols::{FOLDER_VARIABLE, FOLDERS};
use flowtools::flow::symbols::Kind;
use roff::{Inline, Roff, bold, italic, roman};

use crate::sections;

/// Pages of other sections, written by hand, that every page refers to.
const OVERVIEWS: [(&str, &str); 2] = [("flow-tools", "7"), ("flow-file", "5")];

/// The page of a built command; `names` are those of all programs.
pub fn page(command: &Command, names: &[String]) -> String {
    let mut page = Roff::new();
    name(&mut page, command);
    synopsis(&mut page, command);
    description(&mut page, command);
    options(&mut page, command);
    let (examples, others): (Vec<_>, Vec<_>) =
        sections::sections(command).into_iter().partition(|(heading, _)| heading == "EXAMPLES");
    others.iter().for_each(|section| sections::section(&mut page, section));
    exit_status(&mut page);
    if takes_names(command) {
        files(&mut page);
    }
    examples.iter().for_each(|section| sections::examples(&mut page, section));
    see_also(&mut page, command, names);
    let (title, version) = (command.get_name().to_uppercase(), command.get_version().unwrap_or_default());
    // Not a control of roff's: it would leave out the quotes of the date, which there is none of.
    format!(
        ".\\\" Made by cargo run --example docs: change the program's arguments instead.\n\
         .TH {title} 1 \"\" \"flow-tools {version}\" \"flow-tools manual\"\n{}",
        page.render()
    )
}

fn name(page: &mut Roff, command: &Command) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // "Concatenate flow files" goes on after a dash, but NetFlow stays NetFlow.
    let first = about.split(' ').next().unwrap_or_default();
    let ordinary = first.chars().skip(1).all(|c| c.is_lowercase());
    let start = if ordinary { first.to_lowercase() } else { first.to_owned() };
    let rest = about.get(first.len()..).unwrap_or_default();
    page.control("SH", ["NAME"]).text([roman(format!("{} - {start}{rest}", command.get_name()))]);
}

/// Letters as getopt would have them: flags together, then options with their values, then the rest.
fn synopsis(page: &mut Roff, command: &Command) {
    page.control("SH", ["SYNOPSIS"]);
    let shown = || command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    let mut line = vec![bold(command.get_name())];
    let mut flags: Vec<char> = shown().filter(|arg| !takes_value(arg)).filter_map(Arg::get_short).collect();
    flags.sort_by_key(|flag| (flag.to_ascii_lowercase(), flag.is_ascii_uppercase()));
    if !flags.is_empty() {
        line.extend([roman(" ["), bold(format!("-{}", String::from_iter(flags))), roman("]")]);
    }
    for arg in shown().filter(|arg| takes_value(arg)) {
        let (before, after) = if arg.is_required_set() { (" ", "") } else { (" [", "]") };
        let option = match (arg.get_short(), arg.get_long()) {
            (Some(short), _) => format!("-{short}"),
            (None, Some(long)) => format!("--{long}"),
            (None, None) => continue,
        };
        line.extend([roman(before), bold(option), roman(" "), italic(value(arg)), roman(after)]);
    }
    for arg in command.get_positionals().filter(|arg| !arg.is_hide_set()) {
        let (before, after) = if arg.is_required_set() { (" ", "") } else { (" [", "]") };
        let dots = if matches!(arg.get_action(), ArgAction::Append) { " ..." } else { "" };
        line.extend([roman(before), italic(value(arg)), roman(format!("{dots}{after}"))]);
    }
    page.text(line);
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn value(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some(names) => names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" "),
        None => arg.get_id().as_str().to_uppercase(),
    }
}

fn description(page: &mut Roff, command: &Command) {
    page.control("SH", ["DESCRIPTION"]);
    let text = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    paragraphs(page, &format!("{text}{end}"));
    let preface = sections::preface(command);
    if !preface.is_empty() {
        page.control("PP", []);
        paragraphs(page, &preface);
    }
}

/// Text whose paragraphs are parted by empty lines.
fn paragraphs(page: &mut Roff, text: &str) {
    for line in text.lines() {
        // An indented line stays a line of its own, which is roff's habit too.
        match line.trim_end() {
            "" => page.control("PP", []),
            line => page.text([roman(line)]),
        };
    }
}

fn options(page: &mut Roff, command: &Command) {
    page.control("SH", ["OPTIONS"]);
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        page.control("TP", []).text(term(arg));
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
        for line in help.lines() {
            match line.trim() {
                "" => page.control("IP", []),
                line => page.text([roman(line)]),
            };
        }
        values(page, arg);
    }
}

/// `-b, --byte-order ORDER`.
fn term(arg: &Arg) -> Vec<Inline> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let mut term = Vec::new();
    for option in short.into_iter().chain(long) {
        if !term.is_empty() {
            term.push(roman(", "));
        }
        term.push(bold(option));
    }
    if takes_value(arg) {
        if !term.is_empty() {
            term.push(roman(" "));
        }
        term.push(italic(value(arg)));
    }
    term
}

/// The values that an option takes, and what it is without being given.
fn values(page: &mut Roff, arg: &Arg) {
    let possible = if takes_value(arg) { arg.get_possible_values() } else { Vec::new() };
    let shown: Vec<_> = possible.iter().filter(|value| !value.is_hide_set()).collect();
    if shown.iter().any(|value| value.get_help().is_some()) {
        page.control("RS", []);
        for value in shown {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            page.control("TP", []).text([bold(value.get_name())]).text([roman(help)]);
        }
        page.control("RE", []);
    } else if !shown.is_empty() {
        let names: Vec<&str> = shown.iter().map(|value| value.get_name()).collect();
        page.text([roman(format!("({})", names.join(", ")))]);
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_value(arg) && !defaults.is_empty() {
        page.text([roman(format!("[default: {}]", defaults.join(", ")))]);
    }
}

fn definition(page: &mut Roff, term: Vec<Inline>, text: &str) {
    page.control("TP", []).text(term).text([roman(text)]);
}

fn exit_status(page: &mut Roff) {
    page.control("SH", ["EXIT STATUS"]);
    definition(page, vec![bold("0")], "All went well; also when whoever read the output closed it early.");
    definition(
        page,
        vec![bold("1")],
        "Something failed: one line on standard error says what, and where. Damaged input is used as far as it is good.",
    );
    definition(page, vec![bold("2")], "The arguments or a configuration file make no sense; one line says why.");
}

fn takes_names(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == Some("names"))
}

fn files(page: &mut Roff) {
    page.control("SH", ["FILES"]);
    let names: Vec<&str> = Kind::ALL.map(Kind::file_name).to_vec();
    for (folder, text) in [
        (format!("${FOLDER_VARIABLE}"), "The folder that this environment variable names is looked into first."),
        (FOLDERS[0].to_owned(), "Then this one."),
        (FOLDERS[1].to_owned(), "Then this one."),
    ] {
        definition(page, vec![italic(folder)], text);
    }
    page.control("PP", []).text([roman(format!(
        "Names come from tables of the program's own. A file {} in one of these folders replaces the table it is named \
         after: lines of a number and a name, # begins a comment.",
        names.join(", "),
    ))]);
}

fn see_also(page: &mut Roff, command: &Command, names: &[String]) {
    page.control("SH", ["SEE ALSO"]);
    let pages = OVERVIEWS.iter().map(|(name, section)| (*name, *section));
    let others = names.iter().filter(|name| *name != command.get_name()).map(|name| (name.as_str(), "1"));
    let mut line = Vec::new();
    for (name, section) in pages.chain(others) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(name), roman(format!("({section})"))]);
    }
    page.text(line);
}
