//! Whole pictures: texts have room whatever there is to say, and no numbers are too odd to be drawn.

use chrono::Utc;
use proptest::prelude::*;

use super::*;
use crate::graph::view::{Axis, Layer, Report};

/// Sunday 22 November 2026, 10:05 UTC.
const NOW: i64 = 1_795_341_900;

fn rates(rows: usize, value: impl Fn(usize, usize) -> f64) -> Rates {
    Rates::of(WAYS.map(|way| (0..rows).map(|row| value(way, row)).collect()))
}

/// A picture of so many layers, of which each row is about `greatest`.
fn picture(labels: &[String], hours: i64, greatest: f64) -> Picture {
    let period = [NOW - hours * 3600, NOW];
    let axis = Axis::of(period, 300, 800);
    let wave = |row: usize| 1.0 + (row as f64 / 17.0).sin();
    let layer = |(at, label): (usize, &String)| Layer {
        of: "service".into(),
        label: label.clone(),
        colour: Colour::at(at),
        rates: rates(axis.count, |way, row| greatest * wave(row + at) / (2.5 + way as f64 + at as f64)),
    };
    let layers: Vec<Layer> = labels.iter().enumerate().map(layer).collect();
    let mut total = rates(axis.count, |_, _| greatest / 10.0);
    layers.iter().for_each(|layer| total.add(&layer.rates));
    Picture {
        report: Report::Packets,
        by: vec!["Services"],
        router: labels.last().cloned(),
        period,
        axis,
        total,
        layers,
        until: None,
    }
}

fn drawn(picture: &Picture, size: [u32; 2]) -> Scene {
    draw(picture, &Look { size, theme: Theme::Light, zone: "America/Argentina/Buenos_Aires" }, &Utc)
}

/// No text reaches into another, or out of the picture.
fn assert_room(scene: &Scene, what: &str) {
    let font = Font::default();
    let boxes: Vec<([f64; 4], &str)> =
        scene.texts().filter(|text| !text.text.is_empty()).map(|text| (text.bounds(&font), &text.text[..])).collect();
    let [width, height] = scene.size.map(f64::from);
    for (at, (one, text)) in boxes.iter().enumerate() {
        assert!(one[0] >= 0.0 && one[1] >= 0.0 && one[2] <= width && one[3] <= height, "{what}: {text}: {one:?}");
        for (other, said) in boxes.iter().skip(at + 1) {
            let apart = one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1];
            assert!(apart, "{what}: '{text}' {one:?} and '{said}' {other:?}");
        }
    }
}

#[test]
fn texts_have_room() {
    let long = |count: usize, length: usize| -> Vec<String> {
        (0..count).map(|at| format!("{at}{}", "W".repeat(length.saturating_sub(2)))).collect()
    };
    let labels = [long(0, 0), long(1, 3), long(3, 100), long(10, 8), long(12, 30), long(40, 5), long(40, 100)];
    let sizes = [[640, 320], [800, 480], [320, 200], [160, 100], [1600, 900], [200, 900], [1500, 160]];
    let views = [(1, 1.0), (24, 2e9), (7 * 24, 1e-7), (31 * 24, 9.99e29), (366 * 24, 999.5)];
    let pairs = labels.iter().flat_map(|labels| sizes.map(|size| (labels, size)));
    for (turn, (labels, size)) in pairs.enumerate() {
        for (hours, greatest) in [views[turn % 5], views[(turn + 2) % 5]] {
            let scene = drawn(&picture(labels, hours, greatest), size);
            let what = format!("{} labels, {size:?}, {hours} h, {greatest}", labels.len());
            assert_room(&scene, &what);
            assert!(scene.texts().count() > 3, "{what}");
        }
    }
}

#[test]
fn what_is_left_out_of_the_legend_is_said() {
    let labels: Vec<String> = (0..40).map(|at| format!("service-{at}")).collect();
    let scene = drawn(&picture(&labels, 24, 1e9), [640, 320]);
    let texts: Vec<&str> = scene.texts().map(|text| text.text.as_str()).collect();
    let more = texts.iter().position(|text| text.starts_with("and ")).unwrap();
    let left: usize = texts[more].split(' ').nth(1).unwrap().parse().unwrap();
    let shown = texts.iter().filter(|text| text.starts_with("service-")).count();
    assert_eq!(shown + left, 40, "{texts:?}");
    let share: f64 = texts[more + 1].parse().unwrap();
    assert!(share > 20.0 && share < 90.0 && texts.contains(&"Total"), "{texts:?}");
    // Each layer is there, whether the legend has it or not.
    let layers = scene.groups.iter().filter(|group| group.attributes.contains(&("class", "layer".into())));
    assert_eq!(layers.count(), 40);
    // Where there is no room, there is none.
    let texts = drawn(&picture(&labels, 24, 1e9), [320, 200]);
    assert!(texts.texts().all(|text| text.text != "Total"));
}

#[test]
fn what_is_unknown_is_hatched_and_not_zero() {
    let mut gap = picture(&["web".into()], 1, 1e6);
    let unknown = |rates: &mut Rates| rates.ways.iter_mut().for_each(|values| values[4..7].fill(f64::NAN));
    unknown(&mut gap.total);
    unknown(&mut gap.layers[0].rates);
    let scene = drawn(&gap, [800, 480]);
    let group = |class: &str| scene.groups.iter().find(|group| group.attributes[0].1 == class).unwrap();
    let rings = |group: &Group| {
        let area = |shape: &Shape| if let Shape::Area { rings, .. } = shape { rings.clone() } else { Vec::new() };
        group.shapes.iter().flat_map(area).collect::<Vec<_>>()
    };
    let [unknown] = &rings(group("unknown"))[..] else { panic!("one gap") };
    let (left, right) = (unknown[0].0, unknown[1].0);
    let layer = rings(group("layer"));
    assert_eq!(layer.len(), 4, "two directions, before and after");
    assert!(layer.iter().flatten().all(|(x, _)| *x <= left || *x >= right));
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), 0.0..1e12, Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), Just(f64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_numbers_are_too_odd(
        values in proptest::collection::vec(proptest::collection::vec(value(), 0..30), 0..6),
        total in proptest::collection::vec(value(), 0..30),
        from in 0..250_000_000_000i64,
        length in 1..10_000_000_000i64,
        size in (1..400u32, 1..300u32),
        label in "\\PC{0,20}",
    ) {
        let period = [from, from + length];
        let axis = Axis::of(period, 300, 40);
        let layer = |(at, values): (usize, &Vec<f64>)| Layer {
            of: "service".into(),
            label: format!("{label}{at}"),
            colour: Colour::at(at),
            rates: Rates::of([values.clone(), values.iter().rev().copied().collect()]),
        };
        let layers = values.iter().enumerate().map(layer).collect();
        let total = Rates::of([total.clone(), total]);
        let report = Report::Bits;
        let odd = Picture { report, by: vec!["Services"], router: None, period, axis, total, layers, until: None };
        let scene = drawn(&odd, [size.0, size.1]);
        for shape in scene.groups.iter().flat_map(|group| &group.shapes) {
            let lines = match shape {
                Shape::Area { rings, .. } => rings.clone(),
                Shape::Stroke { lines, .. } => lines.clone(),
                Shape::Text(text) => vec![vec![text.at]],
            };
            prop_assert!(lines.iter().flatten().all(|(x, y)| x.is_finite() && y.is_finite()), "{:?}", shape);
        }
        let svg = scene.svg();
        prop_assert!(!svg.contains("NaN") && !svg.contains("\"inf"));
        prop_assert!(scene.png().is_ok());
        let json = odd.json();
        prop_assert!(!json.contains("NaN") && !json.contains("inf"));
    }
}
