//! Paths of dev containers as templates spell them.

use codersdk::WorkspaceAgentDevcontainer;
use workspacesdk::fs::path::join;

/// Dev containers with absolute paths; one whose path cannot be made absolute keeps it.
pub(in crate::agent) fn expanded(
    devcontainers: Vec<WorkspaceAgentDevcontainer>,
    home: Option<&str>,
) -> Vec<WorkspaceAgentDevcontainer> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let expand = |mut one: WorkspaceAgentDevcontainer| {
        if let Some(home) = home.filter(|_| !one.workspace_folder.is_empty()) {
            one.workspace_folder = absolute(&one.workspace_folder, home, home, &variable);
        }
        if let Some(path) = one.config_path.as_mut().filter(|path| !path.is_empty()) {
            *path = absolute(path, home.unwrap_or("~"), &one.workspace_folder, &variable);
        }
        one
    };
    devcontainers.into_iter().map(expand).collect()
}

fn absolute(path: &str, home: &str, base: &str, variable: &impl Fn(&str) -> String) -> String {
    let path = path.strip_prefix('~').map_or_else(|| path.to_owned(), |rest| join(&[home, rest]));
    let path = with_variables(&path, variable);
    if path.starts_with('/') { path } else { join(&[base, &path]) }
}

/// Puts in the values of `$NAME` and `${NAME}`.
fn with_variables(text: &str, variable: &impl Fn(&str) -> String) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, behind) = braced.unwrap_or_else(|| {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            after.split_at(end)
        });
        if name.is_empty() && braced.is_none() {
            expanded.push('$');
        } else {
            expanded.push_str(&variable(name));
        }
        rest = behind;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute() {
        let variable = |name: &str| if name == "P" { "project".to_owned() } else { String::new() };
        for (path, expected) in [
            ("/a/b", "/a/b"),
            ("~", "/home/me"),
            ("~/x", "/home/me/x"),
            ("x", "/base/x"),
            ("$P/x", "/base/project/x"),
            ("/${P}s/$NONE/x", "/projects//x"),
            ("/a$", "/a$"),
        ] {
            assert_eq!(absolute(path, "/home/me", "/base", &variable), expected, "{path}");
        }
    }

    #[test]
    fn configurations_are_relative_to_their_folder() {
        let one = WorkspaceAgentDevcontainer {
            workspace_folder: "~/project".to_owned(),
            config_path: Some(".devcontainer/devcontainer.json".to_owned()),
            ..WorkspaceAgentDevcontainer::default()
        };
        let one = expanded(vec![one], Some("/home/me")).remove(0);
        assert_eq!(one.workspace_folder, "/home/me/project");
        assert_eq!(one.config_path.as_deref(), Some("/home/me/project/.devcontainer/devcontainer.json"));
    }
}
