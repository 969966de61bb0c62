//! Colours that people tell apart, also those who do not see all of them.

/// A colour of sRGB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// As in CSS: `#1f77b4`.
    pub fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// The colour of the label that stands at some place in the configuration: whatever is shown with it, it keeps it.
    /// After the last colour the first comes again.
    pub fn at(place: usize) -> Colour {
        PALETTE.get(place % PALETTE.len()).copied().unwrap_or(OTHER)
    }
}

/// What belongs to no label.
pub const OTHER: Colour = Colour(0xa0, 0xa4, 0xaa);

/// The colours in the order in which labels get them, made to differ to eyes of all kinds (the test says by how much):
/// the first ten of each other, and each of those that stand near it in a stack.
pub const PALETTE: [Colour; 20] = [
    Colour(0x00, 0x72, 0xb2),
    Colour(0xe6, 0x9f, 0x00),
    Colour(0x00, 0x9e, 0x73),
    Colour(0xcc, 0x79, 0xa7),
    Colour(0x56, 0xb4, 0xe9),
    Colour(0xd5, 0x5e, 0x00),
    Colour(0xf0, 0xe4, 0x42),
    Colour(0x33, 0x22, 0x88),
    Colour(0xa6, 0xdb, 0xa0),
    Colour(0x88, 0x22, 0x55),
    Colour(0x11, 0x77, 0x33),
    Colour(0x99, 0x99, 0x33),
    Colour(0x7f, 0x7f, 0xff),
    Colour(0x9c, 0xd3, 0xf5),
    Colour(0x7a, 0x4a, 0x1e),
    Colour(0x00, 0x44, 0x88),
    Colour(0xbb, 0xcc, 0x33),
    Colour(0xf4, 0xa5, 0xae),
    Colour(0x66, 0x11, 0x00),
    Colour(0xcc, 0x33, 0x11),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What eyes without the cones of one kind see of linear light (Machado, Oliveira and Fernandes 2009); none first.
    const EYES: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ];

    /// CIELAB, under D65, of what such eyes see.
    fn lab(colour: Colour, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = [colour.0, colour.1, colour.2].map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        let dot = |row: &[f64; 3], of: &[f64; 3]| row.iter().zip(of).map(|(a, b)| a * b).sum::<f64>();
        let seen = [0, 1, 2].map(|at| dot(&eyes[at], &linear));
        let xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        let white = [0.95047, 1.0, 1.08883];
        let [x, y, z] = [0, 1, 2].map(|at| {
            let t = dot(&xyz[at], &seen).max(0.0) / white[at];
            if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// The least difference that any eyes see between two.
    fn apart(a: Colour, b: Colour) -> f64 {
        let differences = EYES.iter().map(|eyes| {
            let (a, b) = (lab(a, eyes), lab(b, eyes));
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        });
        differences.fold(f64::MAX, f64::min)
    }

    #[test]
    fn all_eyes_tell_colours_apart() {
        // 2.3 is just noticeable.
        for (a, one) in PALETTE.iter().enumerate() {
            for (b, other) in PALETTE.iter().enumerate().skip(a + 1) {
                let near = b < 10 || b - a <= 2;
                let least = if near { 15.0 } else { 9.0 };
                assert!(apart(*one, *other) > least, "{a} and {b}: {}", apart(*one, *other));
            }
        }
    }

    #[test]
    fn a_place_has_a_colour() {
        assert_eq!(Colour::at(0).css(), "#0072b2");
        assert_eq!(Colour::at(21), Colour::at(1));
    }
}
