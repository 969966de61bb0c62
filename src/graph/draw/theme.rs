//! The colours of everything but layers.

use crate::graph::view::Colour;

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Theme {
    /// Dark on white, as for paper.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

/// A theme's colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colours {
    /// Behind everything.
    pub ground: Colour,
    /// Texts, and the line of the total.
    pub ink: Colour,
    /// Texts of less weight.
    pub quiet: Colour,
    /// The grid, thinly.
    pub grid: Colour,
    /// What is unknown, and the strokes over it.
    pub unknown: [Colour; 2],
    /// The total, where it is the only thing to be seen.
    pub total: Colour,
}

impl Theme {
    /// Its colours.
    pub fn colours(self) -> Colours {
        match self {
            Theme::Light => Colours {
                ground: Colour(0xff, 0xff, 0xff),
                ink: Colour(0x16, 0x1b, 0x22),
                quiet: Colour(0x57, 0x60, 0x6a),
                grid: Colour(0x16, 0x1b, 0x22),
                unknown: [Colour(0xf5, 0xf5, 0xf5), Colour(0xd6, 0xd9, 0xdd)],
                total: Colour(0x9c, 0xc3, 0xe0),
            },
            Theme::Dark => Colours {
                ground: Colour(0x16, 0x1a, 0x20),
                ink: Colour(0xec, 0xf0, 0xf4),
                quiet: Colour(0xa3, 0xac, 0xb6),
                grid: Colour(0xff, 0xff, 0xff),
                unknown: [Colour(0x1e, 0x23, 0x2a), Colour(0x38, 0x40, 0x4a)],
                total: Colour(0x2f, 0x62, 0x8c),
            },
        }
    }
}
