//! What every module of wire types needs at hand.

use serde::{Deserialize, Deserializer};

pub use crate::ai_provider_settings::*;
pub use crate::ai_providers::*;
pub use crate::api_keys::*;
pub use crate::buildinfo::*;
pub use crate::chats::*;
pub use crate::misc::*;
pub use crate::organizations::*;
pub use crate::response::*;
pub use crate::roles::*;
pub use crate::users::*;

/// Reads `null` as the type's default: Go sends a nil slice or map as `null`.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
