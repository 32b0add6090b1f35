//! Sharing what only its owner may touch.

use std::sync::{Mutex, PoisonError};

/// Makes a value `Sync` that is reached through `&mut` alone, such as a boxed future: then no two threads can have it
/// at a time, and the lock is never taken.
pub(crate) struct Exclusive<T>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn get(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
