//! Numbers as people read them.

/// Factors and their letters. There is none for thousandths: `m` would be taken for millions.
const PREFIXES: [(f64, &str); 15] = [
    (1e30, "Q"),
    (1e27, "R"),
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
];

/// The prefix for numbers as great as some number.
pub fn prefix(value: f64) -> (f64, &'static str) {
    // Thousandths are said without a prefix.
    let from = |factor: f64| if factor == 1.0 { 1e-3 } else { factor };
    let found = PREFIXES.into_iter().find(|(factor, _)| value.abs() >= from(*factor) * 0.999_5);
    found.unwrap_or(if value == 0.0 { (1.0, "") } else { (1e-15, "f") })
}

/// A number of three digits and its prefix: `1.52 G`, `98.4`, `0`.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let (factor, prefix) = prefix(value);
    let value = value / factor;
    let digits = match value.abs() {
        size if size == 0.0 || size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.999_5 => 2,
        _ => 3,
    };
    joined(format!("{value:.digits$}"), prefix)
}

/// Steps of an axis: of `1`, `2` or `5`, the least of which is at least `least`.
pub fn step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10f64.powi(least.log10().floor() as i32);
    let found = [1.0, 2.0, 5.0].into_iter().map(|n| n * power).find(|step| *step >= least * 0.999_999);
    found.unwrap_or(10.0 * power)
}

/// The places of an axis above zero up to `top`, with what is written there: all with one prefix and as many digits.
pub fn ticks(top: f64, least: f64) -> Vec<(f64, String)> {
    let step = step(least);
    let count = (top / step * 1.000_001).floor();
    if !count.is_finite() || count < 1.0 {
        return Vec::new();
    }
    let (factor, prefix) = prefix(step * count);
    let digits = (-(step / factor * 1.000_001).log10().floor()).clamp(0.0, 12.0) as usize;
    // More than a screen's pixels there cannot be.
    let count = count.min(10_000.0) as u32;
    let tick = |n: u32| {
        let value = step * f64::from(n);
        (value, joined(format!("{:.digits$}", value / factor), prefix))
    };
    (1..=count).map(tick).collect()
}

fn joined(number: String, prefix: &str) -> String {
    if prefix.is_empty() { number } else { format!("{number} {prefix}") }
}

/// A percentage.
pub fn percent(share: Option<f64>) -> String {
    match share {
        None => "–".to_owned(),
        Some(share) if share >= 99.95 => format!("{share:.0}"),
        Some(share) => format!("{share:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_prefix() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (1.5e9, "1.50 G"),
            (15.26e6, "15.3 M"),
            (999.96, "1.00 k"),
            (999_400.0, "999 k"),
            (99.96, "100"),
            (0.25, "0.250"),
            (0.001, "0.001"),
            (0.000_05, "50.0 µ"),
            (2.5e-9, "2.50 n"),
            (1e-20, "0.000 f"),
            (3e30, "3.00 Q"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(short(value), text, "{value}");
        }
    }

    #[test]
    fn steps_are_of_one_two_and_five() {
        for (least, expected) in [(0.7, 1.0), (1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (6.0, 10.0), (2.1e7, 5e7)] {
            assert_eq!(step(least), expected, "{least}");
        }
        assert!((step(1.3e-7) - 2e-7).abs() < 1e-15);
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(step(odd), 1.0, "{odd}");
        }
    }

    #[test]
    fn an_axis_has_one_prefix() {
        let labels = |top, least| ticks(top, least).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(1.7e9, 4e8), ["0.5 G", "1.0 G", "1.5 G"]);
        assert_eq!(labels(3.5e6, 9e5), ["1 M", "2 M", "3 M"]);
        assert_eq!(labels(0.9, 0.15), ["0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(labels(30.0, 10.0), ["10", "20", "30"]);
        assert_eq!(labels(2.2e-5, 1e-5), ["10 µ", "20 µ"]);
        assert!(labels(0.5, 1.0).is_empty() && labels(f64::NAN, 1.0).is_empty());
    }

    #[test]
    fn shares_have_a_digit_behind_the_point() {
        let shares = [None, Some(0.0), Some(12.34), Some(100.0), Some(120.4)];
        assert_eq!(shares.map(percent), ["–", "0.0", "12.3", "100", "120"]);
    }
}
