//! What every program shares: its arguments' definitions, how it starts, fails and ends.
//!
//! One file a program holds its arguments ([`clap`]); help, man page and completions are made from them.

pub mod common;
pub mod date;
pub mod run;
pub mod symbols;
pub mod text;

pub mod flow_capture;
pub mod flow_cat;
pub mod flow_export;
pub mod flow_filter;
pub mod flow_gen;
pub mod flow_header;
pub mod flow_print;
pub mod flow_receive;
pub mod flow_send;
pub mod flow_sensor;
pub mod flow_stat;

pub use run::{Exit, Failure, program};

/// The definition of every program, for the makers of man pages and completions.
pub fn commands() -> Vec<clap::Command> {
    use clap::CommandFactory;
    vec![
        flow_capture::Args::command(),
        flow_cat::Args::command(),
        flow_export::Args::command(),
        flow_filter::Args::command(),
        flow_gen::Args::command(),
        flow_header::Args::command(),
        flow_print::Args::command(),
        flow_receive::Args::command(),
        flow_send::Args::command(),
        flow_sensor::Args::command(),
        flow_stat::Args::command(),
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
