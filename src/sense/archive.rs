//! Flows into an archive of flow files, for a machine that is sensor and collector in one: flow-capture's storing half.

use std::io;
use std::path::PathBuf;

use crate::cli::common::codec;
use crate::cli::flow_sensor::Args;
use crate::cli::run::hostname;
use crate::collect::capture::Making;
use crate::collect::clients::Clients;
use crate::collect::log::Log;
use crate::collect::queue::{Block, Item, Queue};
use crate::collect::store::Stored;
use crate::collect::storing::{Config, Storing};
use crate::file::WriteOptions;
use crate::file::archive::{Limits, Rotation};
use crate::flow::{FlowBatch, Form, Order, StreamInfo, Version};
use crate::wire::Counters;

/// An archive that flows are written to.
pub struct Archive {
    storing: Storing,
    queue: Queue,
    form: Form,
    rotation: Rotation,
    /// The next file begins then, in seconds since 1970.
    rotate: i64,
    total: Counters,
    log: Log,
}

impl Archive {
    /// Starts the threads that store in `folder`, at `now` in seconds since 1970.
    pub fn start(folder: PathBuf, form: Form, args: &Args, now: i64, log: &Log) -> io::Result<Archive> {
        let info =
            StreamInfo { vendor: Some(1), host: hostname(), comments: args.comment.clone(), ..StreamInfo::default() };
        let classic = WriteOptions {
            order: args.byte_order.map_or(Order::HOST, Order::from),
            level: args.level.unwrap_or(6),
            ..WriteOptions::new(Version::V5, info.clone())
        };
        let codec = codec(args.codec, args.level);
        let modern = WriteOptions { codec, level: args.level.unwrap_or(0), ..WriteOptions::new(Form::Modern, info) };
        let limit = |n: u64| Some(n).filter(|n| *n > 0);
        let config = Config {
            making: Making { folder, nesting: args.archive.nesting.unwrap_or_default(), classic, modern },
            form: Some(form),
            limits: Limits { files: limit(args.archive.expire_count), octets: limit(args.archive.expire_size) },
            program: None,
            treating: None,
        };
        let (storing, queue) = Storing::start(config, Clients::new(log.clone()), None, log)?;
        let rotation = Rotation::new(args.archive.rotations);
        let total = Counters::default();
        Ok(Archive { storing, queue, form, rotation, rotate: rotation.next(now), total, log: log.clone() })
    }

    /// Takes flows, at `now`. Those for which there is no room, because the disk cannot keep up, are lost and counted
    /// as such in the file's header.
    pub fn take(&mut self, batch: &FlowBatch, now: i64) {
        let block = Block { batch: batch.clone(), form: self.form, at: now, total: self.total };
        if let Err(flows) = self.queue.offer(block) {
            if self.total.lost == 0 {
                self.log.warn(format!("{flows} flows dropped: the disk cannot keep up"));
            }
            self.total.lost += flows;
        }
    }

    /// Begins a new file if it is time, or was asked for.
    pub fn tick(&mut self, now: i64, asked: bool) {
        if !asked && now < self.rotate {
            return;
        }
        let on_time = !asked && now - self.rotate < self.rotation.period();
        self.queue.tell(Item::Rotate { at: if on_time { self.rotate } else { now }, total: self.total });
        self.rotate = self.rotation.next(now);
    }

    /// Waits until everything is stored.
    pub fn end(self) -> io::Result<Stored> {
        self.queue.tell(Item::Close { total: self.total });
        self.storing.end()
    }
}
