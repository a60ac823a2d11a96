//! SHA-256 of the input, beside the scan.
//!
//! Hashing takes longer than scanning where the processor has no SHA instructions, so a large input is hashed by a
//! second thread. ring's assembly is nearly twice as fast there as portable code.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use ring::digest::{Context, SHA256};

/// Inputs up to this size are hashed where they are read: a thread would cost more than it saves.
const SMALL: u64 = 1 << 20;
/// Chunks that may wait for the second thread: they bound its memory.
const WAITING: usize = 4;

/// A running digest.
pub(super) enum Hasher {
    /// Not wanted.
    Off,
    /// In this thread, with the bytes so far.
    Here(Context, u64),
    /// In a second thread.
    Beside(Beside),
}

/// The second thread and the way to it.
pub(super) struct Beside {
    full: SyncSender<Vec<u8>>,
    /// Buffers that come back, to be filled again.
    empty: Receiver<Vec<u8>>,
    worker: JoinHandle<Context>,
}

impl Hasher {
    pub(super) fn new(wanted: bool) -> Self {
        if wanted { Self::Here(Context::new(&SHA256), 0) } else { Self::Off }
    }

    /// Adds bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Off => {}
            Self::Here(context, total) => {
                context.update(bytes);
                *total += bytes.len() as u64;
                if *total > SMALL
                    && let Some(beside) = Beside::start(context.clone())
                {
                    *self = Self::Beside(beside);
                }
            }
            Self::Beside(beside) => {
                let mut buffer = beside.empty.try_recv().unwrap_or_default();
                buffer.clear();
                buffer.extend_from_slice(bytes);
                // It fails only when the worker is gone, which `finish` reports.
                let _ = beside.full.send(buffer);
            }
        }
    }

    /// The digest; `None` when it was not wanted.
    ///
    /// # Errors
    ///
    /// The second thread died, so the digest is not known.
    pub(super) fn finish(self) -> std::io::Result<Option<[u8; 32]>> {
        let context = match self {
            Self::Off => return Ok(None),
            Self::Here(context, _) => context,
            Self::Beside(Beside { full, empty, worker }) => {
                drop((full, empty));
                worker.join().map_err(|_| std::io::Error::other("the digest could not be computed"))?
            }
        };
        let digest = context.finish();
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Ok(Some(bytes))
    }
}

impl Beside {
    /// Hands the digest over to a new thread, if there can be one.
    fn start(mut context: Context) -> Option<Self> {
        let (full, work) = sync_channel::<Vec<u8>>(WAITING);
        let (done, empty) = channel();
        let worker = std::thread::Builder::new().name("sha256".into()).spawn(move || {
            for buffer in work {
                context.update(&buffer);
                // Nobody waits for the last buffers.
                let _ = done.send(buffer);
            }
            context
        });
        worker.ok().map(|worker| Self { full, empty, worker })
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn small_and_large_inputs_have_the_standard_digest() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for len in [0, 1, 100, SMALL as usize, SMALL as usize + 1, 2_500_000, 3_000_000] {
            let bytes = &bytes[..len];
            let mut hasher = Hasher::new(true);
            bytes.chunks(100_003).for_each(|chunk| hasher.update(chunk));
            let expected: [u8; 32] = Sha256::digest(bytes).into();
            assert_eq!(hasher.finish().unwrap(), Some(expected), "{len}");
        }
        assert_eq!(Hasher::new(false).finish().unwrap(), None);
    }
}
