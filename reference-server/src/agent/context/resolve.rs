//! Finds resources: in a folder its instruction files, its `.mcp.json` and the skills in the places where tools keep
//! them, and nothing below or above.

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use workspacesdk::fs::in_words;
use workspacesdk::fs::path::{base, join, parent};
use workspacesdk::quote::shown;
use workspacesdk::skills::{is_skill_name, parse_skill_frontmatter};

use super::names_in;
use super::paths::{is_within, text};
use super::resource::{Kind, Resource, Status, sha256};
use crate::http::go_json;
use crate::quote::quoted;

/// How long a resource may be, in bytes.
const MAX_RESOURCE: u64 = 64 << 10;
/// How long all resources together may be, in bytes.
const MAX_SNAPSHOT: usize = 2 << 20;
/// How many resources there may be.
const MAX_RESOURCES: usize = 500;

const INSTRUCTION_FILES: [&str; 3] = ["AGENTS.md", "CLAUDE.md", ".cursorrules"];
const MCP_CONFIG: &str = ".mcp.json";
const SKILL_META: &str = "SKILL.md";
/// Where skills are kept, below a folder.
const SKILL_FOLDERS: [&str; 4] = ["skills", ".agents/skills", ".claude/skills", ".codex/skills"];

/// Whether a file of this name can be a resource.
pub(super) fn is_resource(name: &str) -> bool {
    INSTRUCTION_FILES.contains(&name) || name == MCP_CONFIG || name == SKILL_META
}

/// Where skills are kept if this folder is looked in.
pub(super) fn skill_folders(folder: &str) -> impl Iterator<Item = String> {
    let own = (base(folder) == "skills").then(|| folder.to_owned());
    own.into_iter().chain(SKILL_FOLDERS.map(|below| join(&[folder, below])))
}

/// A folder or file where resources are looked for.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub(super) path: String,
    /// The source that it is, if somebody added it.
    pub(super) source: String,
}

/// Every resource of the roots, each once, those beyond the limits excluded.
pub(super) fn resolve(roots: &[Root], servers: Vec<Resource>) -> Vec<Resource> {
    let mut seen_roots = HashSet::new();
    let mut found = Found::default();
    for root in roots.iter().filter(|root| !root.path.is_empty() && seen_roots.insert(&root.path)) {
        found.look_in(root);
    }
    let mut resources = found.resources;
    resources.sort_by(|one, other| (one.kind, &one.source).cmp(&(other.kind, &other.source)));
    // Last, so that servers cannot crowd out what people wrote.
    resources.extend(servers);
    exclude_excess(&mut resources);
    resources.sort_by_cached_key(Resource::id);
    resources
}

fn exclude_excess(resources: &mut [Resource]) {
    let mut total = 0;
    for (number, resource) in resources.iter_mut().enumerate() {
        let excess = if number >= MAX_RESOURCES {
            format!("dropped to fit {MAX_RESOURCES}-resource snapshot count cap")
        } else if total + resource.payload.len() > MAX_SNAPSHOT {
            format!("dropped to fit {MAX_SNAPSHOT}-byte aggregate cap")
        } else {
            total += resource.payload.len();
            continue;
        };
        *resource = resource.clone().failed(Status::Excluded, excess);
    }
}

#[derive(Default)]
struct Found {
    resources: Vec<Resource>,
    ids: HashSet<String>,
}

impl Found {
    fn add(&mut self, resource: Resource) {
        if self.ids.insert(resource.id()) {
            self.resources.push(resource);
        }
    }

    fn look_in(&mut self, root: &Root) {
        // What is not there yet may come.
        let Ok(metadata) = Path::new(&root.path).metadata() else { return };
        if !metadata.is_dir() {
            match base(&root.path) {
                name if INSTRUCTION_FILES.contains(&name) => self.add(instructions(root, &root.path, &metadata)),
                MCP_CONFIG => self.add(mcp_config(root, &root.path, &metadata)),
                SKILL_META => self.add(skill(root, &root.path, &metadata)),
                _ => {}
            }
            return;
        }
        for (name, is_dir) in names_in(&root.path) {
            let is_instructions = INSTRUCTION_FILES.contains(&name.as_str());
            let path = join(&[&root.path, &name]);
            if is_dir || !is_instructions && name != MCP_CONFIG {
                continue;
            }
            let Ok(metadata) = Path::new(&path).symlink_metadata() else { continue };
            let read = if is_instructions { instructions } else { mcp_config };
            self.add(read(root, &path, &metadata));
        }
        for container in skill_folders(&root.path) {
            for (name, _) in names_in(&container).into_iter().filter(|(_, is_dir)| *is_dir) {
                let path = join(&[&container, &name, SKILL_META]);
                if let Ok(metadata) = Path::new(&path).symlink_metadata() {
                    self.add(skill(root, &path, &metadata));
                }
            }
        }
    }
}

/// A file that may be read, and how long it is.
struct Target {
    path: String,
    size: u64,
}

/// Where a file really is. A link must not lead out of the root: whoever wrote a repository could have its readers
/// show any file to a model.
fn target(path: &str, metadata: &Metadata, root: &str) -> Result<Target, (Status, String)> {
    if !metadata.is_symlink() {
        if metadata.is_dir() {
            return Err((Status::Unreadable, format!("read {path}: is a directory")));
        }
        if !metadata.is_file() {
            return Err((Status::Unreadable, format!("{} is not a regular file", quoted(path))));
        }
        return Ok(Target { path: path.to_owned(), size: metadata.len() });
    }
    let broken = |error: std::io::Error| {
        (Status::Unreadable, format!("symlink resolve: {}", where_it_breaks(path).unwrap_or_else(|| in_words(&error))))
    };
    let target = Path::new(path).canonicalize().map(text).map_err(broken)?;
    let real_root = Path::new(root).canonicalize().map_or_else(|_| root.to_owned(), text);
    if !is_within(&target, &real_root) {
        let error = format!("symlink target {} escapes scan root {}", quoted(&target), quoted(root));
        return Err((Status::Invalid, error));
    }
    let found = Path::new(&target).metadata().map_err(|error| {
        let words = format!("stat {target}: {}", in_words(&error));
        (Status::Unreadable, words)
    })?;
    if !found.is_file() {
        return Err((Status::Invalid, format!("symlink target {} is not a regular file", quoted(&target))));
    }
    Ok(Target { path: target, size: found.len() })
}

/// Which part of a path leads nowhere, links followed, and why.
fn where_it_breaks(path: &str) -> Option<String> {
    const MOST_LINKS: usize = 255;
    let parts_of = |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).rev().collect::<Vec<_>>();
    let mut rest = parts_of(Path::new(path));
    let mut reached = PathBuf::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == ".." {
            reached.pop();
            continue;
        }
        let next = reached.join(&part);
        match next.symlink_metadata() {
            Err(error) => return Some(format!("lstat {}: {}", next.display(), in_words(&error))),
            Ok(found) if found.is_symlink() => {
                links += 1;
                if links > MOST_LINKS {
                    return Some("EvalSymlinks: too many links".to_owned());
                }
                rest.extend(parts_of(&next.read_link().ok()?));
            }
            Ok(found) if !found.is_dir() && !rest.is_empty() => return Some("not a directory".to_owned()),
            Ok(_) => reached = next,
        }
    }
    None
}

/// Reads the file of a resource, or says in the resource why it cannot be used.
fn read(mut resource: Resource, target: &Target) -> Result<(Resource, Vec<u8>), Resource> {
    resource.size = target.size;
    let mut content = Vec::new();
    let opened = std::fs::File::open(&target.path);
    let outcome = opened.and_then(|file| file.take(MAX_RESOURCE).read_to_end(&mut content));
    if target.size > MAX_RESOURCE {
        // Of what can be read, so that a later change shows.
        if outcome.is_ok() {
            resource.content_hash = sha256(&content);
        }
        let error = format!("file size {} exceeds per-resource cap of {MAX_RESOURCE} bytes", target.size);
        return Err(resource.failed(Status::Oversize, error));
    }
    if let Err(error) = outcome {
        let words = format!("open {}: {}", target.path, in_words(&error));
        return Err(resource.failed(Status::Unreadable, words));
    }
    resource.content_hash = sha256(&content);
    Ok((resource, content))
}

fn instructions(root: &Root, path: &str, metadata: &Metadata) -> Resource {
    let found = target(path, metadata, &root.path);
    // Several names of one file are one resource.
    let source = found.as_ref().map_or(path, |target| &target.path).to_owned();
    let mut resource = Resource::new(Kind::InstructionFile, source, &root.source);
    resource.size = metadata.len();
    let target = match found {
        Ok(target) => target,
        Err((status, error)) => return resource.failed(status, error),
    };
    match read(resource, &target) {
        Ok((mut resource, content)) => {
            resource.description = first_line(&shown(&content));
            resource.payload = content;
            resource
        }
        Err(resource) => resource,
    }
}

/// The first line with text, without the marks of a heading.
fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.trim_start_matches('#').trim().to_owned()
}

/// Only hashed: it may hold secrets, and what its servers offer is told by themselves.
fn mcp_config(root: &Root, path: &str, metadata: &Metadata) -> Resource {
    let mut resource = Resource::new(Kind::McpConfig, path.to_owned(), &root.source);
    resource.size = metadata.len();
    let target = match target(path, metadata, &root.path) {
        Ok(target) => target,
        Err((status, error)) => return resource.failed(status, error),
    };
    match read(resource, &target) {
        Ok((resource, content)) => match check_mcp_config(&content) {
            Ok(()) => resource,
            Err(error) => resource.failed(Status::Invalid, error),
        },
        Err(resource) => resource,
    }
}

fn check_mcp_config(content: &[u8]) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct Config {
        #[serde(rename = "mcpServers", default)]
        servers: Option<BTreeMap<String, Box<RawValue>>>,
    }
    let config: Config = go_json::from_whole(content).map_err(|error| error.to_string())?;
    match config.servers.iter().flatten().find(|(_, server)| !server.get().starts_with('{')) {
        Some((name, _)) => Err(format!("server {} must be a JSON object", quoted(name))),
        None => Ok(()),
    }
}

fn skill(root: &Root, path: &str, metadata: &Metadata) -> Resource {
    let folder = parent(path);
    let folder = if folder.len() > 1 { folder.trim_end_matches('/').to_owned() } else { folder };
    let mut resource = Resource::new(Kind::Skill, folder.clone(), &root.source);
    resource.size = metadata.len();
    let target = match target(path, metadata, &root.path) {
        Ok(target) => target,
        Err((status, error)) => return resource.failed(status, error),
    };
    let (mut resource, content) = match read(resource, &target) {
        Ok(read) => read,
        Err(resource) => return resource,
    };
    let meta = match parse_skill_frontmatter(&content) {
        Ok(meta) => meta,
        Err(error) => return resource.failed(Status::Invalid, error.to_string()),
    };
    let folder_name = base(&folder);
    if meta.name != folder_name {
        let (name, folder) = (quoted(&meta.name), quoted(folder_name));
        return resource.failed(Status::Invalid, format!("front-matter name {name} does not match directory {folder}"));
    }
    if !is_skill_name(&meta.name) {
        return resource.failed(Status::Invalid, format!("skill name {} is not kebab-case", quoted(&meta.name)));
    }
    resource.name = meta.name;
    resource.description = meta.description;
    resource.payload = content;
    resource
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn root(path: &Path) -> Root {
        Root { path: path.to_str().unwrap().to_owned(), source: String::new() }
    }

    #[test]
    fn links_are_followed_within_the_root_only() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().canonicalize().unwrap().join("project");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(folder.path().join("secret"), "key").unwrap();
        std::fs::write(dir.join("AGENTS.md"), "# Rules").unwrap();
        symlink("AGENTS.md", dir.join("CLAUDE.md")).unwrap();
        symlink("../secret", dir.join(".cursorrules")).unwrap();
        symlink("nothing", dir.join(".mcp.json")).unwrap();
        let found = resolve(&[root(&dir), root(&dir)], Vec::new());
        let told: Vec<_> = found.iter().map(|one| (one.source.rsplit('/').next().unwrap(), one.status)).collect();
        assert_eq!(
            told,
            [(".cursorrules", Status::Invalid), ("AGENTS.md", Status::Ok), (".mcp.json", Status::Unreadable)]
        );
        assert_eq!(found[1].description, "Rules");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_the_part_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().canonicalize().unwrap();
        symlink("sub/file", dir.join("AGENTS.md")).unwrap();
        symlink("CLAUDE.md", dir.join("CLAUDE.md")).unwrap();
        std::fs::write(dir.join("file"), "").unwrap();
        symlink("file/below", dir.join(".cursorrules")).unwrap();
        std::fs::create_dir_all(dir.join("skills/one/SKILL.md")).unwrap();
        let found = resolve(&[root(&dir)], Vec::new());
        let told: Vec<_> = found.iter().map(|one| (one.status, one.error.as_str())).collect();
        let at = dir.display();
        assert_eq!(
            told,
            [
                (Status::Unreadable, "symlink resolve: not a directory"),
                (Status::Unreadable, &*format!("symlink resolve: lstat {at}/sub: no such file or directory")),
                (Status::Unreadable, "symlink resolve: EvalSymlinks: too many links"),
                (Status::Unreadable, &*format!("read {at}/skills/one/SKILL.md: is a directory")),
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_excluded_in_the_order_of_kinds() {
        let payload = |kind, name: &str, size| {
            let mut resource = Resource::new(kind, name.to_owned(), "");
            resource.payload = vec![0; size];
            resource
        };
        let mut resources = vec![
            payload(Kind::InstructionFile, "/a", MAX_SNAPSHOT - 1),
            payload(Kind::Skill, "/b", 2),
            payload(Kind::Skill, "/c", 1),
        ];
        exclude_excess(&mut resources);
        assert_eq!(
            resources.iter().map(|one| one.status).collect::<Vec<_>>(),
            [Status::Ok, Status::Excluded, Status::Ok]
        );
        let mut many: Vec<_> = (0..=MAX_RESOURCES).map(|n| payload(Kind::Skill, &format!("/{n}"), 0)).collect();
        exclude_excess(&mut many);
        assert_eq!(many.iter().filter(|one| one.status == Status::Excluded).count(), 1);
    }

    #[test]
    fn configurations_of_servers_are_checked_for_their_shape() {
        for fine in [
            &b"null"[..],
            b"{}",
            br#"{"mcpServers": null}"#,
            br#"{"mcpservers": {"a": {}}}"#,
            br#"{"a": "\ud800", "b": 1e999}"#,
            b"{\"a\": \"\xed\xa0\x80\"}\n",
        ] {
            assert_eq!(check_mcp_config(fine), Ok(()), "{}", String::from_utf8_lossy(fine));
        }
        for wrong in [
            "",
            "[]",
            "{",
            "{} {}",
            r#"{"mcpServers": []}"#,
            r#"{"mcpServers": {"a": 1}}"#,
            r#"{"mcpServers": {"a": null}}"#,
        ] {
            assert!(check_mcp_config(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
