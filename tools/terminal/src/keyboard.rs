//! The user's terminal while it belongs to a guest: every key comes at once, none is shown or interpreted.
//!
//! Its settings come back when the [`Keyboard`] is dropped, which also happens when the program panics; a panic's message is
//! printed after that. A signal must be turned into an ordinary end by the program.

use std::io::{self, Stdin};
use std::sync::Mutex;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Settings to come back, while there is a keyboard.
static ORIGINAL: Mutex<Option<Termios>> = Mutex::new(None);

/// The user's terminal.
#[derive(Debug)]
pub struct Keyboard {
    input: Stdin,
}

impl Keyboard {
    /// Takes standard input. One at a time.
    ///
    /// # Errors
    /// If standard input is no terminal.
    pub fn take() -> io::Result<Self> {
        let input = io::stdin();
        let original = tcgetattr(&input)?;
        let mut raw = original.clone();
        raw.make_raw();
        restore_before_panics();
        *ORIGINAL.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(original);
        let keyboard = Self { input };
        tcsetattr(&keyboard.input, OptionalActions::Now, &raw)?;
        Ok(keyboard)
    }

    /// Adds what was typed to `into`, after waiting for it up to `patience`. `false` if there will be no more.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
        let mut descriptors = [PollFd::new(&self.input, PollFlags::IN)];
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(true),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 256];
        match rustix::io::read(&self.input, &mut bytes) {
            Ok(count) => {
                into.extend_from_slice(&bytes[..count]);
                Ok(count != 0)
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(true),
            // What a terminal says whose other end is gone.
            Err(rustix::io::Errno::IO) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the settings back, if they were taken. A terminal that is gone has none.
fn restore() {
    let original = ORIGINAL.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(original) = original {
        tcsetattr(io::stdin(), OptionalActions::Drain, &original).unwrap_or(());
    }
}

/// Has panics restore the terminal before they print.
fn restore_before_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::LocalModes;

    use super::*;

    /// Says to the child which way out it is to take.
    const WAY_OUT: &str = "KEYBOARD_TEST_WAY_OUT";

    /// The child of the test below; alone it does nothing.
    #[test]
    fn child() {
        let Ok(way_out) = std::env::var(WAY_OUT) else { return };
        let mut keyboard = Keyboard::take().expect("standard input is a terminal");
        let raw = tcgetattr(io::stdin()).expect("a terminal");
        assert!(!raw.local_modes.contains(LocalModes::ICANON) && !raw.local_modes.contains(LocalModes::ECHO));
        let mut typed = Vec::new();
        while typed.len() < 2 {
            assert!(keyboard.read(&mut typed, Duration::from_secs(20)).expect("it can be read"));
        }
        assert_eq!(typed, [3, b'x'], "Ctrl-C is a key like others");
        assert!(way_out != "panic", "on purpose");
    }

    #[test]
    fn settings_come_back_after_an_ordinary_end_and_after_a_panic() {
        for (way_out, is_good) in [("end", true), ("panic", false)] {
            let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
            grantpt(&controller).and_then(|()| unlockpt(&controller)).expect("it can be used");
            let name = ptsname(&controller, Vec::new()).expect("it has a name");
            let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
            let terminal = OpenOptions::new().read(true).write(true).open(path).expect("it can be opened");
            let before = tcgetattr(&terminal).expect("a terminal");
            let mut child = Command::new(std::env::current_exe().expect("this program"));
            child.args(["--exact", "keyboard::tests::child", "--nocapture"]).env(WAY_OUT, way_out);
            child.stdin(terminal.try_clone().expect("a handle")).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = child.spawn().expect("this program starts");
            wait_until_raw(&terminal);
            rustix::io::write(&controller, &[3, b'x']).expect("it takes keys");
            let status = child.wait().expect("it ends");
            assert_eq!(status.success(), is_good, "{way_out}");
            let after = tcgetattr(&terminal).expect("a terminal");
            assert_eq!(
                (after.local_modes, after.input_modes, after.output_modes),
                (before.local_modes, before.input_modes, before.output_modes),
                "{way_out}"
            );
        }
    }

    /// What is typed before would be taken by the terminal itself.
    fn wait_until_raw(terminal: &File) {
        let is_raw = || {
            let settings = tcgetattr(terminal).expect("a terminal");
            !settings.local_modes.contains(LocalModes::ISIG)
        };
        while !is_raw() {
            std::thread::yield_now();
        }
    }
}
