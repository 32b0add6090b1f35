//! Settings that only some types of AI providers have.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `codersdk.AIProviderSettings`: settings of a provider that depend on its type.
///
/// On the wire an object whose `_type` and `_version` say which settings it holds.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "Map<String, Value>", into = "Map<String, Value>")]
#[non_exhaustive]
pub enum AiProviderSettings {
    /// How to reach AWS Bedrock, for providers of the types `bedrock` and `anthropic`.
    Bedrock(AiProviderBedrockSettings),
    /// Settings that this version does not know, verbatim.
    Unknown(Map<String, Value>),
}

/// `codersdk.AIProviderBedrockSettings`: how to reach AWS Bedrock. The keys are write-only: no answer has them.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderBedrockSettings {
    /// AWS region of the endpoint.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Bedrock's id of the model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Bedrock's id of the model for background work.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub small_fast_model: String,
    /// AWS access key id; in an update, absent keeps the stored one and an empty one clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// The secret to the access key; in an update, absent keeps the stored one and an empty one clears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<String>,
    /// IAM role to assume before Bedrock is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role_arn: String,
    /// External id that the role asks for. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub external_id: String,
    /// Which of Bedrock's protocols is used. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub protocol: String,
}

/// Of settings that are not known only the names are shown: any of them may be secret.
impl std::fmt::Debug for AiProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bedrock(settings) => f.debug_tuple("Bedrock").field(settings).finish(),
            Self::Unknown(settings) => f.debug_tuple("Unknown").field(&settings.keys().collect::<Vec<_>>()).finish(),
        }
    }
}

impl std::fmt::Debug for AiProviderBedrockSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "[REDACTED]");
        f.debug_struct("AiProviderBedrockSettings")
            .field("region", &self.region)
            .field("model", &self.model)
            .field("small_fast_model", &self.small_fast_model)
            .field("access_key", &hidden(&self.access_key))
            .field("access_key_secret", &hidden(&self.access_key_secret))
            .field("role_arn", &self.role_arn)
            .field("external_id", &self.external_id)
            .field("protocol", &self.protocol)
            .finish()
    }
}

impl From<Map<String, Value>> for AiProviderSettings {
    fn from(fields: Map<String, Value>) -> Self {
        let is_known = fields.get("_type").is_some_and(|kind| kind == "bedrock")
            && fields.get("_version").is_some_and(|version| *version == 1);
        if is_known && let Ok(bedrock) = serde_json::from_value(Value::Object(fields.clone())) {
            return Self::Bedrock(bedrock);
        }
        Self::Unknown(fields)
    }
}

impl From<AiProviderSettings> for Map<String, Value> {
    fn from(settings: AiProviderSettings) -> Self {
        match settings {
            AiProviderSettings::Bedrock(bedrock) => {
                let Ok(Value::Object(mut fields)) = serde_json::to_value(bedrock) else { return Self::new() };
                fields.insert("_type".to_owned(), "bedrock".into());
                fields.insert("_version".to_owned(), 1.into());
                fields
            }
            AiProviderSettings::Unknown(fields) => fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_say_what_they_are() {
        let wire = json!({"_type": "bedrock", "_version": 1, "region": "eu-west-1", "access_key": "AKID"});
        let settings: AiProviderSettings = serde_json::from_value(wire.clone()).unwrap();
        assert!(matches!(&settings, AiProviderSettings::Bedrock(b) if b.region == "eu-west-1"));
        assert!(!format!("{settings:?}").contains("AKID"));
        assert_eq!(serde_json::to_value(&settings).unwrap(), wire);
    }

    #[test]
    fn settings_of_another_version_are_kept() {
        for wire in [json!({"_type": "bedrock", "_version": 2, "x": [1]}), json!({"_type": "other", "key": "s3cret"})] {
            let settings: AiProviderSettings = serde_json::from_value(wire.clone()).unwrap();
            assert!(matches!(settings, AiProviderSettings::Unknown(_)));
            assert!(!format!("{settings:?}").contains("s3cret"));
            assert_eq!(serde_json::to_value(&settings).unwrap(), wire);
        }
    }
}
