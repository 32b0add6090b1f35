//! A tool that is written once, over `&dyn AgentConn`, and tested over the fake, the mock and the real agent.

use codersdk::{Error, Result};
use workspacesdk::files::{FileEditResponse, ReadFileLinesResponse};
use workspacesdk::processes::{ProcessOutputResponse, StartProcessResponse};
use workspacesdk::{AgentConn, AgentConnExt, ExtraHeaders, FakeAgent, FakeProcess, FileContent, MockAgentConn};

use crate::real::Real;

/// The tool: raises the number in a file, checks it with a command, and tells what the file holds then.
async fn bump(agent: &dyn AgentConn, folder: &str) -> Result<String> {
    let path = format!("{folder}/version");
    let mut pages = agent.read_lines(&path);
    let page = pages.next_page().await?.ok_or_else(|| Error::api(404, "the file is empty"))?;
    let old = page.lines[0].text.clone();
    let next = old.parse::<u32>().map_err(|error| Error::api(400, error.to_string()))? + 1;
    agent.edit(&path).replace(old, next.to_string()).with_diff().await?;
    let check = agent.run(format!("grep -c . '{path}'")).workdir(folder).await?;
    if !check.success() {
        return Err(Error::api(500, check.output));
    }
    let content = agent.read_file(&path, 0, 0).await?.bytes(1024).await?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

#[tokio::test]
async fn over_the_fake() {
    let agent = FakeAgent::new();
    agent.fs().add_file("/home/coder/version", "41\n");
    agent.on_command("grep -c . '/home/coder/version'", FakeProcess::prints("1\n"));
    assert_eq!(bump(&agent, "/home/coder").await.unwrap(), "42\n");
    assert_eq!(agent.fs().read("/home/coder/version").unwrap(), b"42\n");
    let error = bump(&agent, "/nowhere").await.unwrap_err();
    assert_eq!(error.message(), "file does not exist: /nowhere/version");
}

#[tokio::test]
async fn over_the_mock() {
    let mut agent = MockAgentConn::new();
    agent.expect_read_file_lines().once().returning(|path, offset, _, _| {
        assert_eq!((path, offset), ("/w/version", 1));
        let content = "1\t41\n2\t".to_owned();
        Ok(ReadFileLinesResponse { success: true, total_lines: 2, lines_read: 2, content, ..Default::default() })
    });
    agent.expect_edit_files().once().returning(|request| {
        let edit = &request.files[0].edits[0];
        assert_eq!((edit.search.as_str(), edit.replace.as_str()), ("41", "42"));
        assert!(request.include_diff);
        Ok(FileEditResponse::default())
    });
    agent.expect_start_process().once().returning(|request| {
        assert_eq!(request.workdir.as_deref(), Some("/w"));
        Ok(StartProcessResponse { id: "p1".to_owned(), started: true })
    });
    agent
        .expect_process_output()
        .withf(|id, options| id == "p1" && options.wait)
        .once()
        .returning(|_, _| Ok(ProcessOutputResponse { exit_code: Some(0), ..ProcessOutputResponse::default() }));
    agent.expect_read_file().once().returning(|_, _, _| Ok(FileContent::from_bytes("text/plain", "42\n")));
    assert_eq!(bump(&agent, "/w").await.unwrap(), "42\n");
}

#[tokio::test]
async fn over_the_real_agent() {
    let real = Real::start().await;
    std::fs::write(real.path("version"), "41\n").unwrap();
    let agent = real.conn();
    let folder = real.path("");
    let folder = folder.trim_end_matches('/');
    assert_eq!(bump(&agent, folder).await.unwrap(), "42\n");
    assert_eq!(std::fs::read_to_string(real.path("version")).unwrap(), "42\n");
    let error = bump(&agent, "/nowhere").await.unwrap_err();
    assert_eq!(error.message(), "file does not exist: /nowhere/version");
    real.agent.shutdown().await;
}

/// What a method does not do says so, on an implementation that has nothing at all.
#[tokio::test]
async fn an_agent_of_ones_own_implements_what_it_needs() {
    struct Nothing;
    impl AgentConn for Nothing {}
    let agent: &dyn AgentConn = &Nothing;
    assert!(agent.netcheck().await.unwrap_err().is_unsupported());
    assert!(agent.set_extra_headers(ExtraHeaders::new()).await.unwrap_err().is_unsupported());
    assert!(agent.run("true").await.unwrap_err().is_unsupported());
}
