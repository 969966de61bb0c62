//! The control socket: flow-sensorctl's commands, one a connection, answered in text.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Sensor;

/// A control socket that is open.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Opens it. One that a sensor left behind is replaced.
    pub fn bind(path: &Path) -> Result<Control, String> {
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Control { listener, path: path.to_owned() })
    }
}

/// Serves commands in a thread of its own for as long as the program runs: so far only the one to end.
pub fn serve(control: Control, sensor: Arc<Sensor>) -> io::Result<()> {
    let Control { listener, path } = control;
    let work = move || {
        for stream in listener.incoming().flatten() {
            let mut command = String::new();
            match BufReader::new(stream).take(128).read_line(&mut command) {
                Ok(_) if command.trim() == "shutdown" => return sensor.shut_down(),
                _ => sensor.log.debug(1, || format!("{}: an unknown command", path.display())),
            }
        }
    };
    std::thread::Builder::new().name("control".into()).spawn(work).map(drop)
}
