//! A picture's numbers as JSON.

use std::fmt::Write;

use super::picture::{Picture, Rates, WAYS};

impl Picture {
    /// The numbers: `{"report":..,"unit":..,"router":..,"from":..,"to":..,"step":..,"until":..,"times":[..],
    /// "total":{"in":[..],"out":[..],"average":[in,out],"maximum":[in,out],"share":[in,out]},
    /// "layers":[{"by":..,"label":..,"colour":..,"in":[..],..}..]}`. A time is the end of its row, seconds since 1970;
    /// `null` is unknown.
    pub fn json(&self) -> String {
        let [from, to] = self.period;
        let mut json = format!(
            "{{\"report\":\"{}\",\"unit\":\"{}\",\"router\":{},\"from\":{from},\"to\":{to},\"step\":{},\"until\":{},",
            self.report.word(),
            self.report.unit(),
            self.router.as_deref().map_or_else(|| "null".to_owned(), quoted),
            self.axis.step,
            self.until.map_or_else(|| "null".to_owned(), |until| until.to_string()),
        );
        json.push_str("\n\"times\":");
        list(&mut json, self.axis.times().map(|time| time.to_string()));
        json.push_str(",\n\"total\":{");
        self.rates(&mut json, &self.total);
        json.push_str("},\n\"layers\":[");
        for (at, layer) in self.layers.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let (by, label, colour) = (quoted(&layer.of), quoted(&layer.label), layer.colour.css());
            let _ = write!(json, "{comma}\n{{\"by\":{by},\"label\":{label},\"colour\":\"{colour}\",");
            self.rates(&mut json, &layer.rates);
            json.push('}');
        }
        json.push_str("]}\n");
        json
    }

    fn rates(&self, json: &mut String, rates: &Rates) {
        for (name, values) in ["in", "out"].iter().zip(&rates.ways) {
            let _ = write!(json, "\"{name}\":");
            list(json, values.iter().map(|value| number(Some(*value))));
            json.push(',');
        }
        let figures = [
            ("average", WAYS.map(|way| rates.average(way))),
            ("maximum", WAYS.map(|way| rates.maximum(way))),
            ("share", WAYS.map(|way| self.share(rates, way))),
        ];
        for (at, (name, ways)) in figures.into_iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(json, "{comma}\"{name}\":");
            list(json, ways.into_iter().map(number));
        }
    }
}

fn list(json: &mut String, values: impl Iterator<Item = String>) {
    json.push('[');
    for (at, value) in values.enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(&value);
    }
    json.push(']');
}

fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "null".to_owned(), |value| value.to_string())
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::view::{Axis, Colour, Layer, Report};

    #[test]
    fn numbers_are_json() {
        let rates = Rates::of([vec![1.5, f64::NAN], vec![3.0, 0.0]]);
        let picture = Picture {
            report: Report::Bits,
            by: vec!["Services"],
            router: Some("a<b".into()),
            period: [300, 900],
            axis: Axis::of([300, 900], 300, 9),
            total: rates.clone(),
            layers: vec![Layer { of: "service".into(), label: "we\\b".into(), colour: Colour::at(0), rates }],
            until: None,
        };
        let rates = "\"in\":[1.5,null],\"out\":[3,0],\"average\":[1.5,1.5],\"maximum\":[1.5,3],\"share\":[100,100]";
        assert_eq!(
            picture.json(),
            format!(
                "{{\"report\":\"bits\",\"unit\":\"bit/s\",\"router\":\"a<b\",\"from\":300,\"to\":900,\"step\":300,\
                 \"until\":null,\n\"times\":[600,900],\n\"total\":{{{rates}}},\n\"layers\":[\n\
                 {{\"by\":\"service\",\"label\":\"we\\\\b\",\"colour\":\"#0072b2\",{rates}}}]}}\n"
            )
        );
        assert_eq!(quoted("a\"\n\u{7f}é"), "\"a\\\"\\u000a\\u007fé\"");
    }
}
