//! A process that answers commands in their order, each by lines up to one that says `OK` or `ERROR`.
//!
//! Commands are written without waiting for the answers before them. So that neither side ever waits for the other to
//! read, a thread takes the answers as they come, and no more commands are under way than it has room for answers.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::Error;

/// Commands under way at most.
const WINDOW: usize = 256;
/// Octets of an answer at most: those of a fetch of years.
const LONGEST: usize = 64 << 20;

/// An answer: what was said before `OK`, or why not.
pub(super) type Answer = Result<String, String>;

/// The process, and what it has been told and not answered yet; a `T` says what each was about.
#[derive(Debug)]
pub(super) struct Pipe<T> {
    child: Child,
    stdin: Option<BufWriter<ChildStdin>>,
    answers: Receiver<Answer>,
    waiting: VecDeque<T>,
}

impl<T> Pipe<T> {
    pub fn start(mut command: Command) -> Result<Pipe<T>, Error> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| Error::start(&e))?;
        let (tell, answers) = sync_channel(WINDOW);
        let stdin = child.stdin.take().map(BufWriter::new);
        if let Some(stdout) = child.stdout.take() {
            let reader = std::thread::Builder::new().name("answers".into());
            reader.spawn(move || read(stdout, &tell)).map_err(|e| Error::start(&e))?;
        }
        Ok(Pipe { child, stdin, answers, waiting: VecDeque::new() })
    }

    /// Sends a command, a line. Where too many are under way, `heard` is handed answers first.
    pub fn send(&mut self, line: &str, about: T, heard: &mut impl FnMut(T, Answer)) -> Result<(), Error> {
        if self.waiting.len() >= WINDOW {
            // Half of them, so that the process has something to do while more are sent.
            self.hear(WINDOW / 2, heard)?;
        }
        let sent =
            self.stdin.as_mut().map(|stdin| stdin.write_all(line.as_bytes()).and_then(|()| stdin.write_all(b"\n")));
        self.waiting.push_back(about);
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(self.gone()),
        }
    }

    /// Hears answers until no more than `left` commands are under way.
    pub fn hear(&mut self, left: usize, heard: &mut impl FnMut(T, Answer)) -> Result<(), Error> {
        if self.waiting.len() > left && self.stdin.as_mut().is_none_or(|stdin| stdin.flush().is_err()) {
            return Err(self.gone());
        }
        while self.waiting.len() > left {
            let Ok(answer) = self.answers.recv() else { return Err(self.gone()) };
            if let Some(about) = self.waiting.pop_front() {
                heard(about, answer);
            }
        }
        Ok(())
    }

    /// Lets the process end, when all has been heard.
    pub fn finish(mut self, heard: &mut impl FnMut(T, Answer)) -> Result<(), Error> {
        self.hear(0, heard)?;
        drop(self.stdin.take());
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(self.gone()),
        }
    }

    /// The process has ended of itself.
    fn gone(&mut self) -> Error {
        drop(self.stdin.take());
        Error::Gone(self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string()))
    }
}

impl<T> Drop for Pipe<T> {
    fn drop(&mut self) {
        // With no more to come it ends; it never has more answers to give than there is room for.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Takes answers until there are no more. One that is too long to be one ends it.
fn read(stdout: ChildStdout, tell: &SyncSender<Answer>) {
    let mut stdout = BufReader::new(stdout);
    let (mut text, mut line) = (String::new(), Vec::new());
    loop {
        line.clear();
        let room = (LONGEST - text.len()) as u64;
        match stdout.by_ref().take(room).read_until(b'\n', &mut line) {
            Ok(read) if read > 0 && line.ends_with(b"\n") => {}
            _ => return,
        }
        let said = String::from_utf8_lossy(&line);
        let answer = if let Some(why) = said.strip_prefix("ERROR: ") {
            Err(why.trim_end().to_owned())
        } else if said.starts_with("OK u:") {
            Ok(std::mem::take(&mut text))
        } else {
            text.push_str(&said);
            continue;
        };
        text.clear();
        if tell.send(answer).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell stands for the process: it answers what it is told to.
    fn shell(script: &str) -> Pipe<usize> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Pipe::start(command).unwrap()
    }

    const ECHO: &str = "while read line; do case $line in bad*) echo -1; echo ERROR: $line;; \
                        *) echo $line; echo OK u:0.00 s:0.00 r:0.00;; esac; done";

    #[test]
    fn answers_come_in_order_however_many_are_under_way() {
        let (mut pipe, mut all) = (shell(ECHO), Vec::new());
        let mut heard = |about: usize, answer: Answer| all.push((about, answer));
        for at in 0..3 * WINDOW {
            let word = if at % 7 == 0 { "bad" } else { "good" };
            pipe.send(&format!("{word} {at}"), at, &mut heard).unwrap();
        }
        pipe.finish(&mut heard).unwrap();
        assert_eq!(all.len(), 3 * WINDOW);
        for (at, (about, answer)) in all.into_iter().enumerate() {
            let expected = if at % 7 == 0 { Err(format!("bad {at}")) } else { Ok(format!("good {at}\n")) };
            assert_eq!((about, answer), (at, expected));
        }
    }

    #[test]
    fn an_end_out_of_turn_is_said() {
        let mut heard = |_: usize, _: Answer| ();
        let mut pipe = shell("read line; exit 3");
        let sent = (0..1000).try_for_each(|at| pipe.send("x", at, &mut heard)).and_then(|()| pipe.hear(0, &mut heard));
        let why = sent.unwrap_err().to_string();
        assert!(why.contains("exit status: 3"), "{why}");
    }

    #[test]
    fn left_alone_it_ends() {
        let mut pipe = shell(ECHO);
        (0..10).for_each(|at| pipe.send("x", at, &mut |_, _| ()).unwrap());
        drop(pipe);
    }
}
