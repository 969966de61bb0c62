//! Arguments of flow-capture.

use std::path::PathBuf;

use clap::Parser;

use super::common::{ByteOrder, CodecName, Debug, codec, pid_path};
use super::steps::Steps;
use crate::file::archive::{Nesting, size};
use crate::flow::{Codec, Form};
use crate::net::{Endpoint, Transport};

/// Collect what exporters send into an archive of flow files
#[derive(Parser, Debug)]
#[command(
    name = "flow-capture",
    version,
    after_help = "\
A file is named tmp-... while it is written and ft-... when it is complete. It can be read at any
moment; a collector that was killed has lost no more than the last second, and the next one
completes its file. A file of version 10 is made small and indexed when it is complete. SIGHUP
begins a new file, SIGTERM ends. What goes wrong is said on standard error in the foreground, else
to syslog (local6).

Flows first get their tags (-t, -T); those that the filter (-f, -F) does not match are left out, and
counted in the lines of -S; the others are translated (-x, -X) and stored. The files are read once,
at the start. With tags, flows of version 1 and 5 are stored as version 1005, and all others as 10.

Examples:
  flow-capture -w /flows -V 10 -E 500G -S 5 0/0/2055
  flow-capture -w /flows -n 287 -z 1 -V 5 -p /run/flow-capture.pid 192.0.2.1/192.0.2.254/9996
  flow-capture -w /flows -t tag.cfg -T customers -f filter.cfg -F gold -V 10 0/0/2055
  flow-capture -D -w . -n 1439 -N 0 -R /usr/local/bin/each-minute ::1/0/9995"
)]
pub struct Args {
    /// The archive's folder
    #[arg(short = 'w', long = "folder", value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Begin a new file N times a day besides at midnight, at even distances by the local clock
    #[arg(short = 'n', long, value_name = "N", default_value_t = 95)]
    pub rotations: u32,
    /// Folders by date: 0 none, 1 YYYY, 2 YYYY/YYYY-MM, 3 YYYY/YYYY-MM/YYYY-MM-DD, -1 YYYY-MM-DD,
    /// -2 YYYY-MM/YYYY-MM-DD [default: 3]
    #[arg(short = 'N', long, value_name = "LEVEL", allow_hyphen_values = true)]
    pub nesting: Option<Nesting>,
    /// Keep so many complete files, and delete the oldest beyond (0: any number)
    #[arg(short = 'e', long, value_name = "COUNT", default_value_t = 0)]
    pub expire_count: u64,
    /// Keep so many octets of complete files (b, K, M, G: powers of 1024), and delete the oldest beyond (0: any number)
    #[arg(short = 'E', long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub expire_size: u64,
    /// Run PROGRAM in the archive's folder when a file is complete, with the file's path in the folder as its
    /// argument; run it again, twice at most, if it fails
    #[arg(short = 'R', long, value_name = "PROGRAM")]
    pub program: Option<String>,
    /// The version stored: 10 holds all that comes, as it comes; to 1, 5, 6, 7, 8.1 to 8.14 or 1005 other versions'
    /// flows are converted [default: the first that arrives; NetFlow 9 and IPFIX are stored as 10]
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// Compression, 0 none to 9 smallest [default: 6; of version 10 Zstandard's own]. While flows come faster than
    /// zlib compresses them, a lower level is used
    #[arg(short = 'z', long = "level", value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub level: Option<u8>,
    /// How columns of version 10 are compressed [default: zstd]
    #[arg(long, value_name = "CODEC", value_enum)]
    pub codec: Option<CodecName>,
    /// Multiply packets and octets by the rate that exporters say they sampled them at
    #[arg(long)]
    pub scale_sampling: bool,
    /// Byte order of what is written (default: this machine's)
    #[arg(short = 'b', long, value_name = "ORDER", value_enum)]
    pub byte_order: Option<ByteOrder>,
    /// Comment in the headers written
    #[arg(short = 'C', long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// What is done to flows before they are stored.
    #[command(flatten)]
    pub steps: Steps,
    /// Serve the flows as they are stored to up to N clients that connect to the same port by TCP, as uncompressed flow
    /// files; not together with --transport tcp
    #[arg(short = 'c', long, value_name = "N", default_value_t = 0)]
    pub clients: usize,
    /// Hear IPFIX over connections as well, at the same port: tcp, or sctp where the system has it
    #[arg(long, value_name = "TRANSPORT", value_parser = connected)]
    pub transport: Vec<Transport>,
    /// Say every so many minutes what each exporter sent, and what of it was lost (0: never)
    #[arg(short = 'S', long, value_name = "MINUTES", default_value_t = 0)]
    pub stat: u32,
    /// Stay in the foreground, without a pid file unless -p names one
    #[arg(short = 'D', long)]
    pub foreground: bool,
    /// Write the process number to FILE.PORT; - is none [default: /var/run/flow-capture.pid]
    #[arg(short = 'p', long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// Make files with the umask that was inherited, not 0022
    #[arg(short = 'u', long)]
    pub keep_umask: bool,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// Listen at LOCAL to REMOTE (0: any) and PORT; a multicast REMOTE is a group to join
    #[arg(value_name = "LOCAL/REMOTE/PORT")]
    pub endpoint: Endpoint,
}

impl Args {
    /// zlib's level in classic files.
    pub fn classic_level(&self) -> u8 {
        self.level.unwrap_or(6)
    }

    /// How columns of modern files are compressed, and Zstandard's level, 0 for its default.
    pub fn modern_codec(&self) -> (Codec, u8) {
        (codec(self.codec, self.level), self.level.unwrap_or(0))
    }

    /// Where the process number is to be written: flow-capture has always added the port to the name.
    pub fn pid_path(&self) -> Option<PathBuf> {
        pid_path(self.pid_file.as_deref(), "flow-capture", self.foreground, self.endpoint.port)
    }
}

/// A transport besides UDP.
fn connected(text: &str) -> Result<Transport, String> {
    text.parse()
        .ok()
        .filter(|transport: &Transport| transport.is_connected())
        .ok_or_else(|| format!("'{text}' is not a transport to be heard besides udp: expected tcp or sctp"))
}
