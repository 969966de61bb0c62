//! Words as rrdtool's command language and folders can take them.

use std::fmt::Write;

use super::Error;

/// Appends a word to a command. The language has quotes of both kinds that may follow one another, and no other way to
/// say a blank or a quote.
///
/// # Errors
///
/// [`Error::Word`]: a line's end or NUL, which cannot be said at all.
pub(super) fn say(command: &mut String, word: &str) -> Result<(), Error> {
    if word.chars().any(|c| matches!(c, '\n' | '\r' | '\0')) {
        return Err(Error::Word(word.to_owned()));
    }
    if !command.is_empty() {
        command.push(' ');
    }
    let plain = |c: char| c.is_alphanumeric() || "/._-+:=@,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        command.push_str(word);
        return Ok(());
    }
    for (at, piece) in word.split('\'').enumerate() {
        if at > 0 {
            command.push_str("\"'\"");
        }
        // Two single quotes with nothing between them say nothing, unless they are the whole word.
        if !piece.is_empty() || word.is_empty() {
            command.push('\'');
            command.push_str(piece);
            command.push('\'');
        }
    }
    Ok(())
}

/// The name of a key's RRD in whatever folder: the key, and `.rrd`. Octets that could lead out of the folder (`/`), hide
/// the file or make it an option (`.` or `-` at the beginning), or trouble shells and logs (blanks, quotes, control
/// characters) are written as in web addresses, `%2F`; so is `%`, so that no two keys share a file.
///
/// ```
/// use flowtools::graph::file_name;
///
/// assert_eq!(file_name("smtp"), "smtp.rrd");
/// assert_eq!(file_name("2001:db8::1"), "2001:db8::1.rrd");
/// assert_eq!(file_name("../10.0.0.0/8"), "%2E.%2F10.0.0.0%2F8.rrd");
/// ```
pub fn file_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 4);
    for (at, c) in key.char_indices() {
        let first = at == 0 && matches!(c, '.' | '-');
        if !first && (c.is_alphanumeric() || "._-+:=@,~".contains(c)) {
            name.push(c);
        } else {
            let mut octets = [0; 4];
            for octet in c.encode_utf8(&mut octets).bytes() {
                let _ = write!(name, "%{octet:02X}");
            }
        }
    }
    name.push_str(".rrd");
    name
}

/// The name of a folder of RRDs, made in the same way.
pub(super) fn folder_name(key: &str) -> String {
    let name = file_name(key);
    name.strip_suffix(".rrd").map(str::to_owned).unwrap_or(name)
}

/// A data source's name, of the characters and the length that rrdtool takes.
pub(super) fn source_name(field: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    field.chars().map(plain).take(19).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(word: &str) -> String {
        let mut command = String::new();
        say(&mut command, word).unwrap();
        command
    }

    #[test]
    fn words_are_quoted_where_they_must_be() {
        assert_eq!(said("flows/2001:db8::1.rrd"), "flows/2001:db8::1.rrd");
        assert_eq!(said("a b"), "'a b'");
        assert_eq!(said(""), "''");
        assert_eq!(said("it's"), "'it'\"'\"'s'");
        assert_eq!(said("'"), "\"'\"");
        assert_eq!(said("\"\\"), "'\"\\'");
        for word in ["a\nquit", "a\0b", "\r"] {
            assert!(matches!(say(&mut String::new(), word), Err(Error::Word(_))), "{word:?}");
        }
    }

    #[test]
    fn sources_have_short_plain_names() {
        assert_eq!(source_name("avg-pps"), "avg_pps");
        assert_eq!(source_name("a-very-long-name-of-a-column"), "a_very_long_name_of");
    }

    proptest! {
        #[test]
        fn no_key_leads_out_of_the_folder(key in "\\PC*|[./\\-%'\" \0\n]{0,8}") {
            let name = file_name(&key);
            prop_assert!(!name.contains(['/', '\0', '\n', '\'', '"', ' ']), "{}", name);
            prop_assert!(!name.starts_with('-') && (key.is_empty() || !name.starts_with('.')), "{}", name);
        }

        #[test]
        fn no_two_keys_share_a_file(a in "[a%2F/.]{1,6}", b in "[a%2F/.]{1,6}") {
            prop_assert_eq!(a == b, file_name(&a) == file_name(&b));
        }
    }
}
