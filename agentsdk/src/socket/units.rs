//! Units that wait for each other.

use std::collections::{BTreeMap, BTreeSet};

/// How many units there may be.
const MAX_UNITS: usize = 10_000;
/// How long a unit's name may be, in bytes.
const MAX_NAME: usize = 4096;

/// Where a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnitStatus {
    /// Nobody has told of it.
    #[default]
    NotRegistered,
    /// It has not started.
    Pending,
    /// It runs.
    Started,
    /// It is done.
    Completed,
}

impl UnitStatus {
    /// The word of the wire; empty for a unit that nobody has told of.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRegistered => "",
            Self::Pending => "pending",
            Self::Started => "started",
            Self::Completed => "completed",
        }
    }
}

/// Why a change to units was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnitError(String);

fn refuse<T>(text: impl Into<String>) -> Result<T, UnitError> {
    Err(UnitError(text.into()))
}

/// A unit as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub status: UnitStatus,
    /// Whether all that it waits for is done.
    pub ready: bool,
}

/// What a unit waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The other unit.
    pub depends_on: String,
    /// Where the other is.
    pub status: UnitStatus,
}

impl Dependency {
    /// Whether the other is done.
    pub fn is_satisfied(&self) -> bool {
        self.status == UnitStatus::Completed
    }
}

/// Units and what they wait for.
///
/// ```
/// use agentsdk::socket::{UnitStatus, Units};
///
/// let mut units = Units::default();
/// units.want("ide", "clone")?;
/// assert!(units.start("ide").is_err());
/// units.start("clone")?;
/// units.complete("clone")?;
/// units.start("ide")?;
/// assert_eq!(units.status("ide"), UnitStatus::Started);
/// # Ok::<(), agentsdk::socket::UnitError>(())
/// ```
#[derive(Debug, Default)]
pub struct Units {
    statuses: BTreeMap<String, UnitStatus>,
    wants: BTreeMap<String, BTreeSet<String>>,
}

impl Units {
    fn register(&mut self, name: &str) -> Result<(), UnitError> {
        if name.is_empty() {
            return refuse("registering unit \"\": unit name is required");
        }
        if !self.statuses.contains_key(name) {
            self.check_room(name)?;
            self.statuses.insert(name.to_owned(), UnitStatus::Pending);
        }
        Ok(())
    }

    fn check_room(&self, name: &str) -> Result<(), UnitError> {
        if name.len() > MAX_NAME {
            return refuse(format!("unit name is {} bytes, exceeds {MAX_NAME} bytes", name.len()));
        }
        let edges: usize = self.wants.values().map(BTreeSet::len).sum();
        if self.statuses.len() + edges >= MAX_UNITS {
            return refuse(format!("there are {MAX_UNITS} units and dependencies already"));
        }
        Ok(())
    }

    /// Where a unit is.
    pub fn status(&self, name: &str) -> UnitStatus {
        self.statuses.get(name).copied().unwrap_or_default()
    }

    /// Whether all that a unit waits for is done.
    ///
    /// # Errors
    /// For an empty name.
    pub fn is_ready(&self, name: &str) -> Result<bool, UnitError> {
        if name.is_empty() {
            return refuse("unit ID cannot be empty: unit name is required");
        }
        Ok(self.dependencies(name).iter().all(Dependency::is_satisfied))
    }

    /// A unit starts; one that is done starts again.
    ///
    /// # Errors
    /// When it is not ready, or has started already.
    pub fn start(&mut self, name: &str) -> Result<(), UnitError> {
        self.register(name).map_err(|error| UnitError(format!("SyncStart: {error}")))?;
        if !self.is_ready(name)? {
            return refuse(format!("cannot start unit {name:?}: unit not ready"));
        }
        let set = self.set(name, UnitStatus::Started);
        set.map_err(|error| UnitError(format!("cannot start unit {name:?}: {error}")))
    }

    /// A unit is done.
    ///
    /// # Errors
    /// When nobody has told of it, or it is done already.
    pub fn complete(&mut self, name: &str) -> Result<(), UnitError> {
        let set = self.set(name, UnitStatus::Completed);
        set.map_err(|error| UnitError(format!("cannot complete unit {name:?}: {error}")))
    }

    fn set(&mut self, name: &str, status: UnitStatus) -> Result<(), UnitError> {
        if name.is_empty() {
            return refuse("updating status for unit \"\": unit name is required");
        }
        match self.statuses.get_mut(name) {
            None => refuse(format!("unit {name:?} must be registered first: unit not found")),
            Some(old) if *old == status => {
                refuse(format!("checking status for unit {name:?}: same status already set"))
            }
            Some(old) => {
                *old = status;
                Ok(())
            }
        }
    }

    /// `name` is not to start before `depends_on` is done. The latter need not be known yet.
    ///
    /// # Errors
    /// When that would close a circle.
    pub fn want(&mut self, name: &str, depends_on: &str) -> Result<(), UnitError> {
        self.add_want(name, depends_on).map_err(|error| UnitError(format!("cannot add dependency: {error}")))
    }

    fn add_want(&mut self, name: &str, depends_on: &str) -> Result<(), UnitError> {
        self.register(name)?;
        if depends_on.is_empty() {
            return refuse("dependency name cannot be empty: unit name is required");
        }
        if self.reaches(depends_on, name) {
            return refuse(format!(
                "adding edge for unit {name:?}: failed to add dependency\nadding edge ({name} -> {depends_on}): cycle \
                 detected"
            ));
        }
        if !self.wants.get(name).is_some_and(|wants| wants.contains(depends_on)) {
            self.check_room(depends_on)?;
            self.wants.entry(name.to_owned()).or_default().insert(depends_on.to_owned());
        }
        Ok(())
    }

    /// Whether one unit waits for another, or for one that does, and so on.
    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut open = vec![from];
        let mut seen = BTreeSet::new();
        while let Some(unit) = open.pop() {
            if unit == to {
                return true;
            }
            if seen.insert(unit) {
                open.extend(self.wants.get(unit).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }

    /// What a unit waits for, by name.
    pub fn dependencies(&self, name: &str) -> Vec<Dependency> {
        let wants = self.wants.get(name).into_iter().flatten();
        wants.map(|other| Dependency { depends_on: other.clone(), status: self.status(other) }).collect()
    }

    /// All units that were told of, by name.
    pub fn list(&self) -> Vec<Unit> {
        let unit = |(name, status): (&String, &UnitStatus)| Unit {
            name: name.clone(),
            status: *status,
            ready: self.dependencies(name).iter().all(Dependency::is_satisfied),
        };
        self.statuses.iter().map(unit).collect()
    }
}
