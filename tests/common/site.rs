//! A page of graphs, what it was made of, and what it draws.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use flowtools::flow::symbols::Symbols;
use flowtools::graph::config::{Categories, Config};
use flowtools::graph::view::{By, Catalogue, Report, TOTAL};
use flowtools::graph::{Consolidation, Rrdtool};
use flowtools::select::config::{Sources, Variables};
use serde_json::Value;

use super::chromium::Browser;
use super::common::traffic::{CONFIG, T, flows, stored};
use super::common::{run_in, stderr};

const SCAN: &str = env!("CARGO_BIN_EXE_flow-scan");
pub const GRAPH: &str = env!("CARGO_BIN_EXE_flow-graph");

/// Labels that would be markup if they were let, a router that never sends, and scoreboards.
const MORE: &str = "\
Network 10.0.0.0/9 <b>&amp;
Service 9999/17 <img>
Router 192.0.2.99 quiet
Scoreboard 5 board board/latest.html
AggregateScore 5 board/average.txt board/average.html
";

/// Periods of five minutes with flows: an hour; and, sixty hours later, three more with a hole.
const PERIODS: [std::ops::Range<u64>; 3] = [0..12, 720..745, 748..756];
/// When the exporter edge sends its last.
pub const SILENT: u64 = 740;
/// When the data end, seconds since 1970.
pub const END: u64 = T + 300 * 756;

/// A folder with RRDs and a page, made once.
pub fn made() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("site");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("flows")).unwrap();
        fs::write(folder.join("CUFlow.cf"), format!("{CONFIG}{MORE}")).unwrap();
        for period in PERIODS.into_iter().flatten() {
            for six in [false, true] {
                let start = T + 300 * period;
                let mut flows = flows(start, six, 30);
                flows.retain(|flow| period < SILENT || flow.exporter.octets()[3] != 1);
                fs::write(folder.join(format!("flows/ft-{period:03}-{six}")), stored(start, &flows)).unwrap();
            }
        }
        let scanned = run_in(&folder, SCAN, &["-q", "flows"], b"");
        assert_eq!((scanned.status.code(), stderr(&scanned).as_str()), (Some(0), ""));
        let graphed = run_in(&folder, GRAPH, &["--site", "page/below"], b"");
        assert_eq!((graphed.status.code(), stderr(&graphed).as_str()), (Some(0), ""));
        folder
    })
}

/// The page's address, with a link to a view.
pub fn address(link: &str) -> String {
    format!("file://{}/page/below/index.html{link}", made().display())
}

pub fn catalogue() -> Catalogue {
    let text = fs::read_to_string(made().join("CUFlow.cf")).unwrap();
    let mut sources = Sources::new(Variables::default(), move |_| Ok(text.clone()));
    let mut config = Config::read(&mut sources, "CUFlow.cf", &Symbols::default()).unwrap();
    config.categories = Categories::built_in();
    Catalogue::of(&config, &made().join("rrds"))
}

/// What rrdtool says.
pub struct Rrds {
    tool: Rrdtool,
    known: HashMap<(String, u64), BTreeMap<u64, [f64; 6]>>,
    pub all: Catalogue,
}

impl Rrds {
    pub fn open() -> Rrds {
        let tool = Rrdtool::start().unwrap_or_else(|why| panic!("these tests need rrdtool: {why}"));
        Rrds { tool, known: HashMap::new(), all: catalogue() }
    }

    /// The rows of so many seconds that an RRD's archive has, by their ends.
    fn rows(&mut self, router: Option<usize>, stem: &str, step: u64) -> &BTreeMap<u64, [f64; 6]> {
        let router = router.map(|at| &self.all.routers[at].label);
        let file = self.all.path(router, stem).to_str().unwrap().to_owned();
        let tool = &mut self.tool;
        self.known.entry((file.clone(), step)).or_insert_with(|| {
            let last = *tool.last(&[&file]).unwrap()[0].as_ref().unwrap() as u64;
            let end = last - last % step;
            let from = end - 600 * step;
            let fetched = tool.fetch(&file, Consolidation::Average, [from as i64, end as i64], step).unwrap();
            let rows = fetched.rows.into_iter().filter(|(time, _)| (from + 1..=end).contains(&(*time as u64)));
            rows.map(|(time, values)| (time as u64, values.try_into().unwrap())).collect()
        })
    }

    /// What a label comes to in a row: in and out, or that it is unknown. `None` where the archive has no such row.
    fn value(&mut self, item: &Expected, report: Report, step: u64, time: u64) -> Option<[f64; 2]> {
        let source = report as usize * 2;
        let mut sum = [0.0; 2];
        for stem in &item.stems {
            let row = *self.rows(item.router, stem, step).get(&time)?;
            (0..2).for_each(|way| sum[way] += row[source + way] * report.factor());
        }
        Some(sum)
    }

    /// The labels of a dimension (`total` has only the line), then the total.
    pub fn expected(&self, by: &str, router: Option<usize>) -> Vec<Expected> {
        let item =
            |label: &str, stems: &[String], router| Expected { label: label.to_owned(), stems: stems.to_vec(), router };
        let mut list: Vec<Expected> = match By::ALL.into_iter().find(|known| known.word() == by) {
            Some(by) => self.all.items(by).iter().map(|i| item(i.label.as_str(), &i.stems, router)).collect(),
            None if by == "router" => {
                let routers = self.all.routers.iter().enumerate();
                routers.map(|(at, router)| item(router.label.as_str(), &router.stems, Some(at))).collect()
            }
            None => Vec::new(),
        };
        list.push(item(":total", &[TOTAL.to_owned()], router.filter(|_| by != "router")));
        list
    }
}

/// A label, and the RRDs whose sum it is.
#[derive(Clone, Debug)]
pub struct Expected {
    pub label: String,
    stems: Vec<String>,
    router: Option<usize>,
}

/// What the page has drawn.
pub struct Plot {
    pub from: f64,
    pub to: f64,
    pub step: f64,
    left: f64,
    width: f64,
    zero: f64,
    unit: f64,
    /// Class, label, way, and the edge away from zero: x from, x to, y.
    pub shapes: Vec<(String, String, String, Vec<[f64; 3]>)>,
}

impl Plot {
    pub fn read(browser: &mut Browser) -> Plot {
        let read = browser.value(
            "(() => { const p = document.getElementById('plot'); return { ...p.dataset, shapes: \
             [...p.querySelectorAll('path[data-label]')].map((e) => \
             [e.getAttribute('class'), e.dataset.label, e.dataset.way, e.getAttribute('d')]) }; })()",
        );
        let number = |key: &str| read[key].as_str().unwrap().parse::<f64>().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let shapes = read["shapes"].as_array().unwrap().iter();
        let shapes = shapes.map(|s| (text(&s[0]), text(&s[1]), text(&s[2]), edge(s[3].as_str().unwrap()))).collect();
        let [from, to, step] = ["from", "to", "step"].map(number);
        let [left, width, zero, unit] = ["left", "width", "zero", "unit"].map(number);
        Plot { from, to, step, left, width, zero, unit, shapes }
    }

    /// Where a time is, in the drawing.
    pub fn x(&self, time: f64) -> f64 {
        self.left + (time - self.from) / (self.to - self.from) * self.width
    }

    /// Ends of the rows that are shown, with the middle of what is shown of each.
    pub fn rows(&self) -> Vec<(u64, f64)> {
        let mut rows = Vec::new();
        let mut time = ((self.from / self.step).floor() + 1.0) * self.step;
        while time - self.step < self.to {
            rows.push((time as u64, ((time - self.step).max(self.from) + time.min(self.to)) / 2.0));
            time += self.step;
        }
        rows
    }

    /// The value at which a shape ends away from zero.
    fn value(&self, class: &str, label: &str, way: usize, time: f64) -> Option<f64> {
        let (x, way) = (self.x(time), ["in", "out"][way]);
        let shape = self.shapes.iter().find(|shape| shape.0.starts_with(class) && shape.1 == label && shape.2 == way);
        let (.., edge) = shape.unwrap_or_else(|| panic!("no {class} {label} {way}"));
        let y = edge.iter().find(|[from, to, _]| (*from..*to).contains(&x))?[2];
        Some((self.zero - y).abs() / self.unit)
    }

    /// All that is drawn of a view is what RRDs hold, summed up as it is stacked; how many values that were.
    pub fn compare(&self, rrds: &mut Rrds, report: Report, items: &[Expected]) -> usize {
        let mut compared = 0;
        for (time, middle) in self.rows() {
            let mut sums = [0.0; 2];
            for item in items {
                // The last row of a coarse archive is not there before it is over.
                let Some(values) = rrds.value(item, report, self.step as u64, time) else { continue };
                for way in 0..2 {
                    let total = item.label == ":total";
                    let class = if total { "line total" } else { "area" };
                    let drawn = self.value(class, &item.label, way, middle);
                    assert_eq!(drawn.is_none(), values[way].is_nan(), "{} {way} {time}", item.label);
                    let Some(drawn) = drawn else { continue };
                    let expected = if total { values[way] } else { sums[way] + values[way] };
                    let slack = 0.02 / self.unit + 3e-5 * expected;
                    assert!((drawn - expected).abs() <= slack, "{} {way} {time}: {drawn} {expected}", item.label);
                    sums[way] = expected;
                    compared += 1;
                }
            }
        }
        compared
    }

    /// The box under the mouse says what RRDs hold, to the digits it has.
    pub fn hover(&self, browser: &mut Browser, rrds: &mut Rrds, report: Report, items: &[Expected], row: usize) {
        let (time, middle) = self.rows()[row];
        let corner = browser.value(
            "(() => { const r = document.getElementById('plot').getBoundingClientRect(); return [r.x, r.y]; })()",
        );
        let (x, y) = (corner[0].as_f64().unwrap() + self.x(middle), corner[1].as_f64().unwrap() + 60.0);
        browser.mouse("mouseMoved", [x, y], 0);
        browser.wait("!document.getElementById('box').hidden");
        let read = browser.value(
            "[...document.querySelectorAll('#box tbody tr:not([data-label=\":neither\"])')].map((tr) => \
             [tr.dataset.label, tr.cells[1].textContent, tr.cells[2].textContent])",
        );
        assert_eq!(read.as_array().unwrap().len(), items.len());
        for item in items {
            let row = read.as_array().unwrap().iter().find(|row| row[0] == item.label.as_str()).unwrap();
            let Some(values) = rrds.value(item, report, self.step as u64, time) else { continue };
            for way in 0..2 {
                let said = row[way + 1].as_str().unwrap();
                assert!(same(said, values[way]), "{} {way} {time}: {said} {}", item.label, values[way]);
            }
        }
    }
}

/// Whether a number as people read it is this one, to three digits.
pub fn same(said: &str, value: f64) -> bool {
    if said == "–" {
        return value.is_nan();
    }
    if said == "<0.001" {
        return value < 0.0005;
    }
    let factor = said.chars().last().and_then(|last| "kMGTPE".find(last)).map_or(1.0, |at| 1000f64.powi(at as i32 + 1));
    let number: f64 = said.trim_end_matches(|c: char| c.is_alphabetic()).parse().unwrap();
    (number * factor - value).abs() <= value * 0.0055 + 0.0005
}

/// A path's edge away from zero: its steps to the right.
fn edge(path: &str) -> Vec<[f64; 3]> {
    let (mut x, mut y, mut steps) = (0.0, 0.0, Vec::new());
    let mut rest = path;
    while let Some(kind) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1);
        let numbers: Vec<f64> = rest[1..end].split_whitespace().map(|number| number.parse().unwrap()).collect();
        match (kind, numbers.as_slice()) {
            ('M', [to_x, to_y]) => (x, y) = (*to_x, *to_y),
            ('V', [to]) => y = *to,
            ('H', [to]) => {
                if *to > x {
                    steps.push([x, *to, y]);
                }
                x = *to;
            }
            _ => assert_eq!(kind, 'Z', "{path}"),
        }
        rest = &rest[end..];
    }
    steps
}
