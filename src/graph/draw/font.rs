//! The font of pictures: it comes along, so that texts have the same widths everywhere.

use tiny_skia::PathBuilder;
use ttf_parser::{Face, OutlineBuilder};

use super::scene::Point;

/// DejaVu Sans Condensed, whose licence lies beside it. Its figures all have one width.
const FILE: &[u8] = include_bytes!("../../../share/fonts/DejaVuSansCondensed.ttf");

/// Its name, and fonts of about the same widths where it is not installed.
pub const FAMILY: &str = "DejaVu Sans Condensed, Arial, Helvetica, sans-serif";

/// The font.
#[derive(Clone, Debug)]
pub struct Font {
    /// None would be a damaged program; letters have a width even so.
    face: Option<Face<'static>>,
}

impl Default for Font {
    fn default() -> Font {
        Font { face: Face::parse(FILE, 0).ok() }
    }
}

impl Font {
    /// The width of a text of some size, in pixels.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().map(|c| self.advance(c)).sum::<f64>() * size
    }

    /// How far a letter of size 1 moves on.
    fn advance(&self, c: char) -> f64 {
        let Some(face) = &self.face else { return 0.5 };
        // What the font lacks is shown as a box.
        let glyph = face.glyph_index(c).unwrap_or_default();
        f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(face.units_per_em())
    }

    /// A text that is no wider than `most`: what is too long ends with `…`. Nothing is left if even that is too wide.
    pub fn fit(&self, text: &str, size: f64, most: f64) -> String {
        if self.width(text, size) <= most {
            return text.to_owned();
        }
        let mut room = most / size - self.advance('…');
        if room < 0.0 {
            return String::new();
        }
        let fits = |c: &char| {
            room -= self.advance(*c);
            room >= 0.0
        };
        let mut cut: String = text.chars().take_while(fits).collect();
        cut.truncate(cut.trim_end().len());
        cut.push('…');
        cut
    }

    /// Adds the outlines of a text that begins at a point of the base line.
    pub fn outline(&self, text: &str, size: f64, at: Point, path: &mut PathBuilder) {
        let Some(face) = &self.face else { return };
        let scale = size / f64::from(face.units_per_em());
        let mut x = at.0;
        for c in text.chars() {
            let glyph = face.glyph_index(c).unwrap_or_default();
            face.outline_glyph(glyph, &mut Pen { path, at: (x, at.1), scale });
            x += self.advance(c) * size;
        }
    }
}

/// Draws a letter's outline.
struct Pen<'p> {
    path: &'p mut PathBuilder,
    at: Point,
    scale: f64,
}

impl Pen<'_> {
    fn x(&self, x: f32) -> f32 {
        (self.at.0 + f64::from(x) * self.scale) as f32
    }

    fn y(&self, y: f32) -> f32 {
        (self.at.1 - f64::from(y) * self.scale) as f32
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x(x), self.y(y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x(x), self.y(y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x(x1), self.y(y1), self.x(x), self.y(y));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x(x1), self.y(y1), self.x(x2), self.y(y2), self.x(x), self.y(y));
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_widths() {
        let font = Font::default();
        assert!(font.face.is_some());
        let digits: Vec<f64> = "0123456789".chars().map(|c| font.width(&c.to_string(), 10.0)).collect();
        assert!(digits.iter().all(|width| *width == digits[0] && *width > 4.0), "{digits:?}");
        assert!(font.width("iii", 10.0) < font.width("mmm", 10.0));
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let font = Font::default();
        assert_eq!(font.fit("web", 10.0, 100.0), "web");
        let cut = font.fit("a label that is long", 10.0, 50.0);
        assert!(cut.starts_with("a la") && cut.ends_with('…') && font.width(&cut, 10.0) <= 50.0, "{cut}");
        assert_eq!(font.fit("web", 10.0, 1.0), "");
        assert_eq!(font.fit("日本語", 10.0, 0.0), "");
    }
}
