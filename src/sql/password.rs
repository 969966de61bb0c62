//! Passwords that are kept in a file, as PostgreSQL's own programs keep them: lines of
//! `host:port:database:user:password`, where `*` is anything and a backslash takes the next character as it is.

/// What a line must be about.
pub(super) struct Wanted<'a> {
    pub host: &'a str,
    pub port: u16,
    pub name: &'a str,
    pub user: &'a str,
}

/// The password of the first line that fits.
pub(super) fn find(text: &str, wanted: &Wanted<'_>) -> Option<String> {
    let port = wanted.port.to_string();
    let keys = [wanted.host, &port, wanted.name, wanted.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line;
        for key in keys {
            let (field, behind) = field(rest)?;
            rest = behind?;
            if field != key && field != "*" {
                return None;
            }
        }
        Some(field(rest)?.0)
    })
}

/// The field at the beginning, and what is behind its colon.
fn field(text: &str) -> Option<(String, Option<&str>)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ':' => return Some((value, text.get(at + 1..))),
            '\\' => value.push(chars.next().map_or('\\', |(_, c)| c)),
            c => value.push(c),
        }
    }
    Some((value, None))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_line_that_fits() {
        let file = "# mine\nshort\nh:1:n:u:one\n*:1:n:u:two\n\\:\\:1:*:*:*:t\\\\h\\:ree\n*:*:*:u:\n";
        let wanted = |host, port, user| find(file, &Wanted { host, port, name: "n", user });
        assert_eq!(wanted("h", 1, "u").as_deref(), Some("one"));
        assert_eq!(wanted("g", 1, "u").as_deref(), Some("two"));
        assert_eq!(wanted("::1", 9, "x").as_deref(), Some("t\\h:ree"));
        assert_eq!(wanted("h", 2, "u").as_deref(), Some(""));
        assert_eq!(wanted("h", 2, "x"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_files_never_panic(text in "[\\\\:*a\\n]*") {
            find(&text, &Wanted { host: "a", port: 1, name: "a", user: "a" });
        }
    }
}
