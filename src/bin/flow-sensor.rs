//! flow-sensor: meters packets.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use flowtools::cli::flow_sensor::Args;
use flowtools::cli::run::{complain, stdout};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Order, RawRows, Rows, StreamInfo, Version, flags};
use flowtools::meter::source::{Capture, Damage};
use flowtools::meter::{Classic, Meter};
use flowtools::net::{Endpoint, SendOptions, Sender};
use flowtools::wire::{Encoder, flows_per_datagram};

/// Records handed on together, in datagrams.
const PIECE: usize = 32;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    let version = args.records()?;
    let mut meter = Meter::new(args.settings()?).map_err(Failure::Failed)?;
    let (name, input) = open(args.read.as_deref().unwrap_or(Path::new("-")))?;
    let mut output = Output::open(&args, version)?;
    let exporter = match args.exporter {
        Some(IpAddr::V4(address)) => address,
        _ => Ipv4Addr::UNSPECIFIED,
    };
    let mut times = None;
    let mut flows = Classic::new(version, exporter, flows_per_datagram(version) * PIECE, |r: &[u8]| output.records(r));
    let damage = read(input, &mut meter, &mut flows, &mut times)?;
    meter.finish(&mut flows)?;
    flows.flush()?;
    let ipv6 = flows.ipv6();
    let sent = output.finish(times)?;
    if let Some(damage) = &damage {
        complain("flow-sensor", format_args!("{name}: {damage}"));
    }
    if let Some(error) = &sent.error {
        complain("flow-sensor", format_args!("{} datagrams could not be sent: {error}", sent.failures));
    }
    if args.foreground || args.debug || (args.write.is_none() && args.collectors.is_empty()) {
        statistics(&meter, &sent, version, ipv6);
    }
    Ok(if damage.is_none() && sent.error.is_none() { Exit::Fine } else { Exit::Partly })
}

/// Times of the first and the last packet, in ns since 1970.
type Times = Option<(u64, u64)>;

/// Meters a capture as far as it is good.
fn read<F>(
    input: Box<dyn Read + Send>,
    meter: &mut Meter,
    flows: &mut Classic<F>,
    times: &mut Times,
) -> Result<Option<Damage>, Failure>
where
    F: FnMut(&[u8]) -> Result<(), Failure>,
{
    let mut capture = match Capture::open(input) {
        Ok(capture) => capture,
        Err(damage) => return Ok(Some(damage)),
    };
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => {
                let (first, last) = times.unwrap_or((frame.time_ns, frame.time_ns));
                *times = Some((first.min(frame.time_ns), last.max(frame.time_ns)));
                meter.frame(&frame, flows)?;
            }
            Ok(None) => return Ok(None),
            Err(damage) => return Ok(Some(damage)),
        }
    }
}

fn open(path: &Path) -> Result<(String, Box<dyn Read + Send>), Failure> {
    if path.as_os_str() == "-" {
        return Ok(("standard input".into(), Box::new(io::stdin())));
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Failure::io(&name, &e))?;
    Ok((name, Box::new(file)))
}

fn statistics(meter: &Meter, sent: &Output, version: Version, ipv6: u64) {
    let (stats, mut out) = (meter.stats(), String::new());
    out.push_str(&format!("Number of active flows: {}\n{stats}", meter.flows()));
    if stats.ipv6 > 0 {
        let (packets, kept) = (stats.ipv6, format!("{ipv6} flows kept"));
        out.push_str(&format!("\nIPv6 packets: {packets} (not exportable in version {version}; {kept})\n"));
    }
    out.push_str(&format!(
        "\nFlows exported: {} in {} packets ({} failures)\n",
        sent.flows, sent.datagrams, sent.failures
    ));
    // Nobody reads it: nothing to be done about it.
    let _ = io::stderr().write_all(out.as_bytes());
}

/// Where records go: a flow file, collectors, or both.
struct Output {
    version: Version,
    file: Option<FlowFile>,
    encoder: Encoder,
    senders: Vec<Sender>,
    share: bool,
    sampling: u32,
    flows: u64,
    datagrams: u64,
    failures: u64,
    error: Option<io::Error>,
}

struct FlowFile {
    name: String,
    writer: FlowWriter<File>,
    options: WriteOptions,
}

impl Output {
    fn open(args: &Args, version: Version) -> Result<Output, Failure> {
        let options = SendOptions {
            pace: Duration::from_micros(args.pace),
            hops: args.hop_limit,
            device: args.send_interface.clone(),
        };
        let connect = |text: &String| {
            let to = Endpoint::collector(text).map_err(|why| Failure::Usage(format!("-n {why}")))?;
            Sender::connect(&to, &options).map_err(|e| Failure::io(text, &e))
        };
        Ok(Output {
            version,
            senders: args.collectors.iter().map(connect).collect::<Result<_, _>>()?,
            file: args.write.as_deref().map(|path| FlowFile::create(path, args, version)).transpose()?,
            encoder: Encoder::new(),
            share: args.share,
            sampling: args.sampling,
            flows: 0,
            datagrams: 0,
            failures: 0,
            error: None,
        })
    }

    fn records(&mut self, records: &[u8]) -> Result<(), Failure> {
        if let Some(FlowFile { name, writer, .. }) = &mut self.file {
            writer.write_records(records).map_err(|e| Failure::io(name, &e))?;
        }
        let layout = self.version.layout();
        self.flows += (records.len() / layout.size) as u64;
        if self.senders.is_empty() {
            return Ok(());
        }
        let raw = RawRows { layout, order: Order::HOST, bytes: records };
        let mut encoder = std::mem::take(&mut self.encoder);
        let result = encoder.encode(&raw, Rows::All(records.len() / layout.size), |export| self.send(export.octets));
        self.encoder = encoder;
        result
    }

    /// Sends a datagram to every collector, or to the next one. What a collector does not get is counted.
    fn send(&mut self, datagram: &[u8]) -> Result<(), Failure> {
        let mut octets = datagram.to_vec();
        if self.version == Version::V5
            && self.sampling > 1
            && let Some(field) = octets.get_mut(22..24)
        {
            // Packet interval sampling, and the interval, as far as 14 bits tell it.
            field.copy_from_slice(&(1 << 14 | self.sampling.min(0x3fff) as u16).to_be_bytes());
        }
        let turn = self.datagrams as usize % self.senders.len().max(1);
        self.datagrams += 1;
        for (i, sender) in self.senders.iter_mut().enumerate() {
            if self.share && i != turn {
                continue;
            }
            if let Err(error) = sender.send(&octets) {
                self.failures += 1;
                self.error = Some(error);
            }
        }
        Ok(())
    }

    /// Sends what is left, and closes the file.
    fn finish(mut self, times: Times) -> Result<Output, Failure> {
        let mut encoder = std::mem::take(&mut self.encoder);
        encoder.finish(|export| self.send(export.octets))?;
        for sender in &mut self.senders {
            if let Err(error) = sender.flush() {
                self.failures += 1;
                self.error = Some(error);
            }
        }
        if let Some(file) = self.file.take() {
            file.close(times)?;
        }
        Ok(self)
    }
}

impl FlowFile {
    fn create(path: &Path, args: &Args, version: Version) -> Result<FlowFile, Failure> {
        let pipe = path.as_os_str() == "-";
        let name = if pipe { "standard output".to_owned() } else { path.display().to_string() };
        let fail = |e| Failure::io(&name, &e);
        let out = if pipe { stdout()? } else { File::create(path).map_err(fail)? };
        let mut info = StreamInfo { comments: args.comment.clone(), ..StreamInfo::default() };
        if out.metadata().is_ok_and(|m| m.is_file()) && !pipe {
            // Filled in when the file is closed; the header's length must not change then.
            (info.start, info.end, info.flows) = (Some(0), Some(0), Some(0));
            info.host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        } else {
            info.flags = flags::STREAMING;
        }
        let order = args.byte_order.map_or(Order::HOST, Order::from);
        let options = WriteOptions { version, order, level: args.level, info };
        let writer = FlowWriter::new(out, &options).map_err(fail)?;
        Ok(FlowFile { name, writer, options })
    }

    fn close(self, times: Times) -> Result<(), Failure> {
        let FlowFile { name, writer, mut options } = self;
        let (flows, fail) = (writer.flows(), |e| Failure::io(&name, &e));
        let mut out = writer.finish().map_err(fail)?;
        if options.info.is(flags::STREAMING) {
            return Ok(());
        }
        let seconds = |ns: u64| u32::try_from(ns / 1_000_000_000).unwrap_or(u32::MAX);
        let (first, last) = times.unwrap_or_default();
        options.info.flags |= flags::DONE;
        options.info.start = Some(seconds(first));
        options.info.end = Some(seconds(last));
        options.info.flows = Some(u32::try_from(flows).unwrap_or(u32::MAX));
        out.rewind().and_then(|()| out.write_all(&options.header())).map_err(fail)
    }
}
