//! The fake and the real agent, given the same files and the same calls, give the same answers and leave the same files.

use std::os::unix::fs::symlink;
use std::path::Path;

use codersdk::Error;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use workspacesdk::files::{FileEdit, FileEditRequest, FileEdits, LsRequest, ReadFileLinesLimits};
use workspacesdk::{AgentConn, FakeAgent};

use crate::real::Real;

/// Something to put into a folder before the calls.
#[derive(Debug, Clone)]
enum Item {
    File(String, String),
    Folder(String),
    /// A link and where it leads: `/` at its beginning stands for the folder.
    Link(String, String),
}

#[derive(Debug, Clone)]
enum Call {
    List(String),
    ListNames(Vec<String>, &'static str),
    Resolve(String),
    Read(String, u64, u64),
    ReadLines(String, i64, i64, ReadFileLinesLimits),
    Write(String, String),
    Edit(Vec<(String, Vec<FileEdit>)>, bool),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[abc]", 1 => Just("é.txt".to_owned()), 1 => prop_oneof!["n{250}", "n{256}"]]
}

/// A path below the folder, as a caller may spell it.
fn path() -> impl Strategy<Value = String> {
    let step =
        prop_oneof![12 => name(), 2 => Just("..".to_owned()), 1 => Just(".".to_owned()), 1 => Just(String::new())];
    prop_oneof![
        20 => prop::collection::vec(step, 1..4).prop_map(|steps| format!("/{}", steps.join("/"))),
        1 => Just("/a\0b".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["one", "two", "  ", "\t", "\n", "\n", "\r\n", "é", "\0", "{", "}"]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn item() -> impl Strategy<Value = Item> {
    let place = || prop::collection::vec("[abc]", 1..3).prop_map(|names| format!("/{}", names.join("/")));
    prop_oneof![
        3 => (place(), text()).prop_map(|(path, text)| Item::File(path, text)),
        1 => place().prop_map(Item::Folder),
        3 => (place(), prop_oneof![path(), "[abc]", "\\.\\./[abc]"]).prop_filter_map("no target has a NUL", |(link, to)| {
            (!to.contains('\0')).then_some(Item::Link(link, to))
        }),
    ]
}

fn edits() -> impl Strategy<Value = Vec<FileEdit>> {
    let edit = (text(), text(), any::<bool>()).prop_map(|(search, replace, replace_all)| FileEdit {
        search,
        replace,
        replace_all,
    });
    prop::collection::vec(edit, 0..3)
}

fn call() -> impl Strategy<Value = Call> {
    let number = || prop::sample::select(vec![-1_i64, 0, 1, 2, 5, 100, i64::MAX]);
    let count = || prop::sample::select(vec![0_u64, 1, 3, 100, u64::MAX]);
    let limits = (number(), number(), number(), number()).prop_map(|(file, line, lines, bytes)| ReadFileLinesLimits {
        max_file_size: file,
        max_line_bytes: line,
        max_response_lines: lines,
        max_response_bytes: bytes,
    });
    let limits = prop_oneof![2 => Just(ReadFileLinesLimits::default()), 1 => limits];
    prop_oneof![
        1 => path().prop_map(Call::List),
        1 => (prop::collection::vec(name(), 0..3), prop::sample::select(vec!["root", "home", "", "x"]))
            .prop_map(|(names, start)| Call::ListNames(names, start)),
        1 => path().prop_map(Call::Resolve),
        1 => (path(), count(), count()).prop_map(|(path, offset, limit)| Call::Read(path, offset, limit)),
        1 => (path(), number(), number(), limits).prop_map(|(path, from, most, limits)| {
            Call::ReadLines(path, from, most, limits)
        }),
        3 => (path(), text()).prop_map(|(path, text)| Call::Write(path, text)),
        3 => (prop::collection::vec((path(), edits()), 0..3), any::<bool>())
            .prop_map(|(files, diff)| Call::Edit(files, diff)),
    ]
}

/// Puts an item into both folders, unless another is in its way.
fn put(item: &Item, folder: &str, fake: &FakeAgent) {
    let (Item::File(path, _) | Item::Folder(path) | Item::Link(path, _)) = item;
    let path = format!("{folder}{path}");
    let above = Path::new(&path).parent().unwrap();
    let real_above =
        above.ancestors().all(|above| std::fs::symlink_metadata(above).map_or(true, |found| found.is_dir()));
    if !real_above || std::fs::symlink_metadata(&path).is_ok() {
        return;
    }
    std::fs::create_dir_all(above).unwrap();
    match item {
        Item::File(_, text) => {
            std::fs::write(&path, text).unwrap();
            fake.fs().add_file(&path, text.as_str());
        }
        Item::Folder(_) => {
            std::fs::create_dir(&path).unwrap();
            fake.fs().add_dir(&path);
        }
        Item::Link(_, to) => {
            let to = if to.starts_with('/') { format!("{folder}{to}") } else { to.clone() };
            symlink(&to, &path).unwrap();
            fake.fs().add_link(&path, &to);
        }
    }
}

/// What an agent answers, with everything that a caller sees of it.
async fn answer(agent: &dyn AgentConn, folder: &str, call: &Call) -> Result<String, (Option<u16>, String)> {
    let place = |path: &String| format!("{folder}{path}");
    let seen = |error: Error| (error.status(), without_chance(error.message()));
    match call {
        Call::List(path) => {
            let listed = agent.list_directory(&place(path), LsRequest::default()).await.map_err(seen)?;
            Ok(format!("{listed:?}"))
        }
        Call::ListNames(names, start) => {
            let mut all: Vec<String> = folder.split('/').skip(1).map(str::to_owned).collect();
            // Nobody knows what is in the real agent's home.
            if *start == "home" {
                all.push("none".to_owned());
                all.insert(0, "../../../..".to_owned());
            }
            all.extend(names.iter().cloned());
            let request = LsRequest { path: all.into(), relativity: (*start).into() };
            let listed = agent.list_directory("", request).await.map_err(seen)?;
            Ok(format!("{listed:?}"))
        }
        Call::Resolve(path) => agent.resolve_path(&place(path)).await.map_err(seen),
        Call::Read(path, offset, limit) => {
            let content = agent.read_file(&place(path), *offset, *limit).await.map_err(seen)?;
            Ok(format!("{} {:?}", content.mime_type().to_owned(), content.bytes(1 << 20).await.map_err(seen)?))
        }
        Call::ReadLines(path, offset, limit, limits) => {
            let read = agent.read_file_lines(&place(path), *offset, *limit, *limits).await.map_err(seen)?;
            Ok(format!("{read:?}"))
        }
        Call::Write(path, text) => {
            agent.write_file(&place(path), text.as_str().into()).await.map_err(seen)?;
            Ok(String::new())
        }
        Call::Edit(files, include_diff) => {
            let files = files.iter().map(|(path, edits)| FileEdits { path: place(path), edits: edits.clone().into() });
            let request = FileEditRequest { files: files.collect(), include_diff: *include_diff };
            Ok(format!("{:?}", agent.edit_files(request).await.map_err(seen)?))
        }
    }
}

/// A message without the part of a temporary file's name that nobody can know.
fn without_chance(message: &str) -> String {
    match message.split_once(".tmp.") {
        Some((before, after)) => format!("{before}.tmp.{}", &after[8..]),
        None => message.to_owned(),
    }
}

/// All files below a folder that can be read, by their real paths.
fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_below(&entry.path()));
        } else if kind.is_file() {
            found.push((entry.path().to_str().unwrap().to_owned(), std::fs::read(entry.path()).unwrap()));
        }
    }
    found
}

#[test]
fn the_fake_answers_as_the_real_agent_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let real = runtime.block_on(Real::start());
    let conn = real.conn();
    let scenes = (prop::collection::vec(item(), 0..6), prop::collection::vec(call(), 1..12));
    // The same scenes each time, unless PROPTEST_RNG_SEED asks for others.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) };
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        asked => asked,
    };
    proptest!(ProptestConfig { rng_seed, ..config }, |((items, calls) in scenes)| {
        let folder = tempfile::tempdir_in(real.dir.path()).unwrap();
        // Deep enough that the paths lead to no place that both do not have.
        let inner = folder.path().join("x/y/z");
        std::fs::create_dir_all(&inner).unwrap();
        let place = inner.to_str().unwrap();
        let fake = FakeAgent::new();
        fake.fs().add_dir(place);
        items.iter().for_each(|item| put(item, place, &fake));
        for call in &calls {
            let (fakes, reals) = runtime.block_on(async {
                (answer(&fake, place, call).await, answer(&conn, place, call).await)
            });
            prop_assert_eq!(fakes, reals, "{:?}", call);
        }
        for (path, content) in files_below(folder.path()) {
            prop_assert_eq!(fake.fs().read(&path), Some(content), "{}", path);
        }
    });
    runtime.block_on(real.agent.shutdown());
}
