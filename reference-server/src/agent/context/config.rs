//! Where an agent looks for instructions, skills and MCP servers.

/// The names of the variables that say where an agent looks; what it starts does not inherit them.
pub(in crate::agent) const VARIABLES: [&str; 5] = [
    "CODER_AGENT_EXP_INSTRUCTIONS_DIRS",
    "CODER_AGENT_EXP_INSTRUCTIONS_FILE",
    "CODER_AGENT_EXP_SKILLS_DIRS",
    "CODER_AGENT_EXP_SKILL_META_FILE",
    "CODER_AGENT_EXP_MCP_CONFIG_FILES",
];

/// Where an agent looks for instruction files, skills and configurations of MCP servers. Folders and files are lists
/// with commas; a path is absolute, begins with `~/`, or is meant in the agent's directory. What is not set has the
/// usual place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextConfig {
    /// Folders with an instruction file, beside the agent's directory; `~/.coder` by default.
    pub instructions_dirs: Option<String>,
    /// Name of instruction files, in whatever case; `AGENTS.md` by default.
    pub instructions_file: Option<String>,
    /// Folders of skills; `~/.coder/skills` and `.agents/skills` by default.
    pub skills_dirs: Option<String>,
    /// Name of the file that describes a skill; `SKILL.md` by default.
    pub skill_meta_file: Option<String>,
    /// More configurations of MCP servers to tell of. Servers are started from the directory's `.mcp.json` alone.
    pub mcp_config_files: Option<String>,
}

impl ContextConfig {
    /// What the variables `CODER_AGENT_EXP_…` of this process say.
    pub fn from_env() -> Self {
        let [instructions_dirs, instructions_file, skills_dirs, skill_meta_file, mcp_config_files] =
            VARIABLES.map(|name| {
                let value = std::env::var(name).ok()?;
                Some(value.trim().to_owned()).filter(|value| !value.is_empty())
            });
        Self { instructions_dirs, instructions_file, skills_dirs, skill_meta_file, mcp_config_files }
    }

    pub(super) fn instructions_dirs(&self) -> &str {
        self.instructions_dirs.as_deref().unwrap_or("~/.coder")
    }

    pub(super) fn instructions_file(&self) -> &str {
        self.instructions_file.as_deref().unwrap_or("AGENTS.md")
    }

    pub(super) fn skills_dirs(&self) -> &str {
        self.skills_dirs.as_deref().unwrap_or("~/.coder/skills,.agents/skills")
    }

    pub(super) fn skill_meta_file(&self) -> &str {
        self.skill_meta_file.as_deref().unwrap_or("SKILL.md")
    }

    /// The lists of places that were set, which are sources from the start.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        [&self.instructions_dirs, &self.skills_dirs, &self.mcp_config_files].into_iter().filter_map(Option::as_deref)
    }
}
