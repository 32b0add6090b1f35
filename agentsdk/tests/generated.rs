//! The checked-in code of the protocols is what their `.proto` files say.

#![cfg(feature = "rpc")]

use std::path::Path;

/// Compares, or with `UPDATE=1` writes anew.
#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["agent.proto", "tailnet.proto", "agentsocket.proto", "boundary.proto"];
    let descriptors = protox::compile(files, [root.join("proto")]).unwrap();
    let out = tempfile::tempdir().unwrap();
    prost_build::Config::new()
        .out_dir(out.path())
        .btree_map(["."])
        // These hold tokens and secrets: their `Debug` is written by hand.
        .skip_debug([
            ".coder.agent.v2.Manifest",
            ".coder.agent.v2.WorkspaceSecret",
            ".coder.agent.v2.SubAgent",
            ".coder.tailnet.v2.RefreshResumeTokenResponse",
        ])
        .compile_fds(descriptors)
        .unwrap();
    let update = std::env::var_os("UPDATE").is_some();
    for entry in std::fs::read_dir(out.path()).unwrap() {
        let entry = entry.unwrap();
        let checked_in = root.join("src/rpc/generated").join(entry.file_name());
        if update {
            std::fs::create_dir_all(checked_in.parent().unwrap()).unwrap();
            std::fs::copy(entry.path(), &checked_in).unwrap();
        }
        let new = std::fs::read_to_string(entry.path()).unwrap();
        let old = std::fs::read_to_string(&checked_in).unwrap_or_default();
        assert!(new == old, "{} is stale: run this test with UPDATE=1", checked_in.display());
    }
}
