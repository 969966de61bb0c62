//! flow-export into databases, as its users run it.

mod common;
#[path = "common/postgresql.rs"]
mod postgresql;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::made::{self, Kind, columns4, columns6};
use common::{fine, flow_file, run, stderr};
use flowtools::flow::{Codec, Order};
use postgresql::{PASSWORD, Server, USER};
use rusqlite::Connection;

const EXPORT: &str = env!("CARGO_BIN_EXE_flow-export");
const SUMS: &str = "SELECT count(*), sum(dpkts), sum(doctets) FROM";

/// Flows, packets and octets, by flow-stat.
fn by_stat(input: &[u8]) -> [String; 3] {
    let text = String::from_utf8(fine(env!("CARGO_BIN_EXE_flow-stat"), &[], input)).unwrap();
    ["Total Flows", "Total Packets", "Total Octets"].map(|what| {
        let line = text.lines().find(|line| line.starts_with(what)).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    })
}

fn by_postgresql(server: &Server, table: &str) -> [String; 3] {
    let cast = SUMS.replace("),", ")::text,").replace(") FROM", ")::text FROM");
    let row = server.client("netflow").query_one(&format!("{cast} {table}"), &[]).unwrap();
    [row.get(0), row.get(1), row.get(2)]
}

fn by_sqlite(file: &Path, table: &str) -> [String; 3] {
    let database = Connection::open(file).unwrap();
    let number = |n: i64| n.to_string();
    let row = |row: &rusqlite::Row<'_>| Ok([number(row.get(0)?), number(row.get(1)?), number(row.get(2)?)]);
    database.query_row(&format!("{SUMS} {table}"), [], row).unwrap()
}

fn load(server: &Server, table: &str, more: &[&str], input: &[u8]) -> Output {
    // A colon keeps the password out of -u.
    let database = server.database(USER, "", table);
    let mut child = Command::new(EXPORT)
        .args(["-f5", "-u", &database])
        .args(more)
        .env("PGPASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn loaded(server: &Server, table: &str, more: &[&str], input: &[u8]) {
    let output = load(server, table, more, input);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
}

/// IPv4 and IPv6, counters of 64 bits.
fn modern() -> Vec<u8> {
    made::file(Kind::Done(Codec::Zstd), &[columns4(5000, 0), columns6(300, 5000)])
}

#[test]
fn postgresql_has_what_flow_stat_sums_up() {
    let Some(server) = Server::start("postgresql_has_what_flow_stat_sums_up") else { return };
    let classic = flow_file(30_000, 0, Order::Big);
    loaded(&server, "raw", &[], &classic);
    assert_eq!(by_postgresql(&server, "raw"), by_stat(&classic));
    loaded(&server, "Modern", &[], &modern());
    assert_eq!(by_postgresql(&server, "modern"), by_stat(&modern()));
    let count = "SELECT count(*) FROM modern WHERE family(srcaddr) = 6 AND srcaddr << '2001:db8::/64'";
    assert_eq!(server.client("netflow").query_one(count, &[]).unwrap().get::<_, i64>(0), 300);

    // Once more: the table is there.
    loaded(&server, "raw", &[], &classic);
    let mut client = server.client("netflow");
    let of_flow =
        "SELECT count(*), host(max(srcaddr)), max(srcport)::text, max(first)::text FROM raw WHERE dpkts = 2999";
    let row = client.query_one(of_flow, &[]).unwrap();
    let texts: Vec<String> = (1..4).map(|at| row.get(at)).collect();
    assert_eq!((row.get::<_, i64>(0), texts.join(" ").as_str()), (2, "10.0.11.183 2999 990000"));

    // Nothing at all is no failure, and makes the table.
    loaded(&server, "none", &[], &flow_file(0, 0, Order::Little));
    assert_eq!(client.query_one("SELECT count(*) FROM none", &[]).unwrap().get::<_, i64>(0), 0);
    // The good part of what was cut is loaded, and that is said.
    let cut = load(&server, "cut", &[], &classic[..classic.len() - 10]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(stderr(&cut).starts_with("flow-export: standard input: "), "{}", stderr(&cut));
    assert_eq!(client.query_one("SELECT count(*) FROM cut", &[]).unwrap().get::<_, i64>(0), 29_999);
    tables_as_they_are(&server);
    passwords(&server);
    failures(&server);
    drop(client);
    a_server_that_goes_away(server);
}

fn tables_as_they_are(server: &Server) {
    let mut client = server.client("netflow");
    let made = "CREATE SCHEMA net; CREATE TABLE net.own (id serial, doctets bigint, srcaddr varchar(40), note text)";
    client.batch_execute(made).unwrap();
    loaded(server, "net.own", &["-m", "SRCADDR,DOCTETS"], &flow_file(100, 0, Order::Little));
    let row = client.query_one("SELECT max(id), sum(doctets)::text, min(srcaddr) FROM net.own", &[]).unwrap();
    let got = (row.get::<_, i32>(0), row.get::<_, String>(1), row.get::<_, String>(2));
    assert_eq!(got, (100, "495000".to_owned(), "10.0.0.0".to_owned()));
    // Every field that flows of version 8.6 have, each where its name is.
    let made = fine(env!("CARGO_BIN_EXE_flow-gen"), &["-V8.6", "-n3"], b"");
    loaded(server, "eight", &[], &made);
    let csv = String::from_utf8(fine(EXPORT, &["-f2", "-mextra_pkts"], &made)).unwrap();
    let first = client.query_one("SELECT extra_pkts::text FROM eight LIMIT 1", &[]).unwrap();
    assert_eq!(csv.lines().nth(1), Some(first.get::<_, &str>(0)));
}

fn passwords(server: &Server) {
    let input = flow_file(10, 0, Order::Little);
    let made = "CREATE ROLE plain LOGIN PASSWORD 'plain'; GRANT CREATE ON SCHEMA public TO plain";
    server.client("netflow").batch_execute(made).unwrap();
    let over_tcp = format!("plain:plain:127.0.0.1:{}:netflow:tcp", server.port);
    assert!(run(EXPORT, &["-f", "postgresql", "-u", &over_tcp], &input).status.success());

    let kept = server.folder.path().join("kept");
    fs::write(&kept, "other:*:*:*:wrong\n*:*:netflow:plain:plain\n").unwrap();
    let ask = |mode| {
        fs::set_permissions(&kept, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = Command::new(EXPORT);
        command.args(["-f5", "-u", ":::::kept"]).env("PGPASSFILE", &kept).env("PGHOST", server.folder.path());
        command.env("PGPORT", server.port.to_string()).env("PGUSER", "plain").env("PGDATABASE", "netflow");
        command.arg(server.folder.path().join("flows")).output().unwrap()
    };
    fs::write(server.folder.path().join("flows"), &input).unwrap();
    let output = ask(0o600);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(by_postgresql(server, "kept"), by_stat(&input));
    // What others may read is no secret.
    let output = ask(0o644);
    assert_eq!((output.status.code(), stderr(&output).contains("password")), (Some(1), true));
}

fn failures(server: &Server) {
    let input = flow_file(70_000, 0, Order::Little);
    let mut client = server.client("netflow");
    client.batch_execute("CREATE TABLE narrow (srcport smallint); CREATE TABLE closed (srcport int)").unwrap();
    let chief = server.database(USER, "", "x").replace(":x", "");
    let failed = |database: &str, what: &str| {
        let mut child = Command::new(EXPORT);
        child.args(["-f5", "-msrcport", "-u", database]).env("PGPASSWORD", PASSWORD);
        let mut child = child.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(&input);
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(what) && !said.contains("sesame"), "{said}");
        said
    };
    let said = failed(&format!("{chief}:narrow"), "COPY narrow, line 32769, column srcport: \"32768\"");
    assert!(said.contains("port") && said.contains("database netflow, user chief, table narrow: "), "{said}");
    assert_eq!(client.query_one("SELECT count(*) FROM narrow", &[]).unwrap().get::<_, i64>(0), 0);
    failed(&server.database("chief", "sesame", "narrow"), "password authentication failed");
    failed(&server.database("plain", "plain", "closed"), "permission denied for table closed");
    failed(&format!("{chief}:nowhere.flows"), "schema \"nowhere\" does not exist");
    failed(&format!("{USER}::127.0.0.1:1:netflow:raw"), "PostgreSQL at 127.0.0.1 port 1");
    let no_database = chief.replace(":netflow", ":nothing");
    failed(&format!("{no_database}:raw"), "database \"nothing\" does not exist");
    client.batch_execute("CREATE TABLE few (dstport int)").unwrap();
    failed(&format!("{chief}:few"), "column \"srcport\" of relation \"few\" does not exist");
    loaded(server, "\"; DROP TABLE raw; --", &["-msrcport"], &input);
    assert!(client.query_one("SELECT to_regclass('raw') IS NOT NULL", &[]).unwrap().get::<_, bool>(0));
}

fn a_server_that_goes_away(server: Server) {
    let mut child = Command::new(EXPORT);
    child.args(["-f5", "-u", &server.database(USER, "", "raw")]).env("PGPASSWORD", PASSWORD);
    let mut child = child.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = flow_file(20_000, 0, Order::Little);
    stdin.write_all(&input[..input.len() / 2]).unwrap();
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'";
    let mut client = server.client("netflow");
    while client.query_one(asleep, &[]).unwrap().get::<_, i64>(0) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    server.crash();
    drop(server);
    let _ = stdin.write_all(&input[input.len() / 2..]);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(1), 1), "{}", stderr(&output));
    assert!(stderr(&output).contains("table raw: "), "{}", stderr(&output));
}

#[test]
fn sqlite_has_what_flow_stat_sums_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.db");
    let path = file.to_str().unwrap();
    let classic = flow_file(20_000, 0, Order::Little);
    fine(EXPORT, &["-f", "sqlite", "-o", path], &classic);
    assert_eq!(by_sqlite(&file, "raw"), by_stat(&classic));
    fine(EXPORT, &["-f", "sqlite", "-o", path, "--table", "a \"table\""], &modern());
    assert_eq!(by_sqlite(&file, "\"a \"\"table\"\"\""), by_stat(&modern()));
    let database = Connection::open(&file).unwrap();
    let types = "SELECT srcaddr, typeof(srcaddr), typeof(doctets) FROM raw WHERE dpkts = 2";
    let row = database.query_row(types, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    assert_eq!(row.map(|text: String| text), ["10.0.0.2", "text", "integer"]);
}

#[test]
fn what_fails_leaves_sqlite_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.db");
    let path = file.to_str().unwrap();
    let database = Connection::open(&file).unwrap();
    let made = "CREATE TABLE narrow (srcport INTEGER CHECK (srcport < 9000)); CREATE TABLE few (dstport INTEGER)";
    database.execute_batch(made).unwrap();
    let input = flow_file(10_000, 0, Order::Little);
    let failed = |file: &str, table: &str, what: &str| {
        let output = run(EXPORT, &["-f", "sqlite", "-o", file, "--table", table, "-m", "srcport"], &input);
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with(&format!("flow-export: {file}, table {table}: ")) && said.contains(what), "{said}");
    };
    failed(path, "narrow", "CHECK constraint failed");
    assert_eq!(database.query_row("SELECT count(*) FROM narrow", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    failed(path, "few", "srcport");
    failed("/nowhere/flows.db", "raw", "unable to open");
    let text = folder.path().join("text");
    fs::write(&text, "This is no database, but a text of some length. ".repeat(20)).unwrap();
    failed(text.to_str().unwrap(), "raw", "not a database");
}

#[test]
fn options_that_do_not_go_together() {
    for args in [
        &["-f", "sqlite"][..],
        &["-f2", "-o", "x"],
        &["-f5", "--table", "x"],
        &["-f2", "-u", "u:p:h:1:n:t"],
        &["-f5", "-u", "u:sesame:h"],
        &["-f5", "-u", "u:sesame:h:x:n:t"],
        &["-f3", "-u", "u:sesame:h:1:n:t"],
        &["-f", "mysql"],
    ] {
        let output = run(EXPORT, args, &flow_file(1, 0, Order::Little));
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{args:?}: {said}");
        assert!(!said.contains("sesame"), "{said}");
    }
}
