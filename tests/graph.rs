//! flow-graph, whose numbers, SVG and PNG must show what rrdtool says the RRDs hold. rrdtool must be installed: Debian's
//! package is rrdtool.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::traffic::{CONFIG, T, flows, stored};
use common::{run_in, stderr};
use flowtools::graph::draw::Font;
use flowtools::graph::{Consolidation, Rrdtool};
use tiny_skia::Pixmap;

const SCAN: &str = env!("CARGO_BIN_EXE_flow-scan");
const GRAPH: &str = env!("CARGO_BIN_EXE_flow-graph");

/// Five minutes each.
const PERIODS: u64 = 24;

/// A folder with CUFlow.cf and its RRDs: two hours with a gap of ten minutes.
fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("CUFlow.cf"), config).unwrap();
    fs::create_dir(folder.path().join("flows")).unwrap();
    for period in (0..PERIODS).filter(|period| !(8..10).contains(period)) {
        let start = T + 300 * period;
        for six in [false, true] {
            let flows = flows(start, six, 30 + period % 7 * 20);
            fs::write(folder.path().join(format!("flows/ft-{period:03}-{six}")), stored(start, &flows)).unwrap();
        }
    }
    let output = run_in(folder.path(), SCAN, &["-q", "flows"], b"");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    folder
}

fn graph(folder: &Path, args: &[&str]) -> Output {
    run_in(folder, GRAPH, args, b"")
}

/// The whole time of the flows.
fn period() -> [String; 2] {
    [format!("-t{T}"), format!("-T{}", T + 300 * PERIODS)]
}

/// A run over that time in which all is well; what it prints.
fn graph_well(folder: &Path, args: &[&str]) -> String {
    let [from, to] = period();
    let output = graph(folder, &[&[from.as_str(), to.as_str()], args].concat());
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What rrdtool says of an RRD's source.
fn fetched(folder: &Path, rrd: &str, source: &str) -> Vec<f64> {
    let mut rrdtool = Rrdtool::start().unwrap_or_else(|why| panic!("these tests need rrdtool: {why}"));
    let file = folder.join("rrds").join(rrd).to_str().unwrap().to_owned();
    let period = [T as i64, (T + 300 * PERIODS) as i64];
    let fetched = rrdtool.fetch(&file, Consolidation::Average, period, 300).unwrap();
    let at = fetched.sources.iter().position(|name| name == source).unwrap();
    let within = fetched.rows.iter().filter(|(time, _)| (period[0] + 1..=period[1]).contains(time));
    within.map(|(_, values)| values[at]).collect()
}

/// The numbers of a list in JSON, the first of a name behind a text; `null` is not a number.
fn list(json: &str, behind: &str, name: &str) -> Vec<f64> {
    let (_, rest) = json.split_once(behind).unwrap_or_else(|| panic!("no {behind}: {json}"));
    let (_, rest) = rest.split_once(&format!("\"{name}\":[")).unwrap();
    let (list, _) = rest.split_once(']').unwrap();
    list.split(',').map(|value| value.parse().unwrap_or(f64::NAN)).collect()
}

fn label(label: &str) -> String {
    format!("\"label\":\"{label}\"")
}

fn same(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

#[test]
fn numbers_are_what_rrdtool_says() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    let json = graph_well(folder, &["--service", "--json"]);
    let times: Vec<f64> = (1..=PERIODS).map(|period| (T + 300 * period) as f64).collect();
    assert_eq!(list(&json, "{", "times"), times);
    for (way, source) in [("in", "in_bytes"), ("out", "out_bytes")] {
        let bits = |rrd: &str| fetched(folder, rrd, source).iter().map(|octets| octets * 8.0).collect::<Vec<_>>();
        assert!(same(&list(&json, "\"total\"", way), &bits("total.rrd")), "{json}");
        for name in ["web", "dns"] {
            let ends = ["src", "dst"].map(|end| bits(&format!("service_{name}_{end}.rrd")));
            let sum: Vec<f64> = ends[0].iter().zip(&ends[1]).map(|(a, b)| a + b).collect();
            assert_eq!(sum.iter().filter(|value| value.is_nan()).count(), 2, "{sum:?}");
            assert!(same(&list(&json, &label(name), way), &sum), "{name}");
        }
    }
    let total: f64 = list(&json, "\"total\"", "in").iter().filter(|value| !value.is_nan()).sum();
    let web = list(&json, &label("web"), "in");
    let known: Vec<f64> = web.into_iter().filter(|value| !value.is_nan()).collect();
    let sum: f64 = known.iter().sum();
    assert_eq!(list(&json, &label("web"), "share")[0], sum / total * 100.0);
    assert_eq!(list(&json, &label("web"), "average")[0], sum / known.len() as f64);
    assert_eq!(list(&json, &label("web"), "maximum")[0], known.into_iter().fold(0.0, f64::max));
    // Other reports, a router's, and each router.
    let json = graph_well(folder, &["--report", "flows", "--network", "labs", "--router", "edge", "--json"]);
    assert!(same(&list(&json, &label("labs"), "out"), &fetched(folder, "edge/network_labs.rrd", "out_flows")));
    assert!(same(&list(&json, "\"total\"", "in"), &fetched(folder, "edge/total.rrd", "in_flows")));
    assert!(!json.contains("campus"));
    let json = graph_well(folder, &["-r", "packets", "--all-routers", "-fjson"]);
    for router in ["edge", "core", "192.0.2.3"] {
        let own = fetched(folder, &format!("{router}/total.rrd"), "in_pkts");
        assert!(same(&list(&json, &label(router), "in"), &own), "{router}");
    }
}

/// The text of an attribute, the first behind another text.
fn attribute<'s>(svg: &'s str, behind: &str, name: &str) -> &'s str {
    let (_, rest) = svg.split_once(behind).unwrap_or_else(|| panic!("no {behind}: {svg}"));
    let (_, rest) = rest.split_once(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name}: {rest}"));
    rest.split_once('"').unwrap().0
}

fn number(svg: &str, behind: &str, name: &str) -> f64 {
    attribute(svg, behind, name).parse().unwrap()
}

/// The plot's measures, as its SVG says them.
struct Measures {
    zero: f64,
    scale: f64,
    left: f64,
    right: f64,
}

impl Measures {
    fn of(svg: &str) -> Measures {
        let value = |name| number(svg, "<g class=\"values\"", name);
        let time = |name| number(svg, "<g class=\"times\"", name);
        Measures {
            zero: value("data-zero"),
            scale: value("data-scale"),
            left: time("data-left"),
            right: time("data-right"),
        }
    }

    /// The middle of a row.
    fn middle(&self, row: usize) -> f64 {
        self.left + (self.right - self.left) * (row as f64 + 0.5) / PERIODS as f64
    }
}

/// The outlines of a path of ours.
fn outlines(path: &str) -> Vec<Vec<[f64; 2]>> {
    let ring = |ring: &str| {
        let mut points: Vec<[f64; 2]> = Vec::new();
        let mut rest = ring;
        while let Some(order) = rest.chars().next() {
            let end = rest[1..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |end| end + 1);
            let numbers: Vec<f64> = rest[1..end].split(' ').map(|number| number.parse().unwrap()).collect();
            let last = points.last().copied().unwrap_or_default();
            points.push(match (order, &numbers[..]) {
                ('M' | 'L', [x, y]) => [*x, *y],
                ('h', [by]) => [last[0] + by, last[1]],
                ('v', [by]) => [last[0], last[1] + by],
                _ => panic!("{path}"),
            });
            rest = &rest[end..];
        }
        points
    };
    path.split('Z').filter(|ring| !ring.is_empty()).map(ring).collect()
}

/// Where a path's area begins and ends above a place, seen from left to right.
fn crossed(path: &str, x: f64) -> Option<[f64; 2]> {
    let mut found: Vec<f64> = Vec::new();
    for ring in outlines(path) {
        for (one, two) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (one[0] < x) != (two[0] < x) {
                assert!((one[1] - two[1]).abs() < 1e-6, "{path}");
                found.push(one[1]);
            }
        }
    }
    found.sort_by(f64::total_cmp);
    match found[..] {
        [] => None,
        [top, bottom] => Some([top, bottom]),
        _ => panic!("{found:?}"),
    }
}

/// The paths of a layer: inbound, outbound, or both.
fn paths(svg: &str, label: &str) -> Vec<String> {
    let (_, rest) = svg.split_once(&format!("data-label=\"{label}\"")).unwrap();
    let (layer, _) = rest.split_once("</g>").unwrap();
    layer.split(" d=\"").skip(1).map(|path| path.split_once('"').unwrap().0.to_owned()).collect()
}

/// The same view as numbers, as SVG and as PNG.
struct Drawn {
    json: String,
    svg: String,
    png: Pixmap,
    plot: Measures,
}

impl Drawn {
    fn of(folder: &Path, view: &[&str]) -> Drawn {
        let view = |more: &[&str]| graph_well(folder, &[view, more].concat());
        view(&["-o", "p.svg"]);
        view(&["-o", "p.png"]);
        let svg = fs::read_to_string(folder.join("p.svg")).unwrap();
        let png = Pixmap::decode_png(&fs::read(folder.join("p.png")).unwrap()).unwrap();
        let plot = Measures::of(&svg);
        Drawn { json: view(&["--json"]), svg, png, plot }
    }

    /// That a row of a direction shows its numbers; how many pixels were seen to do so.
    fn assert_row(&self, labels: &[&str], way: usize, row: usize) -> usize {
        let (name, sign) = [("in", -1.0), ("out", 1.0)][way];
        let place = |value: f64| self.plot.zero + sign * value * self.plot.scale;
        let total = list(&self.json, "\"total\"", name)[row];
        let x = self.plot.middle(row);
        let (mut base, mut seen) = (0.0, 0);
        for of in labels {
            let value = list(&self.json, &label(of), name)[row];
            let side = |ends: &[f64; 2]| (ends[0] + ends[1] - 2.0 * self.plot.zero) * sign > 0.0;
            let crossed = paths(&self.svg, of).iter().filter_map(|path| crossed(path, x)).find(side);
            if value.is_nan() || value * self.plot.scale < 0.02 {
                assert!(crossed.is_none_or(|[top, bottom]| bottom - top < 0.04), "{of} {row}");
                continue;
            }
            let [top, bottom] = crossed.unwrap_or_else(|| panic!("{of} {name} {row}: {value}"));
            let (one, two) = (place(base), place(base + value));
            let (upper, lower) = (one.min(two), one.max(two));
            assert!((top - upper).abs() < 0.011 && (bottom - lower).abs() < 0.011, "{of} {row}");
            // Pixels that are wholly within, but for the lines of the total and at zero.
            let colour = Colour::of(&self.json.split_once(&label(of)).unwrap().1[",'colour':'".len()..]);
            for y in (upper + 1.0).ceil() as u32..(lower - 2.0).max(0.0) as u32 {
                if (f64::from(y) + 0.5 - place(total)).abs() > 2.0 {
                    let found = Colour::at(&self.png, x as u32, y);
                    assert!(found.near(&colour), "{of} {row} {y}: {found:?}");
                    seen += 1;
                }
            }
            base += value;
        }
        // Outside of all there is paper.
        if !total.is_nan() {
            let found = Colour::at(&self.png, x as u32, (place(base.max(total)) + sign * 3.0) as u32);
            assert!(found.near(&Colour::of(attribute(&self.svg, "<rect", "fill"))), "{row}: {found:?}");
        }
        seen
    }
}

#[test]
fn svg_and_png_show_the_numbers() {
    let folder = folder(CONFIG);
    for (size, theme) in [([640, 320], "light"), ([801, 479], "dark")] {
        let [width, height] = size.map(|pixels: u32| pixels.to_string());
        let view = ["--protocol", "--theme", theme, "--width", &width, "--height", &height];
        let drawn = Drawn::of(folder.path(), &view);
        assert_eq!([drawn.png.width(), drawn.png.height()], size);
        assert_eq!([" width", " height"].map(|name| number(&drawn.svg, "<svg", name)), size.map(f64::from));
        let labels = ["tcp", "17", "multicast"];
        let rows = (0..PERIODS as usize).flat_map(|row| [(0, row), (1, row)]);
        let seen: usize = rows.map(|(way, row)| drawn.assert_row(&labels, way, row)).sum();
        assert!(seen > 500, "{seen} pixels");
    }
}

#[derive(Clone, Copy, Debug)]
struct Colour([f64; 3]);

impl Colour {
    fn of(css: &str) -> Colour {
        let part = |at: usize| f64::from(u8::from_str_radix(&css[at..at + 2], 16).unwrap());
        Colour([part(1), part(3), part(5)])
    }

    fn at(png: &Pixmap, x: u32, y: u32) -> Colour {
        let pixel = png.pixel(x, y).unwrap();
        Colour([pixel.red(), pixel.green(), pixel.blue()].map(f64::from))
    }

    /// Whether it is another, or that under a line of the grid.
    fn near(&self, other: &Colour) -> bool {
        let under = |grid: f64, share: f64| {
            let parts = self.0.iter().zip(other.0);
            parts.map(|(own, other)| (own - (other * (1.0 - share) + grid * share)).abs()).fold(0.0, f64::max) < 12.0
        };
        [0.0, 0.13, 0.25, 0.32, 0.41].iter().any(|share| under(22.0, *share) || under(255.0, *share))
    }
}

/// The boxes of an SVG's texts, and what they say.
fn boxes(svg: &str) -> Vec<([f64; 4], String)> {
    let font = Font::default();
    let each = svg.split("<text ").skip(1).map(|text| {
        let text = &format!("<text {}", text.split_once("</text>").unwrap().0);
        let said = text.split_once('>').unwrap().1.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let [x, y, size] = ["x", "y", "font-size"].map(|name| number(text, "<text", &format!(" {name}")));
        let width = font.width(&said, size);
        let before = match text.contains("text-anchor") {
            false => 0.0,
            true if attribute(text, "<text", "text-anchor") == "end" => width,
            true => width / 2.0,
        };
        ([x - before, y - 0.76 * size, x - before + width, y + 0.24 * size], said)
    });
    each.collect()
}

#[test]
fn texts_do_not_overlap() {
    let tail = "W".repeat(90);
    let long: String = (0..30).map(|at| format!("Service {}/tcp {at}<&{tail}\n", 5000 + at)).collect();
    let folder = folder(&format!("{CONFIG}{long}"));
    let folder = folder.path();
    for size in [[640, 320], [800, 480], [320, 200]] {
        for what in [&["--service"][..], &["--service", "web"], &["--all-networks"], &[]] {
            let [width, height] = size.map(|pixels: u32| pixels.to_string());
            let svg = graph_well(folder, &[what, &["--width", &width, "--height", &height, "-o-"]].concat());
            let boxes = boxes(&svg);
            assert!(boxes.len() > 8 && svg.contains("<title>") && svg.contains("role=\"img\""), "{svg}");
            for (at, (one, said)) in boxes.iter().enumerate() {
                let within = one[0] >= 0.0 && one[1] >= 0.0 && one[2] <= size[0].into() && one[3] <= size[1].into();
                assert!(within, "{size:?}: {said}: {one:?}");
                for (other, there) in &boxes[at + 1..] {
                    let apart = one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1];
                    assert!(apart, "{size:?}: '{said}' and '{there}'");
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    for (args, code, said) in [
        (&["--service", "web,nntp"][..], 2, "--service 'nntp': expected one of web, dns\n"),
        (&["--router", "far", "-o-"], 2, "--router 'far': expected one of edge, core, 192.0.2.3\n"),
        (&["-o", "x.gif"], 2, "x.gif: expected a name that ends with .svg, .png or .json, or --format\n"),
        (&["-t", "now", "-T", "-1d"], 2, "--from, --to: expected a period that ends after it begins\n"),
        (&["-t", "-6x"], 2, "--from: '-6x': expected how long ago, such as -6h, -1d, -2w, -3mon or -1y\n"),
        (&["-c", "none.cf"], 2, "none.cf"),
        (&["--width", "1"], 2, "expected a number from 160 to 10000"),
        (&["-o", "none/x.svg"], 1, "none/x.svg: No such file"),
    ] {
        let output = graph(folder, args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("flow-graph: ") && stderr(&output).contains(said), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    // A time of which there is nothing: a picture nevertheless.
    let output = graph(folder, &["-t", "-2h", "--protocol"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stderr(&output).contains("there are no numbers from ")
            && stderr(&output).contains("the last is of 2026-01-01 02:"),
        "{}",
        stderr(&output)
    );
    assert!(output.stdout.starts_with(b"<svg"));
    // What is missing, and what is no RRD: the rest is shown.
    fs::remove_file(folder.join("rrds/service_web_src.rrd")).unwrap();
    fs::write(folder.join("rrds/service_dns_src.rrd"), "no RRD").unwrap();
    let [from, to] = period();
    let output = graph(folder, &[&from, &to, "--service", "--json"]);
    let text = stderr(&output);
    assert_eq!((output.status.code(), text.lines().count()), (Some(1), 2), "{text}");
    assert!(text.contains("service_web_src.rrd") && text.contains("service_dns_src.rrd"), "{text}");
    let json = String::from_utf8(output.stdout).unwrap();
    let rest: Vec<f64> = fetched(folder, "service_web_dst.rrd", "in_bytes").iter().map(|value| value * 8.0).collect();
    assert!(same(&list(&json, &label("web"), "in"), &rest));
}

#[test]
fn a_reader_may_go_and_a_file_is_replaced() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    let mut child = Command::new(GRAPH)
        .arg("--protocol")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    fs::write(folder.join("x.png"), "old").unwrap();
    graph_well(folder, &["-o", "x.png"]);
    assert!(fs::read(folder.join("x.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(!folder.join("x.png.new").exists());
    assert!(graph_well(folder, &["-fsvg", "-o", "/dev/stdout"]).starts_with("<svg") || cfg!(not(target_os = "linux")));
}

#[test]
fn times_are_local() {
    let folder = folder(CONFIG);
    let said = |zone: &str| {
        let [from, to] = period();
        let output = Command::new(GRAPH).args([from, to]).current_dir(folder.path()).env("TZ", zone).output().unwrap();
        let svg = String::from_utf8(output.stdout).unwrap();
        boxes(&svg).into_iter().map(|(_, text)| text).collect::<Vec<_>>()
    };
    let utc = said("UTC");
    assert!(utc[1].starts_with("Thu 1 Jan 2026 00:00 – 02:00, UTC, averages of 5 min"), "{utc:?}");
    assert!(utc.contains(&"Thu 1".to_owned()) && utc.contains(&"00:30".to_owned()), "{utc:?}");
    let there = said("XYZ-5:30");
    assert!(there[1].starts_with("Thu 1 Jan 2026 05:30 – 07:30, UTC+05:30"), "{there:?}");
    assert!(there.contains(&"06:00".to_owned()), "{there:?}");
}
