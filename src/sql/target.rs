//! Which database and table: `user:password:host:port:name:table`.

use std::fmt;
use std::str::FromStr;

/// The table that flows go to if none is named.
pub const DEFAULT_TABLE: &str = "raw";

/// A table of a database on a server. Parts that are empty are for [`super::postgresql`] to find out.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Who asks.
    pub user: String,
    /// What proves it.
    pub password: String,
    /// A name, an address, or (from a `/`) the folder of a socket.
    pub host: String,
    /// `None` for the usual one.
    pub port: Option<u16>,
    /// The database's name.
    pub name: String,
    /// The table's name, with its schema's and a full stop before it if there is one.
    pub table: String,
}

impl Default for Target {
    /// What flow-export has always taken: everything is called netflow, on this machine.
    fn default() -> Target {
        let netflow = || "netflow".to_owned();
        Target {
            user: netflow(),
            password: netflow(),
            host: "localhost".to_owned(),
            port: None,
            name: netflow(),
            table: DEFAULT_TABLE.to_owned(),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// The host may be an IPv6 address in brackets. What is wrong is said without the text: there is a password in it.
    fn from_str(text: &str) -> Result<Target, String> {
        let (before, host, after) = bracketed(text).map_or_else(|| plain(text), Ok)?;
        let (user, password) = before.split_once(':').ok_or_else(wrong)?;
        let mut after = after.splitn(3, ':');
        let (Some(port), Some(name), Some(table)) = (after.next(), after.next(), after.next()) else {
            return Err(wrong());
        };
        if password.contains(':') || table.contains(':') {
            return Err(wrong());
        }
        let port = match port {
            "" => None,
            port => Some(port.parse().ok().filter(|port| *port > 0).ok_or("the port is not one of 1 to 65535")?),
        };
        Ok(Target {
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port,
            name: name.to_owned(),
            table: if table.is_empty() { DEFAULT_TABLE.to_owned() } else { table.to_owned() },
        })
    }
}

/// What is before the host, the host, what is behind it.
type Parts<'a> = (&'a str, &'a str, &'a str);

fn bracketed(text: &str) -> Option<Parts<'_>> {
    let (before, rest) = text.split_once(":[")?;
    let (host, after) = rest.split_once("]:")?;
    Some((before, host, after))
}

fn plain(text: &str) -> Result<Parts<'_>, String> {
    let mut colons = text.match_indices(':').map(|(at, _)| at);
    let (start, end) = colons.nth(1).zip(colons.next()).ok_or_else(wrong)?;
    let part = |range: Option<_>| range.unwrap_or_default();
    Ok((part(text.get(..start)), part(text.get(start + 1..end)), part(text.get(end + 1..))))
}

fn wrong() -> String {
    "expected user:password:host:port:name:table, of which any may be empty; a password with a colon goes into \
     PGPASSWORD"
        .to_owned()
}

impl fmt::Debug for Target {
    /// All but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { user, password: _, host, port, name, table } = self;
        let mut all = f.debug_struct("Target");
        all.field("user", user).field("host", host).field("port", port).field("name", name).field("table", table);
        all.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn six_parts_any_of_them_empty() {
        let want = Target { port: Some(5433), table: "flows".into(), ..Target::default() };
        assert_eq!(target("netflow:netflow:localhost:5433:netflow:flows"), want);
        let bare = target(":::::");
        assert_eq!((bare.user.as_str(), bare.host.as_str(), bare.port, bare.table.as_str()), ("", "", None, "raw"));
        let six = target("u::[2001:db8::1]:5432:n:s.t");
        assert_eq!((six.password.as_str(), six.host.as_str(), six.table.as_str()), ("", "2001:db8::1", "s.t"));
        assert_eq!(target("u:p:/run/postgresql:::t").host, "/run/postgresql");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for text in ["", "u:sesame", "u:sesame:h:5432:n", "u:sesame:h:x:n:t", "u:sesame:h:0:n:t", "u:ses:ame:h:1:n:t"] {
            let why = text.parse::<Target>().unwrap_err();
            assert!(!why.contains("ses") && !why.contains("ame:h"), "{why}");
        }
        assert!(!format!("{:?}", target("u:sesame:h:1:n:t")).contains("sesame"));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*", colons in "[:\\[\\]a]*") {
            let _ = (text.parse::<Target>(), colons.parse::<Target>());
        }
    }
}
