//! Tools that the program offers to the model.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::types::*;

/// How long a text of a tool's fault is that goes to the model, in bytes.
const MAX_FAULT: usize = 4096;

/// A tool that the model may call and this program runs: a name, what it is for, and an async function from typed
/// arguments to a result.
///
/// The JSON Schema of the arguments, which the model sees, is derived from their type; doc comments on its fields
/// become their descriptions. Arguments that do not fit are answered with what is wrong with them, so that the model
/// can try again, and the handler is not called. The handler's error goes to the model as well: say in it what the
/// model could do better, and nothing that it must not know.
///
/// [`ToolRunner`](crate::ToolRunner) declares tools in the chats that it creates, and runs them.
///
/// ```
/// use codersdk::DynamicTool;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Ticket {
///     /// The ticket's number, such as `T-1`.
///     id: String,
/// }
///
/// #[derive(Serialize)]
/// struct Found {
///     title: String,
/// }
///
/// let tool = DynamicTool::new("lookup", "Looks a ticket up.", |ticket: Ticket| async move {
///     match ticket.id.as_str() {
///         "T-1" => Ok(Found { title: "Broken".to_owned() }),
///         id => Err(format!("there is no ticket {id}")),
///     }
/// });
///
/// let definition = tool.definition();
/// assert_eq!(definition.name, "lookup");
/// let schema = definition.input_schema.unwrap().to_value();
/// assert_eq!(schema["properties"]["id"]["description"], "The ticket's number, such as `T-1`.");
/// assert_eq!(schema["required"][0], "id");
/// ```
#[derive(Clone)]
pub struct DynamicTool {
    name: Arc<str>,
    description: Arc<str>,
    schema: RawJson,
    handler: Handler,
}

type Handler = Arc<dyn Fn(ToolCallContext, String) -> BoxFuture<'static, Result<RawJson, String>> + Send + Sync>;

/// About the call that a tool's handler answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolCallContext {
    /// The chat in which the model calls.
    pub chat_id: Uuid,
    /// Names the call.
    pub tool_call_id: String,
}

/// The arguments of a tool that takes none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, Serialize, JsonSchema)]
pub struct NoArgs {}

impl DynamicTool {
    /// A tool with a handler. Its error is anything that can be shown; of an error type that shows its causes with
    /// `{:#}`, such as `anyhow::Error`, the causes are shown, too.
    pub fn new<A, T, E, F, Fut>(name: impl Into<String>, description: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        T: Serialize,
        E: fmt::Display,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        Self::with_context(name, description, move |_, args| handler(args))
    }

    /// A tool whose handler also gets to know which call it answers.
    pub fn with_context<A, T, E, F, Fut>(name: impl Into<String>, description: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        T: Serialize,
        E: fmt::Display,
        F: Fn(ToolCallContext, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let call = move |context: ToolCallContext, args: String| -> BoxFuture<'static, Result<RawJson, String>> {
            let args = match parse_args::<A>(&args) {
                Ok(args) => args,
                Err(fault) => return Box::pin(async move { Err(fault) }),
            };
            let answer = handler(context, args);
            Box::pin(async move {
                let value = answer.await.map_err(|error| cut(format!("{error:#}")))?;
                RawJson::encode(&value).map_err(|error| format!("the result has no JSON form: {error}"))
            })
        };
        Self {
            name: name.into().into(),
            description: description.into().into(),
            schema: input_schema::<A>(),
            handler: Arc::new(call),
        }
    }

    /// Replaces the schema that was derived from the type of the arguments.
    pub fn with_schema(mut self, schema: impl Into<RawJson>) -> Self {
        self.schema = schema.into();
        self
    }

    /// The name by which the model calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the server is told about it, for the field
    /// [`unsafe_dynamic_tools`](CreateChatRequest::unsafe_dynamic_tools).
    pub fn definition(&self) -> DynamicToolDefinition {
        DynamicToolDefinition {
            name: self.name.to_string(),
            description: Some(self.description.to_string()).filter(|text| !text.is_empty()),
            input_schema: Some(self.schema.clone()),
        }
    }

    /// Calls the tool with arguments as the model wrote them. The error is the text for the model.
    ///
    /// # Errors
    /// What is wrong with the arguments, or what the handler says.
    pub async fn call(&self, context: ToolCallContext, args: &str) -> Result<RawJson, String> {
        (self.handler)(context, args.to_owned()).await
    }
}

impl fmt::Debug for DynamicTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicTool").field("name", &self.name).field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl ToolCallContext {
    /// The context of a call, for tests of tools.
    pub fn new(chat_id: Uuid, tool_call_id: impl Into<String>) -> Self {
        Self { chat_id, tool_call_id: tool_call_id.into() }
    }
}

/// Reads a model's arguments. Servers pass on what the model wrote as an empty text when it was no JSON.
fn parse_args<A: DeserializeOwned>(args: &str) -> Result<A, String> {
    let text = if args.trim().is_empty() { "{}" } else { args };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let fault = error.into_inner();
        let place = if path == "." { String::new() } else { format!(" at `{path}`") };
        cut(format!("invalid arguments{place}: {fault}"))
    })?;
    deserializer.end().map_err(|error| cut(format!("invalid arguments: {error}")))?;
    Ok(parsed)
}

/// The schema of an argument type as providers take it: one object, nothing referred to from elsewhere.
fn input_schema<A: JsonSchema>() -> RawJson {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<A>();
    schema.remove("title");
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.entry("type").or_insert_with(|| "object".into());
        if object.get("type").is_some_and(|kind| kind == "object") {
            object.entry("properties").or_insert_with(|| serde_json::json!({}));
        }
    }
    value.into()
}

/// The beginning of a text for the model.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > MAX_FAULT {
        let end = (0..=MAX_FAULT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Tools by name. Names must be non-empty and unique, and a chat takes at most 250.
#[derive(Debug, Clone, Default)]
pub(super) struct Toolbox(BTreeMap<Arc<str>, DynamicTool>);

impl Toolbox {
    pub(super) fn add(&mut self, tool: DynamicTool) {
        self.0.insert(tool.name.clone(), tool);
    }

    pub(super) fn get(&self, name: &str) -> Option<&DynamicTool> {
        self.0.get(name)
    }

    pub(super) fn definitions(&self) -> Vec<DynamicToolDefinition> {
        self.0.values().map(DynamicTool::definition).collect()
    }

    /// What the model is told when it calls a tool that is not there.
    pub(super) fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.0.keys().map(|name| &**name).collect();
        cut(format!("there is no tool `{name}` here; the tools are: {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only decoded")]
    struct Args {
        /// Where.
        city: String,
        days: Option<u8>,
        nested: Option<Nested>,
    }

    #[derive(serde::Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only decoded")]
    struct Nested {
        deep: Vec<i32>,
    }

    fn tool() -> DynamicTool {
        DynamicTool::new("weather", "Tells the weather.", |args: Args| async move {
            if args.city == "Atlantis" { Err("no such city") } else { Ok(serde_json::json!({"city": args.city})) }
        })
    }

    async fn call(args: &str) -> Result<RawJson, String> {
        tool().call(ToolCallContext::new(Uuid::nil(), "c1"), args).await
    }

    #[test]
    fn the_schema_is_one_plain_object() {
        let schema = tool().definition().input_schema.unwrap().to_value();
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["required"], serde_json::json!(["city"]));
        assert_eq!(schema["properties"]["city"], serde_json::json!({"type": "string", "description": "Where."}));
        let text = schema.to_string();
        assert!(!text.contains("$ref") && !text.contains("$schema") && !text.contains("$defs"), "{text}");
        let none = input_schema::<NoArgs>().to_value();
        assert_eq!((&none["type"], &none["properties"]), (&"object".into(), &serde_json::json!({})));
    }

    #[tokio::test]
    async fn arguments_that_do_not_fit_are_explained() {
        assert_eq!(call(r#"{"city":"Oslo"}"#).await.unwrap(), serde_json::json!({"city": "Oslo"}));
        assert_eq!(call(r#"{"city":"Atlantis"}"#).await.unwrap_err(), "no such city");
        for (args, fault) in [
            ("", "missing field `city`"),
            ("{", "EOF"),
            (r#"{"city":7}"#, "at `city`: invalid type"),
            (r#"{"city":"a","nested":{"deep":[1,"x"]}}"#, "at `nested.deep[1]`"),
            (r#"{"city":"a"} x"#, "trailing"),
        ] {
            let told = call(args).await.unwrap_err();
            assert!(told.starts_with("invalid arguments") && told.contains(fault), "{args}: {told}");
        }
    }

    #[tokio::test]
    async fn a_tool_without_arguments_takes_an_empty_text() {
        let tool = DynamicTool::new("now", "", |_: NoArgs| async { Ok::<_, crate::Error>("noon") });
        let context = ToolCallContext::new(Uuid::nil(), "c1");
        assert_eq!(tool.call(context, "").await.unwrap(), serde_json::json!("noon"));
        assert_eq!(tool.definition().description, None);
    }

    #[test]
    fn long_faults_are_cut_between_characters() {
        let text = cut("é".repeat(5000));
        assert!(text.len() <= MAX_FAULT + 3 && text.ends_with("é…"));
    }
}
