//! Our types and routes against the catalogue of the wire, by its own checkers.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkers' folder, above the recordings. `None`, said aloud, if it or Python is not there.
fn catalogue() -> Option<PathBuf> {
    let folder = tests::recordings::folder()?.join("..");
    let python = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if python && folder.join("check_types.py").is_file() {
        return Some(folder);
    }
    eprintln!("left out: no checkers in {} or no python3", folder.display());
    None
}

/// The program that exports, beside the folder of this test's. `None`, said aloud, if it was not built.
fn wire_export() -> Option<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("wire-export"));
    let program = std::env::var_os("CARGO_BIN_EXE_wire-export").map(PathBuf::from).or_else(beside)?;
    if program.is_file() {
        return Some(program);
    }
    eprintln!("left out: no {}", program.display());
    None
}

/// Exports with `wire-export` and runs a checker over it, which must find all right that a list in `wire/` names.
fn check(what: &str, checker: &str, required: &str, more: &[&str]) {
    let Some(catalogue) = catalogue() else { return };
    let Some(program) = wire_export() else { return };
    let export = Command::new(program).arg(what).output().expect("wire-export runs");
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(format!("{what}.json"));
    std::fs::write(&file, &export.stdout).expect("the export is written");
    let checked = Command::new("python3")
        .arg("-B")
        .arg(catalogue.join(checker))
        .arg(&file)
        .arg("--require")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("wire").join(required))
        .args(more)
        .output()
        .expect("the checker runs");
    let told = String::from_utf8_lossy(&checked.stdout);
    println!("{}", told.lines().last().unwrap_or_default());
    assert!(checked.status.success(), "{told}{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn types_are_those_of_the_catalogue() {
    check("schemas", "check_types.py", "done.txt", &["--quiet"]);
}

#[test]
fn routes_are_those_of_the_catalogue() {
    check("routes", "check_routes.py", "areas.txt", &["--server-only"]);
}
