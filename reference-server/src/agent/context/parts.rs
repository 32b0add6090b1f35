//! Instruction files and skills as parts of a message.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use codersdk::{ChatContextFilePart, ChatMessagePart, ChatSkillPart};
use workspacesdk::fs::path::join;
use workspacesdk::quote::shown;
use workspacesdk::skills::{MAX_SKILL_META_BYTES, is_skill_name, parse_skill_frontmatter, without_markdown_comments};

use super::config::ContextConfig;
use super::{Surroundings, names_in, paths};

/// How much of an instruction file a model is shown, in bytes.
const MAX_INSTRUCTIONS: usize = 64 << 10;

/// What the settings name: instructions first, then skills, each name once.
pub(super) fn parts(config: &ContextConfig, surroundings: &Surroundings) -> Vec<ChatMessagePart> {
    let Surroundings { home, dir } = surroundings;
    let mut folders = paths::listed(config.instructions_dirs(), home.as_deref(), dir);
    folders.push(dir.clone());
    let mut seen = HashSet::new();
    folders.retain(|folder| !folder.is_empty() && seen.insert(folder.clone()));
    let mut parts: Vec<_> =
        folders.iter().filter_map(|folder| instructions(folder, config.instructions_file())).collect();
    let mut names = HashSet::new();
    for folder in paths::listed(config.skills_dirs(), home.as_deref(), dir) {
        let found = skills(&folder, config.skill_meta_file());
        parts.extend(
            found.into_iter().filter(|skill| names.insert(skill.skill_name.clone())).map(ChatMessagePart::Skill),
        );
    }
    parts
}

/// The first file of the folder with this name, in whatever case.
fn instructions(folder: &str, wanted: &str) -> Option<ChatMessagePart> {
    let folded = |name: &str| name.to_lowercase().replace('ſ', "s");
    let is_wanted = |name: &str| folded(name.trim()) == folded(wanted);
    let (name, _) = names_in(folder).into_iter().find(|(name, is_dir)| !is_dir && is_wanted(name))?;
    let path = join(&[folder, &name]);
    let (content, truncated) = read_up_to(&path, MAX_INSTRUCTIONS)?;
    let content = cleaned(&shown(&content));
    (!content.is_empty()).then(|| {
        ChatMessagePart::ContextFile(ChatContextFilePart {
            context_file_path: path,
            context_file_content: Some(content),
            context_file_truncated: truncated,
            ..Default::default()
        })
    })
}

fn skills(folder: &str, meta_file: &str) -> Vec<ChatSkillPart> {
    let folders = names_in(folder).into_iter().filter(|(_, is_dir)| *is_dir).map(|(name, _)| name);
    let read = |name: String| {
        let dir = join(&[folder, &name]);
        let (content, _) = read_up_to(&join(&[&dir, meta_file]), MAX_SKILL_META_BYTES)?;
        let meta = parse_skill_frontmatter(&content).ok()?;
        (meta.name == name && is_skill_name(&name)).then(|| ChatSkillPart {
            skill_name: name,
            skill_description: Some(meta.description).filter(|description| !description.is_empty()),
            skill_dir: Some(dir),
            context_file_skill_meta_file: Some(meta_file.to_owned()),
            ..Default::default()
        })
    };
    folders.filter_map(read).collect()
}

/// The beginning of a file, and whether it goes on.
fn read_up_to(path: &str, limit: usize) -> Option<(Vec<u8>, bool)> {
    // Opening a pipe would wait for whoever writes to it.
    if !Path::new(path).metadata().ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    std::fs::File::open(path).ok()?.take(limit as u64 + 1).read_to_end(&mut content).ok()?;
    let truncated = content.len() > limit;
    content.truncate(limit);
    Some((content, truncated))
}

/// Instructions without what a reader would not see: comments and invisible characters.
fn cleaned(text: &str) -> String {
    let text = without_markdown_comments(&text.replace("\r\n", "\n").replace('\r', "\n"));
    text.chars().filter(|c| !is_invisible(*c)).collect::<String>().trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200d}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dir: &Path, name: &str, content: &str) {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    #[test]
    fn what_is_no_text_is_shown_byte_by_byte_also_where_it_is_cut() {
        let dir = tempfile::tempdir().unwrap();
        let read = |content: &[u8]| {
            std::fs::write(dir.path().join("AGENTS.md"), content).unwrap();
            match instructions(dir.path().to_str().unwrap(), "AGENTS.md").unwrap() {
                ChatMessagePart::ContextFile(file) => (file.context_file_content.unwrap(), file.context_file_truncated),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(read(b"a\xe2\x82b"), ("a\u{fffd}\u{fffd}b".to_owned(), false));
        let (content, truncated) = read("日".repeat(MAX_INSTRUCTIONS / 3 + 1).as_bytes());
        assert!(truncated && content.ends_with("日\u{fffd}"), "{:?}", content.chars().last());
        let (content, _) = read(format!("aa{}", "日".repeat(MAX_INSTRUCTIONS / 3)).as_bytes());
        assert!(content.ends_with("日\u{fffd}\u{fffd}"));
    }

    #[test]
    fn home_comes_before_the_directory_and_its_skills_hide_others_of_the_same_name() {
        let root = tempfile::tempdir().unwrap();
        let (home, dir) = (root.path().join("home"), root.path().join("dir"));
        put(&home, ".coder/agents.MD", "of home");
        put(&home, ".coder/skills/one/SKILL.md", "---\nname: one\ndescription: of home\n---\n");
        put(&dir, "AGENTS.md", "of the directory");
        put(&dir, ".agents/skills/one/SKILL.md", "---\nname: one\ndescription: hidden\n---\n");
        put(&dir, ".agents/skills/two/SKILL.md", "---\nname: two\n---\n");
        let surroundings = Surroundings { home: Some(paths::text(home)), dir: paths::text(dir) };
        let parts = parts(&ContextConfig::default(), &surroundings);
        let told: Vec<_> = parts
            .iter()
            .map(|part| match part {
                ChatMessagePart::ContextFile(file) => file.context_file_content.clone().unwrap(),
                ChatMessagePart::Skill(skill) => {
                    format!("{}: {}", skill.skill_name, skill.skill_description.as_deref().unwrap_or("-"))
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, ["of home", "of the directory", "one: of home", "two: -"]);
    }
}
