//! What a collector has to say: to standard error in the foreground, to syslog as a daemon. Lines are written by a
//! thread of their own, so that a full pipe or a slow disk holds nobody up.

use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines that wait to be written; beyond them lines are counted, not kept.
const WAITING: usize = 1024;
/// Syslog's facility local6, which flow-capture has always used (RFC 3164 section 4.1.1).
const FACILITY: u8 = 22;

/// Where lines go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sink {
    /// Standard error, after the program's name.
    Stderr,
    /// The system's log, through `/dev/log`.
    Syslog,
}

/// How much a line matters: syslog's severities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Severity {
    Warning = 4,
    Info = 6,
}

enum Message {
    Line(Severity, String),
    End,
}

/// A handle to say something; cheap to clone.
#[derive(Clone, Debug)]
pub struct Log {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    debug: Arc<AtomicU8>,
}

/// The thread that writes. [`Writing::end`] waits for what was said so far.
#[derive(Debug)]
pub struct Writing {
    log: Log,
    thread: JoinHandle<()>,
}

impl Log {
    /// Starts the thread. `debug` is the level up to which [`Log::debug`] is heard.
    pub fn start(program: &'static str, sink: Sink, debug: u8) -> io::Result<(Log, Writing)> {
        let (lines, waiting) = sync_channel(WAITING);
        let log = Log { lines, dropped: Arc::default(), debug: Arc::new(AtomicU8::new(debug)) };
        let dropped = log.dropped.clone();
        let thread =
            std::thread::Builder::new().name("log".into()).spawn(move || write(program, sink, &waiting, &dropped))?;
        Ok((log.clone(), Writing { log, thread }))
    }

    /// Says that something is not as it should be.
    pub fn warn(&self, text: impl Into<String>) {
        self.say(Severity::Warning, text.into());
    }

    /// Says what happens in the ordinary course of things.
    pub fn info(&self, text: impl Into<String>) {
        self.say(Severity::Info, text.into());
    }

    /// Says something only from debug level `level` on.
    pub fn debug(&self, level: u8, text: impl FnOnce() -> String) {
        if self.debug.load(Ordering::Relaxed) >= level {
            self.info(text());
        }
    }

    /// Raises the debug level by one, or lowers it.
    pub fn raise(&self, up: bool) {
        let next = |level: u8| Some(if up { level.saturating_add(1) } else { level.saturating_sub(1) });
        let _ = self.debug.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Says what must not be dropped, though it may have to wait for a moment.
    pub fn line(&self, text: String) {
        let mut message = Message::Line(Severity::Info, text);
        for _ in 0..200 {
            match self.lines.try_send(message) {
                Err(TrySendError::Full(back)) => message = back,
                _ => return,
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn say(&self, severity: Severity, text: String) {
        if self.lines.try_send(Message::Line(severity, text)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Writing {
    /// Writes what has been said, for two seconds at most, and ends the thread.
    pub fn end(self) {
        let until = Instant::now() + Duration::from_secs(2);
        while self.log.lines.try_send(Message::End).is_err() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        while !self.thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn write(program: &str, sink: Sink, lines: &Receiver<Message>, dropped: &AtomicU64) {
    let mut syslog = Syslog::default();
    let mut put = |severity: Severity, text: &str| match sink {
        Sink::Stderr => {
            let _ = writeln!(io::stderr(), "{program}: {text}");
        }
        Sink::Syslog => syslog.put(program, severity, text),
    };
    while let Ok(Message::Line(severity, text)) = lines.recv() {
        put(severity, &text);
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            n => put(
                Severity::Warning,
                &format!("{n} lines of log were dropped: they came faster than could be written"),
            ),
        }
    }
}

/// The system's log. A logger that is restarted is found again.
#[derive(Default)]
struct Syslog {
    socket: Option<UnixDatagram>,
}

impl Syslog {
    fn put(&mut self, program: &str, severity: Severity, text: &str) {
        let time = chrono::Local::now().format("%b %e %H:%M:%S");
        let priority = FACILITY * 8 + severity as u8;
        let line = format!("<{priority}>{time} {program}[{}]: {text}", std::process::id());
        for _ in 0..2 {
            let socket = self.socket.take().or_else(|| {
                let socket = UnixDatagram::unbound().ok()?;
                socket.connect("/dev/log").ok().map(|()| socket)
            });
            // No logger at all: there is nobody left to tell.
            let Some(socket) = socket else { return };
            if socket.send(line.as_bytes()).is_ok() {
                self.socket = Some(socket);
                return;
            }
        }
    }
}

/// Lets the same complaint through once in a while only.
#[derive(Debug, Default)]
pub struct Bounded {
    last: Option<Instant>,
    held: u64,
}

impl Bounded {
    /// The same complaint is made so often at most.
    const EVERY: Duration = Duration::from_secs(10);

    /// Counts a complaint, and runs `say` if it is time to make it, with what to add about those held back.
    pub fn complain(&mut self, say: impl FnOnce(&str)) {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < Bounded::EVERY) {
            self.held += 1;
            return;
        }
        self.last = Some(now);
        match std::mem::take(&mut self.held) {
            0 => say(""),
            n => say(&format!(" ({n} more since the last such line)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_complaint_is_held_back_and_counted() {
        let (mut bounded, mut said) = (Bounded::default(), Vec::new());
        for _ in 0..5 {
            bounded.complain(|more| said.push(more.to_owned()));
        }
        assert_eq!(said, [""]);
        bounded.last = Instant::now().checked_sub(Bounded::EVERY);
        bounded.complain(|more| said.push(more.to_owned()));
        assert_eq!(said[1], " (4 more since the last such line)");
    }
}
