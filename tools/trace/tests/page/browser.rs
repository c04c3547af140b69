//! A headless Chromium, driven through the DevTools protocol.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// How long an answer of the browser may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the browser writes before the address that it listens at.
const LISTENING: &str = "DevTools listening on ";

/// A browser with one page.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    sent: u64,
    /// Whether the page has been loaded.
    is_loaded: bool,
    errors: Vec<String>,
}

impl Browser {
    /// Opens a file, and waits until the page says that it is ready. `None` if no Chromium is installed.
    pub(crate) fn open(file: &Path, profile: &Path) -> Option<Self> {
        let mut process = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"])
            .args(["--no-first-run", "--disable-dev-shm-usage", "--window-size=1400,900"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let words = BufReader::new(process.stderr.take().expect("it was asked for"));
        let mut lines = words.lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix(LISTENING).map(str::to_owned))
            .expect("Chromium says where it listens");
        // It must not wait for somebody to read what else it says.
        std::thread::spawn(move || lines.for_each(drop));
        let host = address.trim_start_matches("ws://").split('/').next().expect("an address has a host");
        let stream = TcpStream::connect(host).expect("Chromium listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("the time is not zero");
        let (socket, _) = tungstenite::client(address.as_str(), stream).expect("it speaks DevTools");
        let mut browser =
            Self { process, socket, session: None, sent: 0, is_loaded: false, errors: Vec::new() };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach)["sessionId"].clone();
        browser.session = session.as_str().map(str::to_owned);
        browser.call("Runtime.enable", &json!({}));
        let size = json!({ "width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", &size);
        browser.call("Page.enable", &json!({}));
        // Loading the blank page may be told only now.
        browser.is_loaded = false;
        browser.call("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
        while !browser.is_loaded {
            browser.receive();
        }
        browser.promise(
            "new Promise((done) => { const look = () => document.body && document.body.dataset.ready \
             ? done(true) : setTimeout(look, 20); look(); })",
        );
        Some(browser)
    }

    /// Exceptions that the page did not catch.
    pub(crate) fn errors(&self) -> &[String] {
        &self.errors
    }

    /// Value of an expression once the page has drawn what it had to.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        self.promise(&format!(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done({expression}))))"
        ))
    }

    /// Middle of the first element that a selector names.
    pub(crate) fn place_of(&mut self, selector: &str) -> (f64, f64) {
        let room = self.evaluate(&format!(
            "(() => {{ const room = document.querySelector('{selector}').getBoundingClientRect(); \
             return [room.x + room.width / 2, room.y + room.height / 2]; }})()"
        ));
        (room[0].as_f64().expect("a number"), room[1].as_f64().expect("a number"))
    }

    /// Moves the pointer.
    pub(crate) fn point(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, json!({}));
    }

    /// Clicks.
    pub(crate) fn click(&mut self, x: f64, y: f64) {
        let left = json!({ "button": "left", "clickCount": 1 });
        self.point(x, y);
        self.mouse("mousePressed", x, y, left.clone());
        self.mouse("mouseReleased", x, y, left);
    }

    /// Drags from one place to another.
    pub(crate) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let left = json!({ "button": "left", "buttons": 1, "clickCount": 1 });
        self.mouse("mousePressed", from.0, from.1, left.clone());
        self.mouse("mouseMoved", f64::midpoint(from.0, to.0), to.1, left.clone());
        self.mouse("mouseMoved", to.0, to.1, left.clone());
        self.mouse("mouseReleased", to.0, to.1, left);
    }

    /// Turns the wheel; a negative distance zooms in.
    pub(crate) fn wheel(&mut self, x: f64, y: f64, distance: f64) {
        self.mouse("mouseWheel", x, y, json!({ "deltaX": 0, "deltaY": distance }));
    }

    /// Types a text into what has the focus.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key with a letter on it.
    pub(crate) fn press(&mut self, key: &str) {
        for what in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", &json!({ "type": what, "key": key, "text": key }));
        }
    }

    fn mouse(&mut self, what: &str, x: f64, y: f64, further: Value) {
        let mut event = json!({ "type": what, "x": x, "y": y });
        if let (Some(event), Value::Object(further)) = (event.as_object_mut(), further) {
            event.extend(further);
        }
        self.call("Input.dispatchMouseEvent", &event);
    }

    fn promise(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).expect("the browser listens");
        loop {
            let mut answer = self.receive();
            if answer["id"] == self.sent {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    /// The next message of the browser, of which events are noted.
    fn receive(&mut self) -> Value {
        let text = loop {
            if let Message::Text(text) = self.socket.read().expect("the browser answers in time") {
                break text;
            }
        };
        let message: Value = serde_json::from_str(&text).expect("the browser speaks JSON");
        if message["method"] == "Runtime.exceptionThrown" {
            self.errors.push(message["params"]["exceptionDetails"].to_string());
        }
        self.is_loaded |= message["method"] == "Page.loadEventFired";
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
