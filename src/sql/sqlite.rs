//! SQLite: a database in a file, for one machine.

use std::path::Path;

use rusqlite::{Connection, Statement};

use super::{Error, Kind, Sink, definitions, names, quoted};
use crate::print::CsvFields;

/// Puts what `fill` hands over into a table of the file, in one transaction: if `fill` fails, or the database does,
/// nothing is there. A file or a table that does not exist is made.
///
/// # Errors
///
/// Those of `fill`, and what SQLite says.
pub fn load<T, E: From<Error>>(
    file: &Path,
    table: &str,
    fields: CsvFields,
    fill: impl FnOnce(&mut dyn Sink) -> Result<T, E>,
) -> Result<T, E> {
    let place = format!("{}, table {table}", file.display());
    let wrong = |error: rusqlite::Error| E::from(Error::new(&place, error));

    let mut database = Connection::open(file).map_err(wrong)?;
    let transaction = database.transaction().map_err(wrong)?;
    let table = quoted(table);
    let made = format!("CREATE TABLE IF NOT EXISTS {table} ({})", definitions(fields, type_of));
    transaction.execute_batch(&made).map_err(wrong)?;
    let columns = fields.columns().len();
    let marks = vec!["?"; columns].join(", ");
    let insert = format!("INSERT INTO {table} ({}) VALUES ({marks})", names(fields));
    let statement = transaction.prepare(&insert).map_err(wrong)?;
    let mut rows = Rows { statement, columns, place: &place };
    let done = fill(&mut rows)?;
    drop(rows);
    transaction.commit().map_err(wrong)?;
    Ok(done)
}

/// What a column is made as. Numbers come as text: SQLite makes integers of them.
fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "TEXT",
        Kind::Counter | Kind::Long | Kind::Short | Kind::Octet => "INTEGER",
    }
}

struct Rows<'a, 'b> {
    statement: Statement<'a>,
    columns: usize,
    place: &'b str,
}

impl Rows<'_, '_> {
    fn put(&mut self, lines: &str) -> rusqlite::Result<()> {
        for line in lines.lines() {
            for (at, value) in (1..=self.columns).zip(line.split(',')) {
                self.statement.raw_bind_parameter(at, value)?;
            }
            self.statement.raw_execute()?;
        }
        Ok(())
    }
}

impl Sink for Rows<'_, '_> {
    fn lines(&mut self, lines: &[u8]) -> Result<(), Error> {
        let lines = std::str::from_utf8(lines).map_err(|error| Error::new(self.place, error))?;
        self.put(lines).map_err(|error| Error::new(self.place, error))
    }
}
