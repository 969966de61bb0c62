//! One page of all that flow-scan keeps: it asks nobody for anything, wherever it is opened.
//!
//! All numbers are in the page. Those of an RRD are a text of their own ([`pack`] says how it is made), which the page
//! unpacks when it is to be shown; what there is to choose from, exporters and times stand in one JSON text. The page's
//! program and style are the files beside this one, put together as they are.

mod boards;
mod exporters;
mod pack;
mod read;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::board::Score;
use super::config::Config;
use super::json::Json;
use super::scan::{STEP, kept, replace};
use super::state::State;
use super::view::{Catalogue, Report};
use super::{Error, scan};
use boards::Boards;
use exporters::Exporter;
use read::Shelves;

/// The page, with places for what differs.
const PAGE: &str = include_str!("page.html");
/// How it looks.
const STYLE: &str = concat!(include_str!("style.css"), include_str!("parts.css"));
/// Its program, in order.
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("format.js"),
    include_str!("data.js"),
    include_str!("scale.js"),
    include_str!("view.js"),
    include_str!("stack.js"),
    include_str!("chart.js"),
    include_str!("cursor.js"),
    include_str!("zoom.js"),
    include_str!("menu.js"),
    include_str!("legend.js"),
    include_str!("boards.js"),
    include_str!("exporters.js"),
    include_str!("main.js"),
    "})();\n"
);

/// Seconds without flows after which an exporter is silent, and data are old.
const SILENT: u64 = if 3 * STEP > 900 { 3 * STEP } else { 900 };

/// Where the data are that a page is made of.
#[derive(Clone, PartialEq, Debug)]
pub struct Site<'c> {
    /// What is counted.
    pub config: &'c Config,
    /// The RRDs.
    pub catalogue: Catalogue,
    /// What flow-scan remembers.
    pub state: PathBuf,
}

/// A page, and what had to be left out of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Made {
    /// The page.
    pub html: String,
    /// What was wrong, a line each.
    pub problems: Vec<String>,
}

impl Site<'_> {
    /// Makes the page. RRDs that are missing or refused are left out and told.
    ///
    /// # Errors
    ///
    /// rrdtool is missing, or gone.
    pub fn make(&self) -> Result<Made, Error> {
        let mut problems = Vec::new();
        let shelves = Shelves::read(&self.catalogue, &mut problems)?;
        let state = remembered(&self.state, State::parse, &mut problems);
        let made = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let exporters = Exporter::all(self.config, &state, shelves.newest, made);
        let average = self.config.aggregate.as_ref().map(|board| {
            let score = remembered(Path::new(&board.data), Score::parse, &mut problems);
            (score, board.top)
        });
        let boards = Boards::read(self.config.scoreboard.as_ref().map(|board| Path::new(&board.data)), average);
        let json = self.json(&shelves, &exporters, made);
        let texts = || {
            let rrds = shelves.rrds.iter().map(|rrd| (format!("rrd{}", rrd.number), &rrd.text));
            rrds.chain([("boards".to_owned(), &boards.text)])
        };
        let long: usize = texts().map(|(_, text)| text.len() + 100).sum();
        let mut html = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + json.len() + long);
        for piece in PAGE.split("{{").flat_map(|piece| piece.split("}}")) {
            match piece {
                "style" => html.push_str(STYLE),
                "script" => html.push_str(SCRIPT),
                "site" => html.push_str(&json),
                "blobs" => texts().for_each(|(id, text)| {
                    html.extend(["<script type=\"application/octet-stream\" id=\"", &id, "\">", text, "</script>\n"]);
                }),
                text => html.push_str(text),
            }
        }
        Ok(Made { html, problems })
    }

    /// What there is to choose from, and all that is not numbers of RRDs.
    fn json(&self, shelves: &Shelves, exporters: &[Exporter], made: u64) -> String {
        let all = &self.catalogue;
        let mut json = Json::default();
        json.object(|json| {
            json.key("version").text(env!("CARGO_PKG_VERSION"));
            json.key("made").number(made);
            json.key("newest").number(shelves.newest);
            json.key("oldest").number(shelves.oldest);
            json.key("step").number(shelves.step.unwrap_or(STEP));
            json.key("silent").number(SILENT);
            json.key("reports").array(Report::ALL, |json, report| {
                json.object(|json| {
                    json.key("word").text(report.word());
                    json.key("unit").text(report.unit());
                    json.key("factor").number(report.factor() as u64);
                    json.key("sources").array(report.places(), |json, at| json.number(at));
                });
            });
            json.key("routers").array(&all.routers, item);
            json.key("groups").array(&all.groups, |json, group| {
                json.object(|json| {
                    json.key("word").text(group.by.word());
                    json.key("title").text(group.by.title());
                    json.key("items").array(&group.items, item);
                });
            });
            json.key("shapes").array(&shelves.shapes, |json, shape| {
                json.array(shape, |json, archive| {
                    json.array([archive.step, archive.end, archive.rows], |json, n| json.number(n));
                });
            });
            json.key("folders").array(0..=all.routers.len(), |json, folder| {
                json.object(|json| {
                    for rrd in shelves.rrds.iter().filter(|rrd| rrd.folder == folder) {
                        json.key(&rrd.stem).array([rrd.number, rrd.shape], |json, n| json.number(n as u64));
                    }
                });
            });
            json.key("missing").array(&shelves.missing, |json, name| json.text(name));
            json.key("exporters").array(exporters, |json, exporter| exporter.put(json));
        });
        json.text
    }
}

fn item(json: &mut Json, item: &super::view::Item) {
    json.object(|json| {
        json.key("label").text(item.label.as_str());
        json.key("colour").text(&item.colour.css());
        json.key("stems").array(&item.stems, |json, stem| json.text(stem));
    });
}

/// What flow-scan keeps in a file; where there is none, nothing.
fn remembered<T: Default>(path: &Path, parse: fn(&str) -> Result<T, usize>, problems: &mut Vec<String>) -> T {
    kept(path, parse).unwrap_or_else(|error| {
        problems.push(error.to_string());
        T::default()
    })
}

/// Writes a page as `index.html` of a folder, which is made if it is missing: whoever reads it finds it whole.
///
/// # Errors
///
/// The system refuses it.
pub fn write(folder: &Path, html: &str) -> Result<PathBuf, scan::Error> {
    fs::create_dir_all(folder).map_err(|error| scan::Error::io(folder, error))?;
    let page = folder.join("index.html");
    replace(&page, html)?;
    Ok(page)
}
