//! What an agent finds in its sources.

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use workspacesdk::context::ContextSnapshotResource;

/// What a resource is. The order is that in which resources are kept when there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::agent) enum Kind {
    InstructionFile,
    Skill,
    McpConfig,
    McpServer,
}

impl Kind {
    pub(in crate::agent) fn name(self) -> &'static str {
        match self {
            Self::InstructionFile => "instruction_file",
            Self::Skill => "skill",
            Self::McpConfig => "mcp_config",
            Self::McpServer => "mcp_server",
        }
    }

    /// Whether it is put into chats as it is, so that another content makes them stale.
    fn is_pinned(self) -> bool {
        matches!(self, Self::InstructionFile | Self::Skill)
    }
}

/// Whether a resource is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Status {
    Ok,
    Oversize,
    Unreadable,
    Invalid,
    Excluded,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Oversize => "oversize",
            Self::Unreadable => "unreadable",
            Self::Invalid => "invalid",
            Self::Excluded => "excluded",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Resource {
    pub(in crate::agent) kind: Kind,
    /// Path of the file or folder, or the name of the MCP server.
    pub(in crate::agent) source: String,
    /// The source that it was found under, unless it would have been found anyway.
    pub(in crate::agent) source_path: String,
    pub(in crate::agent) content_hash: [u8; 32],
    /// What is put into chats; empty unless its status is ok.
    pub(in crate::agent) payload: Vec<u8>,
    pub(in crate::agent) size: u64,
    pub(in crate::agent) status: Status,
    pub(in crate::agent) error: String,
    pub(in crate::agent) name: String,
    pub(in crate::agent) description: String,
}

impl Resource {
    pub(super) fn new(kind: Kind, source: String, source_path: &str) -> Self {
        Self {
            kind,
            source,
            source_path: source_path.to_owned(),
            content_hash: [0; 32],
            payload: Vec::new(),
            size: 0,
            status: Status::Ok,
            error: String::new(),
            name: String::new(),
            description: String::new(),
        }
    }

    pub(super) fn id(&self) -> String {
        format!("{}:{}", self.kind.name(), self.source)
    }

    pub(super) fn failed(mut self, status: Status, error: impl Into<String>) -> Self {
        self.status = status;
        self.error = error.into();
        self.payload = Vec::new();
        self
    }
}

impl From<&Resource> for ContextSnapshotResource {
    fn from(resource: &Resource) -> Self {
        Self {
            id: resource.id(),
            kind: resource.kind.name().to_owned(),
            source: resource.source.clone(),
            source_path: resource.source_path.clone(),
            content_hash: hex::encode(resource.content_hash),
            size_bytes: resource.size,
            status: resource.status.name().to_owned(),
            error: resource.error.clone(),
            name: resource.name.clone(),
            description: resource.description.clone(),
        }
    }
}

pub(super) fn sha256(data: &[u8]) -> [u8; 32] {
    bytes(digest(&SHA256, data))
}

fn bytes(digest: Digest) -> [u8; 32] {
    digest.as_ref().try_into().unwrap_or_default()
}

/// A hash over texts that are told apart: each is preceded by its length.
#[derive(Clone)]
pub(super) struct Hasher(Context);

impl Hasher {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.update(format!("{}:", text.len()).as_bytes());
        self.0.update(text.as_bytes());
        self
    }

    pub(super) fn finish(self) -> [u8; 32] {
        bytes(self.0.finish())
    }
}

/// The hash over all resources that chats keep; others may come and go without a chat being stale.
pub(super) fn aggregate_hash(resources: &[Resource]) -> [u8; 32] {
    let mut pinned: Vec<(String, &Resource)> =
        resources.iter().filter(|resource| resource.kind.is_pinned()).map(|one| (one.id(), one)).collect();
    pinned.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut hasher = Hasher::new();
    for (id, resource) in pinned {
        hasher.text(&id).text(resource.kind.name()).text(&resource.source);
        hasher.0.update(&resource.content_hash);
        hasher.text(resource.status.name());
        hasher.0.update(&[0]);
    }
    hasher.finish()
}
