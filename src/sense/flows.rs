//! What one meter's flows become: records and batches, handed to the exporter that all meters share.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::exporter::Exporter;
use crate::cli::Failure;
use crate::cli::flow_sensor::Args;
use crate::flow::FlowBatch;
use crate::meter::{Biflow, Classic, Columns, Shape, Sink, Template};
use crate::wire::flows_per_datagram;

/// Datagrams' worth of records handed on together.
const PIECE: usize = 32;
/// Flows with templates or of a modern file handed on together.
const BATCH: usize = 4096;

/// An exporter for several meters.
pub type Shared = Arc<Mutex<Exporter>>;

type Records = Box<dyn FnMut(&[u8]) -> Result<(), Failure> + Send>;
type Batches = Box<dyn FnMut(&FlowBatch) -> Result<(), Failure> + Send>;

/// Locks the exporter: what a thread that failed left of it is as good as it was.
pub fn lock(exporter: &Shared) -> MutexGuard<'_, Exporter> {
    exporter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a meter's flows go: made into classic records, for a modern file, to be sent with templates.
pub struct Flows {
    classic: Option<Classic<Records>>,
    file: Option<Columns<Batches>>,
    export: Option<Columns<Batches>>,
}

impl Flows {
    /// For what `exporter` wants of flows, which were seen on an interface with this number.
    pub fn new(args: &Args, exporter: &Shared, interface: Option<u32>) -> Result<Flows, Failure> {
        let (version, track) = (args.records()?, args.settings()?.track);
        let sent = Shape { interface, ..args.sent(track)? };
        let kept = Shape { interface, ..Shape::of_file(args.exporter, track) };
        let address = match args.exporter {
            Some(IpAddr::V4(address)) => address,
            _ => Ipv4Addr::UNSPECIFIED,
        };
        let (records, batches, exports, size) = {
            let exporter = lock(exporter);
            let size = exporter.batch_size(BATCH);
            (exporter.wants_records(), exporter.wants_batches(), exporter.wants_exports(), size)
        };
        let hand_on = |take: fn(&mut Exporter, &FlowBatch) -> Result<(), Failure>| -> Batches {
            let exporter = exporter.clone();
            Box::new(move |batch| take(&mut lock(&exporter), batch))
        };
        let records = records.then(|| {
            let (most, exporter) = (flows_per_datagram(version) * PIECE, exporter.clone());
            let hand_on: Records = Box::new(move |records| lock(&exporter).records(records));
            Classic::new(version, address, most, hand_on).on_interface(interface.unwrap_or(0))
        });
        Ok(Flows {
            classic: records,
            file: batches.then(|| Columns::new(kept, BATCH, hand_on(Exporter::batch))),
            export: exports.then(|| Columns::new(sent, size, hand_on(Exporter::export))),
        })
    }

    /// Hands on what is gathered.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.classic.as_mut().map_or(Ok(()), Classic::flush)?;
        self.file.as_mut().map_or(Ok(()), Columns::flush)?;
        self.export.as_mut().map_or(Ok(()), Columns::flush)
    }

    /// Sends flows by a template of the user's from now on, once those gathered have gone.
    pub fn set_template(&mut self, template: &Template) -> Result<(), Failure> {
        let Some(export) = &mut self.export else { return Ok(()) };
        let shape = Shape { template: Some(template.clone()), ..export.shape().clone() };
        export.reshape(shape)
    }

    /// How many flows found no place in records because they are IPv6; `None` if no records are made.
    pub fn ipv6(&self) -> Option<u64> {
        self.classic.as_ref().map(Classic::ipv6)
    }
}

impl Sink for Flows {
    type Error = Failure;

    fn begin(&mut self, now_ns: u64) {
        if let Some(classic) = &mut self.classic {
            classic.begin(now_ns);
        }
    }

    fn take(&mut self, flow: &Biflow) -> Result<(), Failure> {
        self.classic.as_mut().map_or(Ok(()), |classic| classic.take(flow))?;
        self.file.as_mut().map_or(Ok(()), |file| file.take(flow))?;
        self.export.as_mut().map_or(Ok(()), |export| export.take(flow))
    }
}
