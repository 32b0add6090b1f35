//! The media types of files by their names: those that hold on every machine, then those of the machine's own tables.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::HeaderValue;
use workspacesdk::files::{extension, known_media_type};

/// Tables of the desktop's kind, of which the first counts, and of the older kind, which all count if there is none.
const GLOBS: [&str; 2] = ["/usr/local/share/mime/globs2", "/usr/share/mime/globs2"];
const LISTS: [&str; 4] =
    ["/etc/mime.types", "/etc/apache2/mime.types", "/etc/apache/mime.types", "/etc/httpd/conf/mime.types"];

static OF_THIS_MACHINE: LazyLock<MediaTypes> = LazyLock::new(|| {
    let mut types = MediaTypes::default();
    let read = |path: &&str| std::fs::read(path).map(|text| String::from_utf8_lossy(&text).into_owned());
    match GLOBS.iter().find_map(|path| read(path).ok()) {
        Some(globs) => types.add_globs(&globs),
        None => LISTS.iter().filter_map(|path| read(path).ok()).for_each(|list| types.add_list(&list)),
    }
    types
});

/// The media type of a file by the end of its name. The first call reads the machine's tables, so it may block.
pub(super) fn of_file(path: &str) -> &'static str {
    OF_THIS_MACHINE.of(path)
}

/// What tables say beyond what is known anyway.
#[derive(Debug, Default)]
struct MediaTypes {
    by_extension: HashMap<String, String>,
    by_small_letters: HashMap<String, String>,
}

impl MediaTypes {
    fn of(&self, path: &str) -> &str {
        let extension = extension(path);
        let small = extension.to_lowercase();
        let own = || self.by_extension.get(extension).map(String::as_str);
        known_media_type(extension)
            .or_else(own)
            .or_else(|| known_media_type(&small))
            .or_else(|| self.by_small_letters.get(&small).map(String::as_str))
            .unwrap_or("application/octet-stream")
    }

    /// Lines of the form `weight:type:*.extension`, in the order of their weight.
    fn add_globs(&mut self, table: &str) {
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(':');
            let (Some(_), Some(kind), Some(glob)) = (fields.next(), fields.next(), fields.next()) else { continue };
            let extension = glob.strip_prefix("*.").filter(|rest| !rest.is_empty() && !rest.contains(['?', '*', '[']));
            if let Some(extension) = extension.filter(|extension| !self.by_extension.contains_key(*extension)) {
                self.add(extension, kind);
            }
        }
    }

    /// Lines of a type and the extensions that go with it.
    fn add_list(&mut self, table: &str) {
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split_whitespace();
            let Some(kind) = fields.next() else { continue };
            fields.take_while(|field| !field.starts_with('#')).for_each(|extension| self.add(extension, kind));
        }
    }

    fn add(&mut self, extension: &str, kind: &str) {
        if known_media_type(extension).is_some() || HeaderValue::from_str(kind).is_err() {
            return;
        }
        let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
        self.by_small_letters.insert(extension.to_lowercase(), kind.clone());
        self.by_extension.insert(extension.to_owned(), kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_add_to_what_is_known() {
        let mut types = MediaTypes::default();
        types.add_globs(
            "# comment\n80:text/x-c++src:*.C\n50:text/x-csrc:*.c\n40:text/second:*.c\n50:image/own:*.PNG\n\
             50:application/own:*.json\n50:text/x:makefile\n60:application/x-lib:*.so.[0-9]*\n50:broken\n",
        );
        let octets = "application/octet-stream";
        for (path, kind) in [
            ("/a/x.C", "text/x-c++src; charset=utf-8"),
            ("/a/x.c", "text/x-csrc; charset=utf-8"),
            ("/a/x.json", "application/json"),
            ("/a/x.JSON", "application/json"),
            ("/a/x.png", "image/png"),
            ("/a/x.PNG", "image/own"),
            ("/a/x.Png", "image/png"),
            ("/a.c/makefile", octets),
            ("/a/x.so.1", octets),
            ("/a/x.", octets),
        ] {
            assert_eq!(types.of(path), kind, "{path}");
        }
    }

    #[test]
    fn lists_add_to_what_is_known() {
        let mut types = MediaTypes::default();
        types.add_list("# comment\n\ntext/markdown\tmd markdown # mkd\napplication/xml xml\ntext/lonely\n");
        for (path, kind) in [
            ("x.md", "text/markdown; charset=utf-8"),
            ("x.MarkDown", "text/markdown; charset=utf-8"),
            ("x.mkd", "application/octet-stream"),
            ("x.xml", "text/xml; charset=utf-8"),
        ] {
            assert_eq!(types.of(path), kind, "{path}");
        }
    }
}
