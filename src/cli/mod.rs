//! What every program shares: its arguments' definitions, how it starts, fails and ends.
//!
//! One file a program holds its arguments ([`clap`]); help, man page and completions are made from them.

pub mod capture_file;
pub mod common;
pub mod config;
pub mod cuflow;
pub mod date;
pub mod describe;
pub mod destination;
pub mod explain;
pub mod follow;
pub mod headers;
pub mod links;
pub mod output;
pub mod parts;
pub mod pass;
mod patient;
pub mod progress;
pub mod question;
pub mod reports;
pub mod rewriting;
pub mod run;
pub mod shelf;
pub mod sink;
pub mod steps;
pub mod symbols;
pub mod text;
pub mod when;
pub mod window;
pub mod zone;

pub mod flow_capture;
pub mod flow_cat;
pub mod flow_dscan;
pub mod flow_expire;
pub mod flow_export;
pub mod flow_fanout;
pub mod flow_filter;
pub mod flow_gen;
pub mod flow_graph;
pub mod flow_header;
pub mod flow_import;
pub mod flow_log2rrd;
pub mod flow_mask;
pub mod flow_merge;
pub mod flow_nfilter;
pub mod flow_print;
pub mod flow_receive;
pub mod flow_report;
pub mod flow_rpt2rrd;
pub mod flow_rptfmt;
pub mod flow_scan;
pub mod flow_send;
pub mod flow_sensor;
pub mod flow_sensorctl;
pub mod flow_split;
pub mod flow_stat;
pub mod flow_tag;
pub mod flow_xlate;

pub use output::Output;
pub use run::{Exit, Failure, definition, program};

/// The definition of every program, for the makers of man pages and completions.
pub fn commands() -> Vec<clap::Command> {
    vec![
        definition::<flow_capture::Args>(),
        definition::<flow_cat::Args>(),
        definition::<flow_dscan::Args>(),
        definition::<flow_expire::Args>(),
        definition::<flow_export::Args>(),
        definition::<flow_fanout::Args>(),
        definition::<flow_filter::Args>(),
        definition::<flow_gen::Args>(),
        definition::<flow_graph::Args>(),
        definition::<flow_header::Args>(),
        definition::<flow_import::Args>(),
        definition::<flow_log2rrd::Args>(),
        definition::<flow_mask::Args>(),
        definition::<flow_merge::Args>(),
        definition::<flow_nfilter::Args>(),
        definition::<flow_print::Args>(),
        definition::<flow_receive::Args>(),
        definition::<flow_report::Args>(),
        definition::<flow_rpt2rrd::Args>(),
        definition::<flow_rptfmt::Args>(),
        definition::<flow_scan::Args>(),
        definition::<flow_send::Args>(),
        definition::<flow_sensor::Args>(),
        definition::<flow_sensorctl::Args>(),
        definition::<flow_split::Args>(),
        definition::<flow_stat::Args>(),
        definition::<flow_tag::Args>(),
        definition::<flow_xlate::Args>(),
    ]
}

#[cfg(test)]
mod tests {
    #[test]
    fn definitions_are_sound() {
        for command in super::commands() {
            command.debug_assert();
        }
    }
}
