//! A PostgreSQL server of a test's own, from Debian's programs, which need not be in the path.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ::postgres::{Client, Config, NoTls};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown};
use tempfile::TempDir;

/// The server's first user, and the password.
pub const USER: &str = "chief";
pub const PASSWORD: &str = "open:sesame";

pub struct Server {
    /// Where the socket is.
    pub folder: TempDir,
    pub port: u16,
    process: Child,
}

impl Server {
    /// Starts a server that asks for passwords. `None` where there is none to start, unless the environment says that
    /// no test may be passed over.
    pub fn start(test: &str) -> Option<Server> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("NEED_POSTGRESQL").is_none(), "no PostgreSQL: apt-get install postgresql");
            eprintln!("{test}: passed over: no PostgreSQL (apt-get install postgresql)");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let (data, secret) = (folder.path().join("data"), folder.path().join("secret"));
        fs::write(&secret, PASSWORD).unwrap();
        // The server will not run as root.
        let root = nix::unistd::geteuid().is_root();
        let other =
            root.then(|| ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).unwrap()).unwrap());
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
            if let Some(user) = &other {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command
        };
        if let Some(user) = &other {
            for path in [folder.path(), &secret] {
                chown(path, Some(user.uid), Some(user.gid)).unwrap();
            }
        }
        let made = command("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", USER, "-A", "scram-sha-256", "--no-sync", "--no-locale", "-E", "UTF8", "--pwfile"])
            .arg(&secret)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = command("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Server { folder, port, process };
        server.client("postgres").batch_execute("CREATE DATABASE netflow").unwrap();
        Some(server)
    }

    /// A connection, as soon as there can be one.
    pub fn client(&self, name: &str) -> Client {
        let began = Instant::now();
        let mut config = Config::new();
        config.host_path(self.folder.path()).port(self.port).user(USER).password(PASSWORD).dbname(name);
        loop {
            match config.connect(NoTls) {
                Ok(client) => return client,
                Err(error) if began.elapsed() > Duration::from_secs(60) => panic!("{error}\n{}", self.log()),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// What `-u` is for a table of this server, with a user and a password.
    pub fn database(&self, user: &str, password: &str, table: &str) -> String {
        format!("{user}:{password}:{}:{}:netflow:{table}", self.folder.path().display(), self.port)
    }

    /// The server ends at once, as in a crash.
    pub fn crash(&self) {
        kill(Pid::from_raw(self.process.id() as i32), Signal::SIGQUIT).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
        let _ = self.process.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect::<Vec<_>>());
    folders.into_iter().find(|folder| ["initdb", "postgres"].iter().all(|name| is_program(&folder.join(name))))
}

fn is_program(path: &Path) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}
