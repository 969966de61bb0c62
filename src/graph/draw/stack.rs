//! Layers one on the other.

use crate::graph::view::{Picture, Rates, WAYS};

/// Where a layer begins and ends in a row, counted from the zero line; none where it is unknown.
pub type Band = Option<[f64; 2]>;

/// All layers, one on the other.
#[derive(Clone, PartialEq, Debug)]
pub struct Stack {
    /// Of each layer, inbound and outbound, its band in each row.
    pub layers: Vec<[Vec<Band>; 2]>,
    /// The greatest there is to draw, inbound and outbound.
    pub greatest: [f64; 2],
    /// Stretches of rows of which nothing is known: the first, and the one behind the last.
    pub unknown: Vec<[usize; 2]>,
}

impl Stack {
    /// The stack of a picture. What is unknown of a layer takes no room.
    pub fn of(picture: &Picture) -> Stack {
        let rows = picture.axis.count;
        let mut tops = WAYS.map(|_| vec![0.0; rows]);
        let mut layers = Vec::with_capacity(picture.layers.len());
        for layer in &picture.layers {
            layers.push(WAYS.map(|way| bands(&layer.rates, way, &mut tops[way])));
        }
        let greatest = WAYS.map(|way| {
            let stacked = tops[way].iter().copied().fold(0.0, f64::max);
            stacked.max(picture.total.maximum(way).unwrap_or(0.0))
        });
        Stack { layers, greatest, unknown: unknown(picture) }
    }
}

fn bands(rates: &Rates, way: usize, tops: &mut [f64]) -> Vec<Band> {
    let band = |(row, top): (usize, &mut f64)| {
        let base = *top;
        *top += rates.at(way, row)?;
        Some([base, *top])
    };
    tops.iter_mut().enumerate().map(band).collect()
}

fn unknown(picture: &Picture) -> Vec<[usize; 2]> {
    let all = || picture.layers.iter().map(|layer| &layer.rates).chain([&picture.total]);
    let known = |row: usize| all().any(|rates| WAYS.iter().any(|way| rates.at(*way, row).is_some()));
    let mut stretches: Vec<[usize; 2]> = Vec::new();
    for row in (0..picture.axis.count).filter(|row| !known(*row)) {
        match stretches.last_mut() {
            Some(stretch) if stretch[1] == row => stretch[1] = row + 1,
            _ => stretches.push([row, row + 1]),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::view::{Axis, Colour, Layer, Report};

    #[test]
    fn what_is_unknown_takes_no_room() {
        const NAN: f64 = f64::NAN;
        let layer = |label: &str, into: [f64; 4], out: [f64; 4]| Layer {
            of: "service".into(),
            label: label.into(),
            colour: Colour::at(0),
            rates: Rates::of([into.to_vec(), out.to_vec()]),
        };
        let picture = Picture {
            report: Report::Bits,
            by: Vec::new(),
            router: None,
            period: [0, 1200],
            axis: Axis::of([0, 1200], 300, 9),
            total: Rates::of([vec![9.0, 4.0, NAN, NAN], vec![NAN; 4]]),
            layers: vec![
                layer("a", [1.0, NAN, NAN, NAN], [2.0, 0.0, NAN, NAN]),
                layer("b", [3.0, 4.0, NAN, NAN], [5.0, NAN, NAN, NAN]),
            ],
            until: None,
        };
        let stack = Stack::of(&picture);
        assert_eq!(stack.layers[0][0], [Some([0.0, 1.0]), None, None, None]);
        assert_eq!(stack.layers[1][0], [Some([1.0, 4.0]), Some([0.0, 4.0]), None, None]);
        assert_eq!(stack.layers[1][1], [Some([2.0, 7.0]), None, None, None]);
        assert_eq!((stack.greatest, stack.unknown), ([9.0, 7.0], vec![[2, 4]]));
    }
}
