//! PostgreSQL: rows by COPY.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fmt, fs};

use postgres::{Client, Config, CopyInWriter, NoTls};

use super::{Error, Kind, Sink, Target, definitions, names, password, quoted};
use crate::print::CsvFields;

/// Where Debian's and upstream's servers have their sockets.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
const PORT: u16 = 5432;
/// How long a server that says nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts what `fill` hands over into the table, in one transaction: if `fill` fails, or the database does, nothing is
/// there. A table that does not exist is made.
///
/// # Errors
///
/// Those of `fill`, and what the database says.
pub fn load<T, E: From<Error>>(
    target: &Target,
    fields: CsvFields,
    fill: impl FnOnce(&mut dyn Sink) -> Result<T, E>,
) -> Result<T, E> {
    let server = Server::of(target)?;
    let mut client = server.connect()?;
    let table = table(&target.table);
    let place = format!("{server}, table {}", target.table);
    let wrong = |error: postgres::Error| E::from(Error::new(&place, explained(&error)));

    let mut transaction = client.transaction().map_err(wrong)?;
    let found = transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).map_err(wrong)?;
    if !found.get::<_, bool>(0) {
        let made = format!("CREATE TABLE {table} ({})", definitions(fields, type_of));
        transaction.batch_execute(&made).map_err(wrong)?;
    }
    let copy = format!("COPY {table} ({}) FROM STDIN WITH (DELIMITER ',')", names(fields));
    let done = {
        let mut rows = Copy { writer: transaction.copy_in(&copy).map_err(wrong)?, place: &place };
        let done = fill(&mut rows)?;
        rows.writer.finish().map_err(wrong)?;
        done
    };
    transaction.commit().map_err(wrong)?;
    Ok(done)
}

/// What a column is made as.
fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "inet",
        Kind::Counter => "numeric(20)",
        Kind::Long => "bigint",
        Kind::Short => "integer",
        Kind::Octet => "smallint",
    }
}

struct Copy<'a, 'b> {
    writer: CopyInWriter<'a>,
    place: &'b str,
}

impl Sink for Copy<'_, '_> {
    fn lines(&mut self, lines: &[u8]) -> Result<(), Error> {
        self.writer.write_all(lines).map_err(|error| Error::new(self.place, said(&error)))
    }
}

/// A table's name, as SQL reads it: a schema's before it if there is a full stop; large letters are small ones, but
/// for what stands in double quotes.
fn table(name: &str) -> String {
    let part = |part: &str| match part.strip_prefix('"').and_then(|part| part.strip_suffix('"')) {
        Some(exact) => quoted(exact),
        None => quoted(&part.to_lowercase()),
    };
    name.splitn(2, '.').map(part).collect::<Vec<_>>().join(".")
}

/// Where the database is, and who asks.
struct Server {
    user: String,
    password: Option<String>,
    host: String,
    port: u16,
    name: String,
}

impl Server {
    /// What is left empty is what PostgreSQL's own programs would take.
    fn of(target: &Target) -> Result<Server, Error> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let or_env = |text: &str, name| given(text).or_else(|| env::var(name).ok().filter(|text| !text.is_empty()));
        let user = or_env(&target.user, "PGUSER").or_else(login).unwrap_or_else(|| "postgres".into());
        let name = or_env(&target.name, "PGDATABASE").unwrap_or_else(|| user.clone());
        let port = match (target.port, env::var("PGPORT")) {
            (Some(port), _) => port,
            (None, Ok(port)) if !port.is_empty() => {
                port.parse().map_err(|_| Error::new("PGPORT", format!("'{port}' is no port")))?
            }
            (None, _) => PORT,
        };
        let socket = || SOCKETS.iter().find(|folder| fs::exists(format!("{folder}/.s.PGSQL.{port}")).unwrap_or(false));
        let host = or_env(&target.host, "PGHOST").or_else(|| socket().map(|folder| (*folder).to_owned()));
        let host = host.unwrap_or_else(|| SOCKETS[0].to_owned());
        let mut server = Server { user, password: None, host, port, name };
        server.password = or_env(&target.password, "PGPASSWORD").or_else(|| server.kept_password());
        Ok(server)
    }

    /// The password in ~/.pgpass, or the file that PGPASSFILE names. One that others may read is none, as elsewhere.
    fn kept_password(&self) -> Option<String> {
        use std::os::unix::fs::PermissionsExt;
        let own = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
        let file = env::var_os("PGPASSFILE").map(PathBuf::from).or_else(own)?;
        let facts = fs::metadata(&file).ok()?;
        if !facts.is_file() || facts.permissions().mode() & 0o077 != 0 {
            return None;
        }
        let usual = self.host.is_empty() || SOCKETS.contains(&self.host.as_str());
        let host = if usual { "localhost" } else { &self.host };
        let wanted = password::Wanted { host, port: self.port, name: &self.name, user: &self.user };
        password::find(&fs::read_to_string(file).ok()?, &wanted)
    }

    fn connect(&self) -> Result<Client, Error> {
        let mut config = Config::new();
        config.user(&self.user).dbname(&self.name).host(&self.host).port(self.port);
        config.application_name("flow-export").connect_timeout(PATIENCE);
        if let Some(password) = &self.password {
            config.password(password);
        }
        config.connect(NoTls).map_err(|error| Error::new(self, explained(&error)))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { user, password: _, host, port, name } = self;
        write!(f, "PostgreSQL at {host} port {port}, database {name}, user {user}")
    }
}

/// The name of the account.
fn login() -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.name)
}

/// What went wrong while lines were handed over.
fn said(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<postgres::Error>());
    inner.map_or_else(|| error.to_string(), explained)
}

/// An error in the server's own words where there are any: message, detail, and (of a line of flows) where.
fn explained(error: &postgres::Error) -> String {
    let Some(server) = error.as_db_error() else {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        return text;
    };
    let mut text = server.message().to_owned();
    for more in [server.detail(), server.hint(), server.where_()].into_iter().flatten() {
        text = format!("{text}; {more}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_as_in_sql() {
        assert_eq!(table("Flows"), r#""flows""#);
        assert_eq!(table("net.flows"), r#""net"."flows""#);
        assert_eq!(table(r#"net."Flows""#), r#""net"."Flows""#);
        assert_eq!(table(r#"a"; DROP TABLE b; --"#), r#""a""; drop table b; --""#);
    }
}
