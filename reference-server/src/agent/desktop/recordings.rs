//! Recordings of a desktop: one program and its files each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::process::Signal;
use workspacesdk::fs::FsError;

use super::{Artifact, Content, DesktopError};
use crate::clock::Clock;
use crate::program::Program;

/// How long a program may take to finish its files.
const GRACE: Duration = Duration::from_secs(15);

/// A recording, being made or made.
#[derive(Debug)]
pub(super) struct Recording {
    program: Option<Program>,
    video: PathBuf,
    thumbnail: PathBuf,
    /// Whether its program was killed, so that its files are of no use.
    killed: bool,
    /// Tells it from another of the same id.
    pub(super) number: u64,
}

impl Recording {
    pub(super) fn new(program: Program, video: PathBuf, thumbnail: PathBuf, number: u64) -> Self {
        Self { program: Some(program), video, thumbnail, killed: false, number }
    }

    /// Whether it is being made.
    pub(super) fn is_active(&mut self) -> bool {
        self.program.as_mut().is_some_and(|program| !program.has_ended())
    }

    /// Whether it was ended, and its file was last written to longer ago than this, or is gone.
    pub(super) fn is_older(&self, now: DateTime<Utc>, age: Duration) -> bool {
        let written = || std::fs::metadata(&self.video).and_then(|metadata| metadata.modified());
        let old = |at| (now - DateTime::<Utc>::from(at)).to_std().is_ok_and(|since| since > age);
        self.program.is_none() && written().map_or(true, old)
    }

    /// Lets the program finish its files; kills it when it does not.
    pub(super) async fn stop(&mut self, clock: &dyn Clock) {
        let Some(mut program) = self.program.take() else { return };
        if program.has_ended() {
            return;
        }
        program.signal(Signal::INT);
        tokio::select! {
            _ = program.wait() => {}
            () = clock.sleep(GRACE) => {
                program.signal(Signal::KILL);
                self.killed = true;
            }
        }
    }

    /// Opens its files.
    pub(super) async fn open(&self) -> Result<Artifact, DesktopError> {
        if self.killed {
            return Err(DesktopError::Corrupted);
        }
        let video = content(&self.video).await.map_err(|error| {
            let error = FsError::new("open", &self.video.to_string_lossy(), error);
            DesktopError::Failed(format!("open recording artifact: {error}"))
        })?;
        let thumbnail = content(&self.thumbnail).await.ok().filter(|thumbnail| thumbnail.size > 0);
        Ok(Artifact { video, thumbnail })
    }

    /// Removes its files; those who read them keep them.
    pub(super) async fn discard(mut self) {
        if let Some(program) = self.program.take() {
            program.signal(Signal::KILL);
        }
        for path in [&self.video, &self.thumbnail] {
            // It may never have been written.
            let _ = tokio::fs::remove_file(path).await;
        }
    }
}

async fn content(path: &Path) -> std::io::Result<Content> {
    let file = tokio::fs::File::open(path).await?;
    let size = file.metadata().await?.len();
    Ok(Content { reader: Box::new(file), size })
}
