//! Talks to an agent and lets it call a function of this program.
//!
//! By itself it starts a server in the same process, whose model follows the script in the question. With `CODER_URL`
//! and `CODER_SESSION_TOKEN` set, the same program talks to a real Coder deployment and its model.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use codersdk::{ChatRunEvent, Client, CreateChatRequest, DynamicTool, OrganizationsApi, ToolRunner};
use futures_util::StreamExt;
use reference_server::ReferenceServer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the model must say to call the tool. The model sees this as a JSON Schema, doc comments included.
#[derive(Debug, Deserialize, JsonSchema)]
struct WeatherArgs {
    /// Name of the city, such as `Oslo`.
    city: String,
}

/// What the tool answers.
#[derive(Debug, Serialize)]
struct Weather {
    city: String,
    celsius: i32,
    sky: &'static str,
}

async fn weather(args: WeatherArgs) -> anyhow::Result<Weather> {
    let (celsius, sky) = match args.city.to_lowercase().as_str() {
        "oslo" => (7, "clear"),
        "bergen" => (9, "rain"),
        other => bail!("there is no weather station in {other}; try Oslo or Bergen"),
    };
    Ok(Weather { city: args.city, celsius, sky })
}

/// The question for a real model, and for the embedded one, which follows the lines that begin with `@`.
const QUESTION: &str = "What is the weather in Oslo and in Bergen? Use the tool, then answer in one sentence.";
const SCRIPT: &str = r#"
@text Let me look that up.
@tool weather {"city": "Oslo"}
@tool weather {"city": "Bergen"}
@next
@delay 20
@text Oslo has 7 degrees and a clear sky, Bergen has 9 degrees and rain."#;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The server stops when it is dropped, so it lives as long as the program.
    let (client, question, _server) = if std::env::var_os("CODER_URL").is_some() {
        (Client::from_env()?, QUESTION.to_owned(), None)
    } else {
        let server = ReferenceServer::start().await?;
        (server.client(), format!("{QUESTION}{SCRIPT}"), Some(server))
    };
    println!("server  {}", client.url());
    println!("you     {QUESTION}");

    let organizations = client.organizations_by_user("me").await?;
    let organization = organizations.first().context("you are in no organization")?;
    let tool = DynamicTool::new("weather", "Tells the present weather in a city.", weather);
    let runner = ToolRunner::new(client).tool(tool);
    let mut run = runner
        .create_chat(CreateChatRequest {
            organization_id: organization.id,
            content: vec![question.into()].into(),
            ..Default::default()
        })
        .await?;

    let mut line = Line::default();
    while let Some(event) = run.next().await {
        match event? {
            ChatRunEvent::Text(piece) => line.print("agent", &piece),
            ChatRunEvent::TextWithdrawn => line.whole("", "(starting over)"),
            ChatRunEvent::ToolStarted { call } => line.whole("calls", &format!("{} {}", call.tool_name, call.args)),
            ChatRunEvent::ToolFinished { call, result, .. } => {
                let mark = if result.is_error { "error" } else { "gets" };
                let output = result.output.map(|output| output.to_string()).unwrap_or_default();
                line.whole(mark, &format!("{} {output}", call.tool_name));
            }
            ChatRunEvent::Retry(retry) => line.whole("", &format!("(trying again: {})", retry.error)),
            ChatRunEvent::Reconnecting { retry_in, .. } => {
                line.whole("", &format!("(connecting again in {retry_in:?})"));
            }
            ChatRunEvent::Finished(outcome) => {
                line.end();
                if let Some(error) = outcome.error {
                    bail!("the agent failed: {}", error.message);
                }
                println!("done    {} messages, status {}", outcome.messages.len(), outcome.status);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Prints lines of which one may still grow.
#[derive(Default)]
struct Line {
    open: bool,
}

impl Line {
    /// Adds to the line that is growing, or begins one.
    fn print(&mut self, who: &str, piece: &str) {
        if !std::mem::replace(&mut self.open, true) {
            print!("{who:<8}");
        }
        print!("{piece}");
        // What cannot be shown piece by piece is shown at the end.
        let _ = std::io::stdout().flush();
    }

    /// Prints a line of its own.
    fn whole(&mut self, who: &str, text: &str) {
        self.end();
        println!("{who:<8}{text}");
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.open) {
            println!();
        }
    }
}
