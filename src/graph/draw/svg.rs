//! A scene as SVG.

use std::fmt::Write;

use super::font::FAMILY;
use super::scene::{Anchor, Group, Line, Scene, Shape, Text, round};
use crate::graph::html::escaped;

impl Scene {
    /// As SVG, by itself or within a page.
    pub fn svg(&self) -> String {
        let [width, height] = self.size;
        let (title, about) = (clean(&self.title), clean(&self.about));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" font-family=\"{FAMILY}\" \
             text-rendering=\"geometricPrecision\" \
             style=\"font-kerning:none;font-variant-ligatures:none\">\n\
             <title>{title}</title>\n<desc>{about}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            self.background.css()
        );
        self.groups.iter().for_each(|group| write_group(&mut svg, group));
        svg.push_str("</svg>\n");
        svg
    }
}

// Writing to a String does not fail.

fn write_group(svg: &mut String, group: &Group) {
    svg.push_str("<g");
    for (name, value) in &group.attributes {
        let _ = write!(svg, " {name}=\"{}\"", clean(value));
    }
    svg.push('>');
    if let Some(title) = &group.title {
        let _ = write!(svg, "<title>{}</title>", clean(title));
    }
    svg.push('\n');
    group.shapes.iter().for_each(|shape| write_shape(svg, shape));
    svg.push_str("</g>\n");
}

fn write_shape(svg: &mut String, shape: &Shape) {
    match shape {
        Shape::Area { rings, colour } => {
            let _ = write!(svg, "<path fill=\"{}\" d=\"", colour.css());
            rings.iter().for_each(|ring| write_line(svg, ring, "Z"));
            svg.push_str("\"/>\n");
        }
        Shape::Stroke { lines, colour, width, opacity } => {
            let _ = write!(svg, "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"", colour.css());
            if *opacity < 1.0 {
                let _ = write!(svg, " stroke-opacity=\"{opacity}\"");
            }
            svg.push_str(" d=\"");
            lines.iter().for_each(|line| write_line(svg, line, ""));
            svg.push_str("\"/>\n");
        }
        Shape::Text(text) => write_text(svg, text),
    }
}

/// The points of a line, short: what does not change is not said again, and what does, by how much.
fn write_line(svg: &mut String, line: &Line, end: &str) {
    let mut last: Option<(f64, f64)> = None;
    for (x, y) in line {
        let (x, y) = (round(*x), round(*y));
        let _ = match last {
            None => write!(svg, "M{x} {y}"),
            Some((before, above)) if above == y => write!(svg, "h{}", round(x - before)),
            Some((before, above)) if before == x => write!(svg, "v{}", round(y - above)),
            Some(_) => write!(svg, "L{x} {y}"),
        };
        last = Some((x, y));
    }
    svg.push_str(end);
}

fn write_text(svg: &mut String, text: &Text) {
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let (x, y) = (round(text.at.0), round(text.at.1));
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\"{anchor} font-size=\"{}\" fill=\"{}\">{}</text>",
        round(text.size),
        text.colour.css(),
        clean(&text.text)
    );
}

/// Text that stands in XML as it is; what XML cannot say at all is replaced.
fn clean(text: &str) -> String {
    let says = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    };
    escaped(&text.chars().map(says).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::view::Colour;

    #[test]
    fn shapes_are_written_short_and_texts_escaped() {
        let mut group = Group { title: Some("a&b".into()), ..Group::of("layer") };
        group.attributes.push(("data-label", "<\"\u{1}>".into()));
        group.area(vec![vec![(0.0, 1.004), (2.0, 1.0), (2.0, 3.0), (0.5, 4.0)]], Colour(1, 2, 3));
        group.faint(vec![vec![(0.0, 0.0), (0.0, 5.0)]], Colour(0, 0, 0), 0.5, 0.25);
        let (at, anchor) = ((1.0, 2.0), Anchor::End);
        group.text(Text { at, anchor, size: 11.0, colour: Colour(0, 0, 0), text: "</text>".into() });
        let scene = Scene {
            size: [10, 20],
            background: Colour(255, 255, 255),
            title: "t".into(),
            about: "d".into(),
            groups: vec![group],
        };
        let svg = scene.svg();
        for part in [
            "<g class=\"layer\" data-label=\"&lt;&quot;\u{fffd}&gt;\"><title>a&amp;b</title>\n",
            "<path fill=\"#010203\" d=\"M0 1h2v2L0.5 4Z\"/>",
            "stroke-width=\"0.5\" stroke-opacity=\"0.25\" d=\"M0 0v5\"/>",
            "<text x=\"1\" y=\"2\" text-anchor=\"end\" font-size=\"11\" fill=\"#000000\">&lt;/text&gt;</text>",
            "role=\"img\" aria-label=\"t\"",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
    }
}
