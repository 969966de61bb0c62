//! A scene as PNG.

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Stroke, Transform};

use super::font::Font;
use super::scene::{Line, Scene, Shape, round};
use crate::graph::view::Colour;

impl Scene {
    /// As PNG.
    ///
    /// # Errors
    ///
    /// There is no memory for so many pixels.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        let [width, height] = self.size;
        let mut pixels = Pixmap::new(width, height).ok_or_else(|| format!("{width}x{height}: too many pixels"))?;
        pixels.fill(solid(self.background, 1.0));
        let font = Font::default();
        for shape in self.groups.iter().flat_map(|group| &group.shapes) {
            draw(&mut pixels, shape, &font);
        }
        pixels.encode_png().map_err(|error| error.to_string())
    }
}

fn draw(pixels: &mut Pixmap, shape: &Shape, font: &Font) {
    let mut path = PathBuilder::new();
    match shape {
        Shape::Area { rings, colour } => {
            rings.iter().for_each(|ring| add(&mut path, ring, true));
            fill(pixels, path, *colour);
        }
        Shape::Stroke { lines, colour, width, opacity } => {
            lines.iter().for_each(|line| add(&mut path, line, false));
            let stroke = Stroke {
                width: *width as f32,
                line_cap: LineCap::Butt,
                line_join: LineJoin::Miter,
                ..Stroke::default()
            };
            if let Some(path) = path.finish() {
                pixels.stroke_path(&path, &paint(*colour, *opacity), &stroke, Transform::identity(), None);
            }
        }
        Shape::Text(text) => {
            let [left, ..] = text.bounds(font);
            font.outline(&text.text, text.size, (round(left), text.at.1.round()), &mut path);
            fill(pixels, path, text.colour);
        }
    }
}

fn fill(pixels: &mut Pixmap, path: PathBuilder, colour: Colour) {
    if let Some(path) = path.finish() {
        pixels.fill_path(&path, &paint(colour, 1.0), FillRule::Winding, Transform::identity(), None);
    }
}

/// Adds a line's points, rounded as in SVG.
fn add(path: &mut PathBuilder, line: &Line, close: bool) {
    for (at, (x, y)) in line.iter().enumerate() {
        let (x, y) = (round(*x) as f32, round(*y) as f32);
        if at == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if close && !line.is_empty() {
        path.close();
    }
}

fn paint(colour: Colour, opacity: f64) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(solid(colour, opacity));
    paint
}

fn solid(Colour(red, green, blue): Colour, opacity: f64) -> Color {
    let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    Color::from_rgba8(red, green, blue, alpha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::draw::scene::Group;

    #[test]
    fn areas_fill_their_pixels() {
        let mut group = Group::of("layer");
        group.rectangle([2.0, 3.0, 6.0, 5.0], Colour(10, 20, 30));
        let background = Colour(255, 255, 255);
        let scene = Scene { size: [8, 8], background, title: String::new(), about: String::new(), groups: vec![group] };
        let pixels = Pixmap::decode_png(&scene.png().unwrap()).unwrap();
        let at = |x, y| pixels.pixel(x, y).map(|p| [p.red(), p.green(), p.blue()]);
        assert_eq!((at(2, 3), at(5, 4)), (Some([10, 20, 30]), Some([10, 20, 30])));
        assert_eq!((at(1, 3), at(6, 4), at(2, 5)), (Some([255; 3]), Some([255; 3]), Some([255; 3])));
        let none = Scene { size: [0, 8], ..scene };
        assert!(none.png().is_err());
    }
}
