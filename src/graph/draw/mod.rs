//! Pictures drawn: stacked areas, inbound above the zero line, outbound below it.
//!
//! [`draw`] makes a [`Scene`] of plain shapes from a picture's numbers; [`Scene::svg`] and [`Scene::png`] write the same
//! shapes. Texts are measured by the font that comes along.

mod calendar;
mod font;
mod head;
mod legend;
mod plot;
mod png;
mod scene;
mod stack;
mod svg;
#[cfg(test)]
mod tests;
mod theme;
mod units;

use chrono::TimeZone;

use crate::graph::view::{Colour, Picture, Rates, WAYS};

pub use font::Font;
use legend::Legend;
use plot::Plot;
pub use scene::{Anchor, Group, Line, Point, Scene, Shape, Text};
use stack::Stack;
use theme::Colours;
pub use theme::Theme;
pub use units::short;

/// How a picture is to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look<'l> {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Light or dark.
    pub theme: Theme,
    /// What the zone of its times is called.
    pub zone: &'l str,
}

/// What all parts of a picture share.
struct Style {
    font: Font,
    colours: Colours,
    /// The size of texts.
    size: f64,
    /// The free edge.
    pad: f64,
    /// The size of the picture.
    picture: [f64; 2],
}

impl Style {
    fn of(look: &Look<'_>) -> Style {
        let [width, height] = look.size.map(f64::from);
        let size = match width {
            _ if width < 480.0 || height < 240.0 => 10.0,
            _ if width < 1000.0 || height < 560.0 => 11.0,
            _ => (width / 110.0).clamp(12.0, 16.0).round(),
        };
        let pad = if size > 10.0 { 12.0 } else { 6.0 };
        Style { font: Font::default(), colours: look.theme.colours(), size, pad, picture: [width, height] }
    }

    fn width(&self, text: &str) -> f64 {
        self.font.width(text, self.size)
    }

    fn text(&self, at: Point, anchor: Anchor, text: String, colour: Colour) -> Text {
        Text { at, anchor, size: self.size, colour, text }
    }
}

/// Draws a picture; its times are those of a zone.
pub fn draw<Z: TimeZone>(picture: &Picture, look: &Look<'_>, zone: &Z) -> Scene
where
    Z::Offset: std::fmt::Display,
{
    let style = Style::of(look);
    let [width, height] = style.picture;
    let stack = Stack::of(picture);
    let (head, top) = head::draw(picture, look, &style, zone);
    // The plot has nearly half of the height at least.
    let foot = style.size * 1.3 + 8.0;
    let room = (height - top - foot - style.pad) - (height * 0.46).max(90.0);
    let legend = Legend::of(picture, &style, [width - 2.0 * style.pad, room]);
    let below = legend.as_ref().map_or(style.pad * 0.5, |legend| legend.height() + style.pad);
    let bottom = (height - below - foot).max(top + 1.0).round();
    let right = (width - style.pad - style.width("out") - 6.0).round();
    let bounds = |left: f64| [left, top.round(), right.max(left + 1.0), bottom];
    // What is written at the left says where the plot begins, and does not change with it.
    let margin = Plot::of(picture, bounds(style.pad), stack.greatest).margin(picture, &style);
    let left = (style.pad + margin + 6.0).ceil();
    let plot = Plot::of(picture, bounds(left), stack.greatest);
    let mut groups = vec![head];
    groups.extend(plot.draw(picture, &stack, &style, zone));
    if let Some(legend) = legend {
        let left = if left + legend.width() <= width - style.pad { left } else { style.pad };
        groups.push(legend.draw(&style, (left, bottom + foot)));
    }
    groups.retain(|group| !group.shapes.is_empty() || group.attributes.len() > 1);
    Scene {
        size: look.size,
        background: style.colours.ground,
        title: head::title(picture),
        about: about(picture),
        groups,
    }
}

/// Averages and shares in words.
fn summary(picture: &Picture, rates: &Rates) -> String {
    let way = |(word, way): (&str, usize)| {
        let Some(average) = rates.average(way) else { return format!("{word} unknown") };
        let share = picture.share(rates, way).map_or(String::new(), |share| format!(" ({share:.1} %)"));
        let greatest = rates.maximum(way).map_or(String::new(), |value| format!(", at most {}", rate(picture, value)));
        format!("{word} {} on average{share}{greatest}", rate(picture, average))
    };
    ["in", "out"].into_iter().zip(WAYS).map(way).collect::<Vec<_>>().join("; ")
}

/// A rate with its unit: `1.50 Gbit/s`.
fn rate(picture: &Picture, value: f64) -> String {
    let (number, unit) = (short(value), picture.report.unit());
    if number.contains(' ') && unit == "bit/s" { format!("{number}{unit}") } else { format!("{number} {unit}") }
}

/// What a picture shows, for those who do not see it.
fn about(picture: &Picture) -> String {
    let mut text = format!("Inbound up, outbound down. Total: {}.", summary(picture, &picture.total));
    for layer in picture.layers.iter().take(50) {
        text.push_str(&format!(" {}: {}.", picture.name(layer), summary(picture, &layer.rates)));
    }
    text
}
