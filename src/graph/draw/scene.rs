//! Plain shapes, which all writers draw alike.

use super::font::Font;
use crate::graph::view::Colour;

/// A place, in pixels from the left and from the top.
pub type Point = (f64, f64);

/// Points joined by lines.
pub type Line = Vec<Point>;

/// How a text stands to its point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// Where its base line is anchored.
    pub at: Point,
    /// By what.
    pub anchor: Anchor,
    /// Its size in pixels.
    pub size: f64,
    /// Its colour.
    pub colour: Colour,
    /// What it says.
    pub text: String,
}

impl Text {
    /// The box that it fills: left, top, right and bottom.
    pub fn bounds(&self, font: &Font) -> [f64; 4] {
        let width = font.width(&self.text, self.size);
        let left = self.at.0
            - match self.anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => width / 2.0,
                Anchor::End => width,
            };
        [left, self.at.1 - 0.76 * self.size, left + width, self.at.1 + 0.24 * self.size]
    }
}

/// Something to draw.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// Closed outlines, filled.
    Area {
        /// The outlines.
        rings: Vec<Line>,
        /// The colour within.
        colour: Colour,
    },
    /// Lines.
    Stroke {
        /// The lines.
        lines: Vec<Line>,
        /// Their colour.
        colour: Colour,
        /// Their width in pixels.
        width: f64,
        /// How much they cover what is below: 1 is all.
        opacity: f64,
    },
    /// A text.
    Text(Text),
}

/// Shapes that belong together.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Group {
    /// What they are: names and values of attributes.
    pub attributes: Vec<(&'static str, String)>,
    /// What is said of them when they are pointed at.
    pub title: Option<String>,
    /// The shapes, from back to front.
    pub shapes: Vec<Shape>,
}

impl Group {
    /// An empty one of some class.
    pub fn of(class: &str) -> Group {
        Group { attributes: vec![("class", class.to_owned())], ..Group::default() }
    }

    /// Adds a text.
    pub fn text(&mut self, text: Text) {
        self.shapes.push(Shape::Text(text));
    }

    /// Adds lines that cover what is below.
    pub fn stroke(&mut self, lines: Vec<Line>, colour: Colour, width: f64) {
        self.faint(lines, colour, width, 1.0);
    }

    /// Adds lines that let what is below shine through.
    pub fn faint(&mut self, lines: Vec<Line>, colour: Colour, width: f64, opacity: f64) {
        if !lines.is_empty() {
            self.shapes.push(Shape::Stroke { lines, colour, width, opacity });
        }
    }

    /// Adds areas.
    pub fn area(&mut self, rings: Vec<Line>, colour: Colour) {
        if !rings.is_empty() {
            self.shapes.push(Shape::Area { rings, colour });
        }
    }

    /// Adds a rectangle.
    pub fn rectangle(&mut self, [left, top, right, bottom]: [f64; 4], colour: Colour) {
        self.area(vec![vec![(left, top), (right, top), (right, bottom), (left, bottom)]], colour);
    }
}

/// A drawn picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The colour behind all.
    pub background: Colour,
    /// What it is.
    pub title: String,
    /// What it shows, for those who do not see it.
    pub about: String,
    /// The shapes, from back to front.
    pub groups: Vec<Group>,
}

impl Scene {
    /// All texts.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let shapes = self.groups.iter().flat_map(|group| &group.shapes);
        shapes.filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None })
    }
}

/// A coordinate as it is written: all writers round alike.
pub fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
