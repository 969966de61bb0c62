//! flow-graph: what flow-scan counted, as pictures.

use std::fs;
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Local, TimeZone};
use flowtools::cli::cuflow::config;
use flowtools::cli::flow_graph::{Args, Format};
use flowtools::cli::run::{complain, stdout};
use flowtools::cli::{Exit, Failure, program, zone};
use flowtools::file::replace_soon;
use flowtools::graph::draw::{Look, draw};
use flowtools::graph::site::{Site, write};
use flowtools::graph::view::{Catalogue, Picture};
use flowtools::graph::{Error, Rrdtool};

const NAME: &str = "flow-graph";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    match &args.site {
        Some(folder) => site(&args, folder),
        None => picture(&args),
    }
}

/// Makes the page of everything.
fn site(args: &Args, folder: &Path) -> Result<Exit, Failure> {
    let (config, output) = config(NAME, &args.config)?;
    let state = args.state.clone().unwrap_or_else(|| output.join("flow-scan.state"));
    let site = Site { config: &config, catalogue: Catalogue::of(&config, &output), state };
    let made = site.make().map_err(|error| Failure::Failed(error.to_string()))?;
    made.problems.iter().for_each(|problem| complain(NAME, problem));
    write(folder, &made.html).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(if made.problems.is_empty() { Exit::Fine } else { Exit::Partly })
}

/// Draws one view.
fn picture(args: &Args) -> Result<Exit, Failure> {
    let format = args.written()?;
    if args.output.is_none() && io::stdout().is_terminal() {
        return Err(Failure::Usage("expected -o FILE.svg, FILE.png or FILE.json; see flow-graph --help".into()));
    }
    let now = Local::now();
    let view = args.view(now)?;
    let (config, folder) = config(NAME, &args.config)?;
    let catalogue = Catalogue::of(&config, &folder);
    let choice = view.choose(&catalogue).map_err(|unknown| Failure::Usage(unknown.to_string()))?;
    // A row needs a pixel to be seen.
    let most = if format == Format::Json { usize::MAX } else { args.width as usize };
    let mut rrdtool = Rrdtool::start().map_err(failed)?;
    let (picture, problems) = Picture::read(&mut rrdtool, &catalogue, &view, &choice, most).map_err(failed)?;
    rrdtool.finish().map_err(failed)?;
    problems.iter().for_each(|problem| complain(NAME, problem));
    if !picture.any() {
        complain(NAME, nothing(&picture));
    }
    let made = made(&picture, args, format, now)?;
    put(args.file(), &made)?;
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Partly })
}

fn made(picture: &Picture, args: &Args, format: Format, now: DateTime<Local>) -> Result<Vec<u8>, Failure> {
    let name = zone::name(now);
    let look = Look { size: [args.width, args.height], theme: args.theme(), zone: &name };
    match format {
        Format::Json => Ok(picture.json().into_bytes()),
        Format::Svg => Ok(draw(picture, &look, &Local).svg().into_bytes()),
        Format::Png => draw(picture, &look, &Local).png().map_err(Failure::Failed),
    }
}

/// Writes a picture: whoever looks at the file finds the old or the new one.
fn put(file: Option<&Path>, made: &[u8]) -> Result<(), Failure> {
    let Some(file) = file else {
        return stdout()?.write_all(made).map_err(Failure::stdout);
    };
    // What is no file (a device, a named pipe) is written to, and stays.
    match fs::metadata(file) {
        Ok(found) if !found.is_file() => fs::write(file, made).map_err(|error| Failure::io(file.display(), &error)),
        _ => replace_soon(file, made).map_err(|error| Failure::io(file.display(), &error)),
    }
}

/// That a picture is empty, and until when there would be something to see.
fn nothing(picture: &Picture) -> String {
    let time = |time: i64| match Local.timestamp_opt(time, 0).earliest() {
        Some(time) => time.format("%Y-%m-%d %H:%M").to_string(),
        None => time.to_string(),
    };
    let [from, to] = picture.period.map(time);
    let until = picture.until.map_or(String::new(), |until| format!("; the last is of {}", time(until)));
    format!("there are no numbers from {from} to {to}{until}")
}

fn failed(error: Error) -> Failure {
    Failure::Failed(error.to_string())
}
