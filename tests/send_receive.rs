//! flow-send and flow-receive, through real sockets, files and pipes.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use flowtools::file::{FlowWriter, Inputs, Scan, WriteOptions};
use flowtools::flow::{Order, StreamInfo, Version};
