//! Docker and `devcontainer` as scripts of the shell, which note how they are called.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{ContainerEngine, DevcontainerRef, DevcontainerUp, DockerEngine};

struct Fake {
    dir: TempDir,
    engine: DockerEngine,
}

impl Fake {
    /// Programs that do this once they have noted their arguments.
    fn new(docker: &str, devcontainer: &str) -> Self {
        let dir = TempDir::new().unwrap();
        for (name, script) in [("docker", docker), ("devcontainer", devcontainer)] {
            let path = dir.path().join(name);
            let script = format!("#!/bin/sh\nfor a in {name} \"$@\"; do echo \"[$a]\"; done >> log\n{script}\n");
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:/usr/bin:/bin", dir.path().display());
        let engine = DockerEngine::new().dir(dir.path()).env("PATH", path).env("CODER_AGENT_TOKEN", "secret");
        Self { dir, engine }
    }

    /// The arguments of all calls.
    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default().replace('\n', "")
    }
}

#[tokio::test]
async fn containers_are_listed_and_described() {
    let described = r#"[{"Id":"a"},null,{"id":"b","Name":"/n","State":null,"NetworkSettings":{"Ports":{"+80/tcp":[
        {"HostIp":"::ffff:127.0.0.1","HostPort":"99999999999999999999"},{"HostIp":"::ffff:127.0.0.1","HostPort":"8"}]}}}] more"#;
    let script = format!(
        "case $1 in ps) echo ' a '; echo; echo b; echo careful >&2 ;; inspect) cat <<'E'\n{described}\nE\n;; esac"
    );
    let fake = Fake::new(&script, "");
    let list = fake.engine.list().await.unwrap();
    assert_eq!(fake.log(), "[docker][ps][--all][--quiet][--no-trunc][docker][inspect][a][b]");
    assert_eq!(list.containers.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["a", "", "b"]);
    assert_eq!((list.containers[2].name.as_str(), list.containers[2].ports[0].host_port), ("n", Some(8)));
    let range = "convert docker host port: strconv.Atoi: parsing \"99999999999999999999\": value out of range";
    let sign = "convert docker port: invalid port format: +80/tcp";
    assert_eq!(list.warnings, ["careful", sign, range, sign]);
}

#[tokio::test]
async fn what_fails_is_told_with_its_reason() {
    let fails = |script: &str| Fake::new(script, "");
    let error = async |fake: Fake| fake.engine.list().await.unwrap_err().to_string();
    let no_daemon = "run docker ps: exit status 1: \"no \\\"daemon\\\"\": exit status 1";
    assert_eq!(error(fails("echo 'no \"daemon\"' >&2; exit 1")).await, no_daemon);
    let inspect = "[ $1 = ps ] && { echo a; exit; }; echo boom >&2; exit 2";
    assert_eq!(error(fails(inspect)).await, "run docker inspect: exit status 2: boom: exit status 2");
    let gone = "[ $1 = ps ] && { echo a; exit; }; echo '[]'; echo 'Error: No such object: a' >&2; exit 1";
    let list = fails(gone).engine.list().await.unwrap();
    assert_eq!((list.containers.len(), list.warnings), (0, vec!["Error: No such object: a".to_owned()]));
    let fake = fails("echo oh >&2; exit 1");
    assert_eq!(fake.engine.stop("a").await.unwrap_err().to_string(), "stop a: exit status 1: oh: exit status 1");
    assert_eq!(fake.engine.remove("a").await.unwrap_err().to_string(), "remove a: exit status 1: oh: exit status 1");
    assert_eq!(fake.log(), "[docker][stop][a][docker][rm][a]");
    let absent = DockerEngine::new().env("PATH", "/nowhere").list().await.unwrap_err().to_string();
    assert!(absent.starts_with("run docker ps: exit status 127: "), "{absent}");
}

#[tokio::test]
async fn dev_containers_are_made_by_their_program() {
    let fake = Fake::new("", "echo '{\"outcome\":\"success\",\"containerId\":\"c\"}'; [ -z \"$CODER_AGENT_TOKEN\" ]");
    let config_path = Some("/w/$(x).json".to_owned());
    let devcontainer = DevcontainerRef { workspace_folder: "/w it".to_owned(), config_path };
    let mut request = DevcontainerUp { devcontainer, remove_existing: true };
    assert_eq!(fake.engine.up(&request).await.unwrap(), "c");
    let arguments = "[devcontainer][up][--log-format][json][--workspace-folder][/w it]";
    assert_eq!(fake.log(), format!("{arguments}[--config][/w/$(x).json][--remove-existing-container]"));
    let fake = Fake::new("", "echo nothing; exit 3");
    request = DevcontainerUp {
        devcontainer: DevcontainerRef { config_path: None, ..request.devcontainer },
        remove_existing: false,
    };
    let error = fake.engine.up(&request).await.unwrap_err();
    assert_eq!(error.message, "exit status 3\ndevcontainer result is not json: \"\"");
    assert_eq!(fake.log(), arguments);
}

#[tokio::test]
async fn configurations_are_read_with_variables() {
    let script =
        r#"echo '{"type":"text"}'; echo "{\"configuration\":{\"customizations\":{\"coder\":{\"autoStart\":$A}}}}""#;
    let fake = Fake::new("", script);
    let devcontainer = DevcontainerRef { workspace_folder: "/w".to_owned(), config_path: None };
    assert!(fake.engine.read_config(&devcontainer, &["A=true".to_owned()]).await.unwrap().auto_start);
    assert_eq!(
        fake.log(),
        "[devcontainer][read-configuration][--include-merged-configuration][--workspace-folder][/w]"
    );
    let failed = Fake::new("", "exit 1").engine.read_config(&devcontainer, &[]).await.unwrap_err();
    assert_eq!(failed.to_string(), "devcontainer read-configuration failed: exit status 1");
}
