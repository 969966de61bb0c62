//! A picture's numbers as JSON.

use super::picture::{Picture, Rates, WAYS};
use crate::graph::json::Json;

impl Picture {
    /// The numbers: `{"report":..,"unit":..,"router":..,"from":..,"to":..,"step":..,"until":..,"times":[..],
    /// "total":{"in":[..],"out":[..],"average":[in,out],"maximum":[in,out],"share":[in,out]},
    /// "layers":[{"by":..,"label":..,"colour":..,"in":[..],..}..]}`. A time is the end of its row, seconds since 1970;
    /// `null` is unknown.
    pub fn json(&self) -> String {
        let mut json = Json::default();
        json.object(|json| {
            json.key("report").text(self.report.word());
            json.key("unit").text(self.report.unit());
            json.key("router").optional(self.router.as_deref(), Json::text);
            let [from, to] = self.period;
            json.key("from").number(from);
            json.key("to").number(to);
            json.key("step").number(self.axis.step);
            json.key("until").optional(self.until, Json::number);
            json.key("times").array(self.axis.times(), Json::number);
            json.key("total").object(|json| self.rates(json, &self.total));
            json.key("layers").array(&self.layers, |json, layer| {
                json.object(|json| {
                    json.key("by").text(&layer.of);
                    json.key("label").text(&layer.label);
                    json.key("colour").text(&layer.colour.css());
                    self.rates(json, &layer.rates);
                });
            });
        });
        json.text.push('\n');
        json.text
    }

    fn rates(&self, json: &mut Json, rates: &Rates) {
        for (name, values) in ["in", "out"].iter().zip(&rates.ways) {
            json.key(name).array(values, |json, value| json.float(Some(*value)));
        }
        json.key("average").array(WAYS, |json, way| json.float(rates.average(way)));
        json.key("maximum").array(WAYS, |json, way| json.float(rates.maximum(way)));
        json.key("share").array(WAYS, |json, way| json.float(self.share(rates, way)));
    }
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
                "{{\"report\":\"bits\",\"unit\":\"bit/s\",\"router\":\"a\\u003cb\",\"from\":300,\"to\":900,\"step\":300,\
                 \"until\":null,\"times\":[600,900],\"total\":{{{rates}}},\"layers\":[\
                 {{\"by\":\"service\",\"label\":\"we\\\\b\",\"colour\":\"#0072b2\",{rates}}}]}}\n"
            )
        );
    }
}
