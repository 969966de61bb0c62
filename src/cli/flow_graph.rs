//! Arguments of flow-graph.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use clap::{Parser, ValueEnum};

use super::{Failure, when};
use crate::graph::draw::Theme;
use crate::graph::view::{By, Labels, Report, Routers, View};

macro_rules! about {
    () => {
        "\
What flow-scan counted is drawn as stacked areas, inbound above the zero line, outbound below it;
the line around them is the total, of which the table below says how much each label is. Averages of
5 minutes reach back two days, of half an hour twelve, of 2 hours fifty, of a day two years: the
finest that reach back to --from are shown, and max is the greatest of them. What is unknown is
hatched. A service is what came from its ports and what went to them. Labels are those of CUFlow.cf,
and have the same colour in all pictures; without any, the total is shown by itself. Numbers are
read by rrdtool, which must be installed.

With --site all there is becomes one page with menus, that opens from a file, from any web server or
out of a mail, with the scoreboards and when exporters were last heard.

"
    };
}

macro_rules! examples {
    () => {
        "\
Examples:
  flow-graph --service -o services.svg
  flow-graph --report flows --network labs,campus -t -1w -o week.png
  flow-graph -c CUFlow.cf --site /var/www/html/flows
  flow-graph --protocol --router edge -t 2026-01-15 -T 2026-01-16 --json"
    };
}

/// Draw what flow-scan counted: traffic by service, network, protocol and more over time, as SVG or PNG
#[derive(Parser, Clone, Debug)]
#[command(name = "flow-graph", version, after_help = concat!(about!(), examples!()))]
pub struct Args {
    /// What flow-scan counts; looked for among the configurations if it is not here
    #[arg(short = 'c', long, value_name = "FILE", default_value = "CUFlow.cf")]
    pub config: PathBuf,
    /// Write DIR/index.html: a page of everything, which needs no server and asks nobody for anything
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "format", "json"])]
    pub site: Option<PathBuf>,
    /// What flow-scan remembers, of which the page says who was heard (default: flow-scan.state in OutputDir)
    #[arg(short = 's', long, value_name = "FILE", requires = "site")]
    pub state: Option<PathBuf>,
    /// What is shown, a second
    #[arg(short = 'r', long, value_enum, value_name = "WHAT", default_value = "bits")]
    pub report: Which,
    /// These services, or all
    #[arg(long, value_name = "LABEL,...", num_args = 0..=1, default_missing_value = "")]
    pub service: Vec<String>,
    /// These protocols, or all
    #[arg(long, value_name = "LABEL,...", num_args = 0..=1, default_missing_value = "")]
    pub protocol: Vec<String>,
    /// These networks, or all
    #[arg(long, value_name = "LABEL,...", num_args = 0..=1, default_missing_value = "")]
    pub network: Vec<String>,
    /// These categories of applications, or all
    #[arg(long, value_name = "LABEL,...", num_args = 0..=1, default_missing_value = "")]
    pub category: Vec<String>,
    /// These types of service, or all
    #[arg(long, value_name = "LABEL,...", num_args = 0..=1, default_missing_value = "")]
    pub tos: Vec<String>,
    /// These autonomous systems, or all
    #[arg(long = "as", value_name = "LABEL,...", num_args = 0..=1, default_missing_value = "")]
    pub asn: Vec<String>,
    /// All services
    #[arg(long)]
    pub all_services: bool,
    /// All protocols
    #[arg(long)]
    pub all_protocols: bool,
    /// All networks
    #[arg(long)]
    pub all_networks: bool,
    /// All categories of applications
    #[arg(long)]
    pub all_categories: bool,
    /// All types of service
    #[arg(long)]
    pub all_tos: bool,
    /// All autonomous systems
    #[arg(long)]
    pub all_as: bool,
    /// Only what this exporter saw
    #[arg(long, value_name = "ROUTER")]
    pub router: Option<String>,
    /// All exporters, each by itself
    #[arg(long, conflicts_with = "router")]
    pub all_routers: bool,
    /// From when on: '2026-01-31 14:05', 'yesterday', -6h, -1d, -2w, -3mon, -1y, 1767225600 (default: a day before --to)
    #[arg(short = 't', long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Until when
    #[arg(short = 'T', long, value_name = "TIME", allow_hyphen_values = true, default_value = "now")]
    pub to: String,
    /// Pixels from left to right
    #[arg(long, value_name = "PIXELS", default_value = "800", value_parser = clap::value_parser!(u32).range(160..=10_000))]
    pub width: u32,
    /// Pixels from top to bottom
    #[arg(long, value_name = "PIXELS", default_value = "480", value_parser = clap::value_parser!(u32).range(100..=10_000))]
    pub height: u32,
    /// Dark on light, or light on dark
    #[arg(long, value_enum, value_name = "WHICH", default_value = "light")]
    pub theme: Shade,
    /// Write to FILE, whose name ends with .svg, .png or .json; - is standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What is written, whatever the name ends with (default: svg)
    #[arg(short = 'f', long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the numbers: --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// What of flows is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Which {
    /// Bits.
    Bits,
    /// Packets.
    #[value(alias = "pkts")]
    Packets,
    /// Flows.
    Flows,
}

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Shade {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What a picture is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// Scalable: shapes and texts.
    Svg,
    /// Pixels.
    Png,
    /// Numbers.
    Json,
}

impl Args {
    /// What is to be seen.
    ///
    /// # Errors
    ///
    /// A time that makes no sense, or a period that ends before it begins.
    pub fn view(&self, now: DateTime<Local>) -> Result<View, Failure> {
        let time = |option: &str, text: &str| {
            when::seconds(text, now).map_err(|why| Failure::Usage(format!("{option}: {why}")))
        };
        let to = time("--to", &self.to)?;
        let from = self.from.as_deref().map(|from| time("--from", from)).transpose()?.unwrap_or((to - 86_400).max(0));
        if from >= to {
            return Err(Failure::Usage("--from, --to: expected a period that ends after it begins".into()));
        }
        let report = match self.report {
            Which::Bits => Report::Bits,
            Which::Packets => Report::Packets,
            Which::Flows => Report::Flows,
        };
        let routers = match &self.router {
            Some(router) => Routers::One(router.clone()),
            None if self.all_routers => Routers::Each,
            None => Routers::Together,
        };
        Ok(View { report, picks: self.picks(), routers, period: [from, to] })
    }

    /// What flows are told apart by.
    fn picks(&self) -> Vec<(By, Labels)> {
        let given = |by: By| match by {
            By::Service => (&self.service, self.all_services),
            By::Protocol => (&self.protocol, self.all_protocols),
            By::Network => (&self.network, self.all_networks),
            By::Category => (&self.category, self.all_categories),
            By::Tos => (&self.tos, self.all_tos),
            By::As => (&self.asn, self.all_as),
        };
        let pick = |by: By| {
            let (values, all) = given(by);
            // An option without a value is all.
            if all || values.iter().any(String::is_empty) {
                return Some((by, Labels::All));
            }
            let labels = values.iter().flat_map(|value| value.split(',')).map(str::trim);
            let labels: Vec<String> = labels.filter(|label| !label.is_empty()).map(str::to_owned).collect();
            (!labels.is_empty()).then_some((by, Labels::These(labels)))
        };
        By::ALL.into_iter().filter_map(pick).collect()
    }

    /// Light or dark.
    pub fn theme(&self) -> Theme {
        match self.theme {
            Shade::Light => Theme::Light,
            Shade::Dark => Theme::Dark,
        }
    }

    /// What is written: what was asked for, else what the file's name ends with.
    ///
    /// # Errors
    ///
    /// The name ends with something else.
    pub fn written(&self) -> Result<Format, Failure> {
        match (self.format, self.file()) {
            (Some(format), _) => Ok(format),
            (None, _) if self.json => Ok(Format::Json),
            (None, None) => Ok(Format::Svg),
            (None, Some(file)) => match file.extension().and_then(|end| end.to_str()).map(str::to_ascii_lowercase) {
                Some(end) if end == "svg" => Ok(Format::Svg),
                Some(end) if end == "png" => Ok(Format::Png),
                Some(end) if end == "json" => Ok(Format::Json),
                _ => {
                    let file = file.display();
                    Err(Failure::Usage(format!(
                        "{file}: expected a name that ends with .svg, .png or .json, or --format"
                    )))
                }
            },
        }
    }

    /// The file that is written; none is standard output.
    pub fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|file| file.as_os_str() != "-")
    }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::definition;

    fn args(words: &[&str]) -> Args {
        let words = ["flow-graph"].iter().chain(words);
        let matches = definition::<Args>().try_get_matches_from(words).unwrap();
        Args::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn an_option_without_labels_is_all_of_them() {
        let these = |labels: &[&str]| Labels::These(labels.iter().map(|label| (*label).to_owned()).collect());
        let picked = args(&["--service", "a,b", "--protocol", "--service=c", "--as", "--all-tos", "-o", "x.svg"]);
        assert_eq!(
            picked.picks(),
            [
                (By::Service, these(&["a", "b", "c"])),
                (By::Protocol, Labels::All),
                (By::Tos, Labels::All),
                (By::As, Labels::All)
            ]
        );
        assert_eq!(picked.written().unwrap(), Format::Svg);
        assert!(args(&[]).picks().is_empty());
        assert_eq!(args(&["--network"]).picks(), [(By::Network, Labels::All)]);
    }

    #[test]
    fn a_period_has_a_beginning() {
        let now = Local::now();
        let view = args(&["-t", "-6h"]).view(now).unwrap();
        assert_eq!(view.period, [now.timestamp() - 6 * 3600, now.timestamp()]);
        let view = args(&["-T-1d"]).view(now).unwrap();
        assert_eq!(view.period, [now.timestamp() - 2 * 86_400, now.timestamp() - 86_400]);
        assert!(args(&["--from", "now"]).view(now).is_err());
    }

    #[test]
    fn a_name_says_what_is_written() {
        assert_eq!(args(&["-o", "A.PNG"]).written().unwrap(), Format::Png);
        assert_eq!(args(&["-o", "-", "--json"]).written().unwrap(), Format::Json);
        assert_eq!(args(&["-o", "x.gif", "--format", "png"]).written().unwrap(), Format::Png);
        let Err(Failure::Usage(why)) = args(&["-o", "x.gif"]).written() else { panic!("taken") };
        assert!(why.contains(".svg") && why.contains(".png"), "{why}");
    }
}
