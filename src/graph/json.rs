//! JSON that can stand in a page.

use std::fmt::{Display, Write};

/// A text being written. Commas come by themselves.
#[derive(Default)]
pub struct Json {
    /// What has been written.
    pub text: String,
}

impl Json {
    fn comma(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(['{', '[', ':']) {
            self.text.push(',');
        }
    }

    /// A member's name; its value is to follow.
    pub fn key(&mut self, key: &str) -> &mut Json {
        self.text(key);
        self.text.push(':');
        self
    }

    /// A string. What could end or begin an element is written by its number, so that it can stand in a page's script.
    pub fn text(&mut self, text: &str) {
        self.comma();
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                c if c.is_control() || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    /// A value, or `null` if there is none.
    pub fn optional<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Json, T)) {
        match value {
            Some(value) => put(self, value),
            None => self.float(None),
        }
    }

    /// A whole number.
    pub fn number(&mut self, number: impl Display) {
        self.comma();
        let _ = write!(self.text, "{number}");
    }

    /// A number, or `null` if there is none or it is none that JSON has.
    pub fn float(&mut self, number: Option<f64>) {
        self.comma();
        match number.filter(|number| number.is_finite()) {
            Some(number) => {
                let _ = write!(self.text, "{number}");
            }
            None => self.text.push_str("null"),
        }
    }

    /// True or false.
    pub fn flag(&mut self, flag: bool) {
        self.comma();
        self.text.push_str(if flag { "true" } else { "false" });
    }

    /// An object of the members that `put` writes.
    pub fn object(&mut self, put: impl FnOnce(&mut Json)) {
        self.comma();
        self.text.push('{');
        put(self);
        self.text.push('}');
    }

    /// An array, of which `put` writes each element.
    pub fn array<T>(&mut self, of: impl IntoIterator<Item = T>, mut put: impl FnMut(&mut Json, T)) {
        self.comma();
        self.text.push('[');
        of.into_iter().for_each(|element| put(self, element));
        self.text.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_markup() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a<b").text("</script>&\"\\\n");
            json.key("n").array([1, 2], |json, n| json.array([n], Json::number));
            json.key("e").array([0; 0], Json::number);
            json.key("t").flag(true);
            json.key("last").text(":");
            json.key("x").text("");
        });
        assert_eq!(
            json.text,
            r#"{"a\u003cb":"\u003c/script\u003e\u0026\"\\\u000a","n":[[1],[2]],"e":[],"t":true,"last":":","x":""}"#
        );
    }
}
