//! The plot: a panel for each set of keys, two in a row.

use std::fmt::Write;

use super::{Panel, ideal};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 46.0;
const LEGEND: f64 = 60.0;
/// Colours that differ in lightness too, and dashes, so that curves that lie on each other can all be seen.
const STYLES: [(&str, &str); 7] = [
    ("#0072b2", "14 70"),
    ("#e69f00", "12 72"),
    ("#009e73", "10 74"),
    ("#cc79a7", "12 72"),
    ("#56b4e9", "10 74"),
    ("#d55e00", "12 72"),
    ("#7f3fbf", "10 74"),
];

/// The panels as an SVG document.
pub fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(2) as f64;
    let (width, height) = (2.0 * WIDTH, rows * HEIGHT + LEGEND);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n\
         <title>How full a table gets, by hash</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (i, panel) in panels.iter().enumerate() {
        draw(panel, (i % 2) as f64 * WIDTH, (i / 2) as f64 * HEIGHT, &mut out);
    }
    legend(panels, rows * HEIGHT, &mut out);
    out.push_str("</svg>\n");
    out
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

fn draw(panel: &Panel, left: f64, top: f64, out: &mut String) {
    let (w, h) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let x = |load: f64| LEFT + load / panel.most * w;
    let y = |full: f64| TOP + (1.0 - full) * h;
    put!(out, "<g transform=\"translate({left} {top})\">");
    put!(
        out,
        "<text x=\"{:.0}\" y=\"24\" font-size=\"13\" text-anchor=\"middle\">{}</text>",
        LEFT + w / 2.0,
        panel.title
    );
    for percent in [0, 25, 50, 75, 100] {
        let at = y(f64::from(percent) / 100.0);
        put!(out, "<path d=\"M{LEFT} {at:.1}h{w}\" stroke=\"#ddd\"/>");
        put!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>", LEFT - 5.0, at + 4.0);
    }
    let step = if panel.most > 2.0 { 1.0 } else { 0.25 };
    for i in 0..=(panel.most / step) as usize {
        let load = i as f64 * step;
        put!(out, "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{load}</text>", x(load), HEIGHT - BOTTOM + 15.0);
    }
    let middle = LEFT + w / 2.0;
    put!(
        out,
        "<text x=\"{middle:.0}\" y=\"{}\" text-anchor=\"middle\">keys added / slots</text>",
        HEIGHT - BOTTOM + 32.0
    );
    let line: Vec<_> = (0..=64).map(|i| panel.most * f64::from(i) / 64.0).map(|load| (load, ideal(load))).collect();
    let points = |points: &[(f64, f64)]| -> String {
        points.iter().map(|(load, full)| format!("{:.1},{:.1} ", x(*load), y(*full))).collect()
    };
    put!(out, "<polyline points=\"{}\" fill=\"none\" stroke=\"#bbb\" stroke-width=\"5\"/>", points(&line).trim_end());
    for (i, (curve, (colour, dash))) in panel.curves.iter().zip(STYLES).enumerate() {
        put!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\" \
             stroke-dashoffset=\"{}\"/>",
            points(&curve.points).trim_end(),
            -12 * i as i32
        );
    }
    put!(out, "</g>");
}

fn legend(panels: &[Panel], top: f64, out: &mut String) {
    let names = panels.first().into_iter().flat_map(|panel| &panel.curves).map(|curve| curve.name.as_str());
    let entries =
        std::iter::once(("ideal 1-e^(-n/m)", "#bbb", 5)).chain(names.zip(STYLES).map(|(n, (c, _))| (n, c, 2)));
    for (i, (name, colour, width)) in entries.enumerate() {
        let (x, y) = (LEFT + (i % 4) as f64 * 195.0, top + 16.0 + (i / 4) as f64 * 20.0);
        put!(out, "<path d=\"M{x} {y}h26\" stroke=\"{colour}\" stroke-width=\"{width}\"/>");
        put!(out, "<text x=\"{}\" y=\"{}\">{name}</text>", x + 32.0, y + 4.0);
    }
}
