//! `terraform apply` of a verified file: its environment, its one interrupt, its end.

use std::collections::BTreeSet;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::private_copy::PrivateCopy;
use super::terraform::Terraform;
use crate::apply::{ApplyPermit, ApplySettings, Interrupter, Signal, scrub};

/// How often the process and the clock are looked at.
const TICK: Duration = Duration::from_millis(100);

/// How Terraform ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; a signal that killed it counts as 128 plus its number, as in a shell.
    pub status: i32,
    /// What it was interrupted for, if it was.
    pub interrupted: Option<Signal>,
    /// The variables that it did not get.
    pub dropped: BTreeSet<String>,
}

/// Applies the copy that the permit is for. `read_at` is when the server's clock was read, on this machine's
/// monotonic clock; the deadline counts from there.
///
/// Terraform runs in a process group of its own, so that a terminal's or a runner's interrupt reaches it through
/// this function only: once.
///
/// # Errors
/// Before Terraform starts: when the copy is not the permit's, or the program cannot be started. Afterwards there
/// is always an end.
pub fn apply(
    permit: ApplyPermit,
    copy: &PrivateCopy,
    terraform: &Terraform,
    settings: &ApplySettings,
    read_at: Instant,
) -> Result<Ended> {
    let order = permit.spend();
    if order.plan != copy.digest() || !copy.is_unchanged()? {
        bail!("the copy of the plan file is not the one that was permitted");
    }
    if order.deadline.is_some_and(|deadline| deadline.remaining(read_at.elapsed()).is_zero()) {
        bail!("the window ended before the program could be started");
    }
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let (environment, dropped) = scrub(environment, settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot watch signals")?;
    runtime.block_on(async {
        let mut signals = Signals::new().context("cannot watch signals")?;
        let mut command = Command::new(terraform.program());
        command
            .args(["apply", "-input=false", "-no-color"])
            .arg(copy.path())
            .env_clear()
            .envs(environment)
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .stdin(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().context("cannot start the program that applies")?;
        let mut interrupter = Interrupter::default();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => {
                    return Ok(Ended { status: code(status), interrupted: interrupter.sent(), dropped });
                }
                Ok(None) => {}
                // The process is there and cannot be asked: waiting is all that is safe.
                Err(_) => {
                    let status = child.wait().map_or(1, code);
                    return Ok(Ended { status, interrupted: interrupter.sent(), dropped });
                }
            }
            let due = order.deadline.is_some_and(|deadline| deadline.remaining(read_at.elapsed()).is_zero());
            let signal = if due { Some(Signal::Deadline) } else { signals.within(TICK).await };
            match signal {
                Some(signal) if interrupter.pass_on(signal) => interrupt(&child),
                _ => tokio::time::sleep(TICK).await,
            }
        }
    })
}

/// One SIGINT to Terraform itself; it passes it on to its plugins in its own way.
#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    if let Some(id) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // A process that has just ended cannot be interrupted, and need not be.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
    }
}

#[cfg(not(unix))]
fn interrupt(_: &std::process::Child) {}

fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(1)
}

/// SIGINT and SIGTERM to this process. GitHub sends both when a run is cancelled.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn within(&mut self, time: Duration) -> Option<Signal> {
        let any = async {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        };
        tokio::time::timeout(time, any).await.ok().map(|()| Signal::Cancelled)
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn within(&mut self, time: Duration) -> Option<Signal> {
        tokio::time::timeout(time, tokio::signal::ctrl_c()).await.ok().map(|_| Signal::Cancelled)
    }
}
