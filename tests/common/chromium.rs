//! A browser of a test's own, told what to do as its developer tools tell it: messages in JSON, ended by NUL, through
//! two pipes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take: a browser starts slowly where much else is done.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Browser {
    process: Child,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    /// What the browser told of itself: requests, errors.
    events: Vec<Value>,
    _folder: TempDir,
}

impl Browser {
    /// Starts a browser with an empty page. `None` where there is none, unless the environment says that no test may be
    /// passed over.
    pub fn start(test: &str) -> Option<Browser> {
        let Some(program) = program() else {
            assert!(std::env::var_os("NEED_CHROMIUM").is_none(), "no Chromium: apt-get install chromium");
            eprintln!("{test}: passed over: no Chromium (apt-get install chromium)");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let [to, from] = ["to", "from"].map(|name| folder.path().join(name));
        for path in [&to, &from] {
            nix::unistd::mkfifo(path, Mode::S_IRWXU).unwrap();
        }
        let process = Command::new("sh")
            .arg("-c")
            .arg(
                "exec \"$0\" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                 --disable-background-networking --disable-extensions --mute-audio --lang=en --remote-debugging-pipe \
                 --user-data-dir=profile about:blank 3<to 4>from",
            )
            .arg(program)
            .current_dir(folder.path())
            .env("TZ", "Europe/Berlin")
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(to).unwrap();
        let from = messages(File::open(from).unwrap());
        let mut browser = Browser { process, to, from, session: None, sent: 0, events: Vec::new(), _folder: folder };
        browser.attach();
        Some(browser)
    }

    fn attach(&mut self) {
        let began = Instant::now();
        let target = loop {
            let targets = self.tell("Target.getTargets", json!({}));
            let list = targets["targetInfos"].as_array().unwrap().clone();
            if let Some(page) = list.into_iter().find(|target| target["type"] == "page") {
                break page["targetId"].clone();
            }
            assert!(began.elapsed() < PATIENCE, "no page");
        };
        let attached = self.tell("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log"] {
            self.tell(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Asks for something; what it answers.
    pub fn tell(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut heard = self.from.recv_timeout(PATIENCE).unwrap_or_else(|why| panic!("{method}: {why}"));
            if heard["id"] == self.sent {
                assert!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return heard["result"].take();
            }
            self.events.push(heard);
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.tell("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// The same as text.
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.value(expression);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) {
        let began = Instant::now();
        while self.value(expression) != true {
            assert!(began.elapsed() < PATIENCE, "still not: {expression}\n{:?}", self.complaints());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Loads a page anew.
    pub fn open(&mut self, address: &str) {
        // Another part of the page that is open would only be scrolled to.
        self.tell("Page.navigate", json!({ "url": "about:blank" }));
        self.wait("location.href === 'about:blank'");
        self.tell("Page.navigate", json!({ "url": address }));
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'");
    }

    /// The size of the window, and whether it is a phone's.
    pub fn size(&mut self, width: u32, height: u32, phone: bool) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
        self.tell("Emulation.setDeviceMetricsOverride", params);
        self.tell("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone }));
    }

    /// Something happens at a place with the left button, if `button`.
    pub fn mouse(&mut self, what: &str, [x, y]: [f64; 2], clicks: u32) {
        let button = if clicks > 0 { "left" } else { "none" };
        let params = json!({ "type": what, "x": x, "y": y, "button": button, "clickCount": clicks });
        self.tell("Input.dispatchMouseEvent", params);
    }

    /// A click in the middle of the element that a selector finds.
    pub fn click(&mut self, selector: &str) {
        let place = self.middle(selector);
        self.mouse("mousePressed", place, 1);
        self.mouse("mouseReleased", place, 1);
    }

    /// The middle of an element, which is scrolled to.
    pub fn middle(&mut self, selector: &str) -> [f64; 2] {
        let found = self.value(&format!(
            "(() => {{ const e = document.querySelector({}); if (!e) return null; e.scrollIntoView({{ block: 'center' }}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        ));
        let place = |at: usize| found[at].as_f64().unwrap_or_else(|| panic!("there is no {selector}"));
        [place(0), place(1)]
    }

    /// A key is pressed: what `KeyboardEvent.key` is to be.
    pub fn key(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let text = if key == "Enter" {
            "\r"
        } else if key.chars().count() == 1 {
            key
        } else {
            ""
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let params = json!({ "type": down, "key": key, "code": if key == " " { "Space" } else { key },
            "windowsVirtualKeyCode": code, "text": text });
        self.tell("Input.dispatchKeyEvent", params.clone());
        self.tell("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }));
    }

    /// Fingers on the screen: where each is.
    pub fn touch(&mut self, what: &str, places: &[[f64; 2]]) {
        let points: Vec<Value> = (0..).zip(places).map(|(id, [x, y])| json!({ "x": x, "y": y, "id": id })).collect();
        self.tell("Input.dispatchTouchEvent", json!({ "type": what, "touchPoints": points }));
    }

    /// Errors, and requests for anything but the page itself.
    pub fn complaints(&self) -> Vec<String> {
        let bad = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let address = event["params"]["request"]["url"].as_str().unwrap_or_default();
                let own = address.starts_with("file://") && address.contains("/index.html");
                !own && !["data:", "blob:", "about:"].iter().any(|scheme| address.starts_with(scheme))
            }
            "Runtime.exceptionThrown" => true,
            "Log.entryAdded" => event["params"]["entry"]["level"] == "error",
            "Runtime.consoleAPICalled" => event["params"]["type"] == "error",
            _ => false,
        };
        self.events.iter().filter(bad).map(ToString::to_string).collect()
    }

    /// How many requests were made.
    pub fn requests(&self) -> usize {
        self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent").count()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Messages as they come.
fn messages(from: File) -> Receiver<Value> {
    let (tell, hear) = channel();
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut message = Vec::new();
        while from.read_until(0, &mut message).is_ok_and(|read| read > 0) {
            message.pop();
            if tell.send(serde_json::from_slice(&message).unwrap()).is_err() {
                return;
            }
            message.clear();
        }
    });
    hear
}

fn program() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut paths = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    paths.find(|path| nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok())
}
