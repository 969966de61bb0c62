//! Categories: applications by port and by what exporters call them.

use glob::Pattern;

use super::items::{PORTS, add, list, ports};
use super::{Label, Labelled, Ports};
use crate::flow::symbols::Symbols;
use crate::select::config::{Line, Mistake};

/// One way to tell an application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Application {
    /// By its ports.
    Ports(Ports),
    /// By the name that an exporter gave to an application id, with `*` and `?`, in any case.
    Name(Pattern),
}

/// Applications, by category. What is in none is called `other`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Categories {
    /// In the order in which they were named first.
    pub list: Vec<Labelled<Application>>,
}

impl Categories {
    /// Those that are built in: mail, web, data, network, interactive, news, chat, streaming, games, p2p.
    pub fn built_in() -> Categories {
        let lines = crate::select::config::plain("categories", include_str!("../../../share/categories"), &['#']);
        let mut categories = Categories::default();
        // A test sees to it that there is no mistake in it.
        let _ = categories.read(&lines, &Symbols::default());
        categories
    }

    /// Reads `category LABEL`, and below it `port PORTS/PROTOCOL[,...]` and `application NAME[,...]`.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense.
    pub(super) fn read(&mut self, lines: &[Line], symbols: &Symbols) -> Result<(), Mistake> {
        let mut open: Option<Label> = None;
        for line in lines {
            let mut words = line.words();
            let word = words.take("category, port or application")?;
            if word.is("category") {
                open = Some(Label::read(words.take("a label")?)?);
                words.end()?;
                continue;
            }
            let label = open.clone().ok_or_else(|| word.expected("category LABEL before it"))?;
            let items = match word.lower().as_str() {
                "port" => list(&mut words, PORTS, |text| ports(text, symbols).map(Application::Ports))?,
                "application" => list(&mut words, "names of applications, as in smtp,imap*", |text| {
                    Pattern::new(&text.to_ascii_lowercase()).ok().map(Application::Name)
                })?,
                _ => return Err(word.expected("category, port or application")),
            };
            add(&mut self.list, label, items);
        }
        Ok(())
    }
}
