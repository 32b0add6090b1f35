//! Finds the configurations of dev containers in Git repositories.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::engine::DevcontainerRef;

/// Where a folder has the configuration of its dev container.
const CONFIGS: [&str; 2] = ["/.devcontainer/devcontainer.json", "/.devcontainer.json"];
/// How many files and folders are looked at.
const MOST_LOOKED_AT: usize = 1_000_000;
/// How many dev containers are found.
const MOST_FOUND: usize = 1_000;

/// The dev containers of the repository that the directory is, or else of the repositories right below it. What Git
/// ignores is passed over.
pub(super) async fn projects(dir: PathBuf) -> Vec<DevcontainerRef> {
    let found = tokio::task::spawn_blocking(move || search(&dir)).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, "dev containers could not be searched for");
        Vec::new()
    })
}

fn search(dir: &Path) -> Vec<DevcontainerRef> {
    let repositories = if is_repository(dir) { vec![dir.to_owned()] } else { repositories(dir) };
    let mut left = MOST_LOOKED_AT;
    let mut found = Vec::new();
    for repository in repositories {
        search_repository(&repository, &mut left, &mut found);
    }
    found
}

fn is_repository(dir: &Path) -> bool {
    dir.join(".git").is_dir()
}

fn repositories(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    // Not where links lead.
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    let mut found: Vec<_> = folders.filter(|folder| is_repository(folder)).collect();
    found.sort();
    found
}

fn search_repository(repository: &Path, left: &mut usize, found: &mut Vec<DevcontainerRef>) {
    let mut walk = WalkBuilder::new(repository);
    walk.standard_filters(false).git_ignore(true).git_exclude(true).git_global(true).require_git(false);
    walk.sort_by_file_name(Ord::cmp);
    for entry in walk.build().flatten() {
        if *left == 0 || found.len() >= MOST_FOUND {
            tracing::warn!(repository = %repository.display(), "too much to search for dev containers");
            return;
        }
        *left -= 1;
        let Some(path) = entry.path().to_str().filter(|_| entry.file_type().is_some_and(|kind| !kind.is_dir())) else {
            continue;
        };
        if let Some(folder) = CONFIGS.iter().find_map(|config| path.strip_suffix(config)) {
            found.push(DevcontainerRef { workspace_folder: folder.to_owned(), config_path: Some(path.to_owned()) });
        }
    }
}
