//! flow-sensorctl: asks or tells a running sensor.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use flowtools::cli::flow_sensorctl::Args;
use flowtools::cli::{Exit, Failure, program};
use flowtools::sense::command::{FAILED, UNKNOWN};

/// A sensor that has begun to answer, or is to begin, has so long for more.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let line = args.line()?;
    let shown = args.control.display();
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Failed(format!("{shown}: the sensor does not answer")),
        _ => Failure::io(&shown, &error),
    };
    let mut stream = UnixStream::connect(&args.control).map_err(|error| unheard(&args.control, &error))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.write_all(line.as_bytes()).map_err(failed)?;
    // softflowd would take the end of a line's connection for the end of all.
    let begun = print(&mut stream, failed)?;
    let _ = stream.shutdown(Shutdown::Both);
    verdict(&begun, line.trim_end())
}

/// Prints the answer, and says how it begins.
fn print(stream: &mut UnixStream, failed: impl Fn(io::Error) -> Failure) -> Result<Vec<u8>, Failure> {
    let (mut begun, mut octets) = (Vec::new(), vec![0; 1 << 16]);
    let mut out = io::stdout().lock();
    loop {
        let read = match stream.read(&mut octets) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // A sensor that ends may do so before we have read.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            read => read.map_err(&failed)?,
        };
        let piece = octets.get(..read).unwrap_or_default();
        if begun.len() < 1 << 12 {
            begun.extend_from_slice(piece);
        }
        if piece.is_empty() {
            return Ok(begun);
        }
        // What failed is said on standard error, by us.
        if !is_failure(&begun) {
            out.write_all(piece).map_err(Failure::stdout)?;
        }
    }
}

fn is_failure(begun: &[u8]) -> bool {
    begun.starts_with(FAILED.as_bytes()) || begun.starts_with(UNKNOWN.as_bytes())
}

/// Whether the sensor did as it was told.
fn verdict(begun: &[u8], line: &str) -> Result<Exit, Failure> {
    let said = String::from_utf8_lossy(begun);
    if let Some(why) = said.strip_prefix(FAILED) {
        return Err(Failure::Failed(why.trim_end().to_owned()));
    }
    if said.starts_with(UNKNOWN) {
        return Err(Failure::Failed(format!("the sensor does not know '{line}': it is another program or version")));
    }
    if begun.is_empty() {
        return Err(Failure::Failed(format!("the sensor has not answered '{line}'")));
    }
    Ok(Exit::Fine)
}

/// Why nobody hears us, and what helps.
fn unheard(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::Failed(match error.kind() {
        ErrorKind::NotFound => format!("{shown}: there is no control socket; give the sensor's -c, if it runs"),
        ErrorKind::ConnectionRefused => format!("{shown}: no sensor listens there any more; start it again"),
        ErrorKind::PermissionDenied => format!("{shown}: permission denied; ask as root, or as the sensor's user"),
        _ => format!("{shown}: {error}"),
    })
}
