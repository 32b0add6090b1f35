//! The search language of lists of people: `key:value` terms, and words without a key.

use codersdk::{LoginType, UserStatus, ValidationError};
use uuid::Uuid;

use super::query::{QueryParser, QueryValues, parse_enum};
use crate::quote::quoted;
use crate::store::users::UserFilter;

type Errors = Vec<ValidationError>;

/// Splits a search text into parameters. Words without a key are joined and given to `word`.
///
/// # Errors
/// When a term is malformed, or `word` refuses the words.
pub(crate) fn search_terms(
    query: &str,
    word: impl FnOnce(&str, &mut QueryValues) -> Result<(), String>,
) -> Result<QueryValues, Errors> {
    let refuse = |detail: String| vec![ValidationError { field: "q".to_owned(), detail }];
    let mut values = QueryValues::default();
    let tokens = split(query, ' ');
    let (keyed, bare): (Vec<&str>, Vec<&str>) = tokens.into_iter().partition(|token| token.contains(':'));
    let bare = bare.join(" ");
    let bare = (!bare.is_empty()).then_some(bare.as_str());
    let mut word = Some(word);
    for element in keyed.into_iter().chain(bare) {
        if element.starts_with(':') || element.ends_with(':') {
            return Err(refuse(format!("Query element {} cannot start or end with ':'", quoted(element))));
        }
        match split(element, ':')[..] {
            [key, value] => values.add(unquoted(key).to_lowercase(), unquoted(value)),
            [_] => {
                if let Some(word) = word.take() {
                    word(element, &mut values).map_err(refuse)?;
                }
            }
            _ => return Err(refuse(format!("Query element {} can only contain 1 ':'", quoted(element)))),
        }
    }
    Ok(values)
}

/// Splits at a character outside quotes, without empty pieces.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        inside ^= c == '"';
        !inside && c == at
    })
    .filter(|piece| !piece.is_empty())
    .collect()
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// Reads a search for users.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn users(query: &str) -> Result<UserFilter, Errors> {
    let values = search_terms(&query.to_lowercase(), |words, values| {
        values.add("search", words);
        Ok(())
    })?;
    let mut parser = QueryParser::new();
    let known = |text: &str, known: &[&str]| parse_enum(text, |text| known.contains(&text).then(|| text.to_owned()));
    let login_types: Vec<&str> = LoginType::KNOWN.iter().copied().chain(["oauth2_provider_app"]).collect();
    let filter = UserFilter {
        search: parser.string(&values, "", "search"),
        name: parser.string(&values, "", "name"),
        status: parser.custom_list(&values, "status", |text| known(text, UserStatus::KNOWN)),
        is_service_account: parser.nullable_boolean(&values, "service_account"),
        rbac_role: parser.strings(&values, "role"),
        last_seen_after: parser.time3339(&values, None, "last_seen_after"),
        last_seen_before: parser.time3339(&values, None, "last_seen_before"),
        created_after: parser.time3339(&values, None, "created_after"),
        created_before: parser.time3339(&values, None, "created_before"),
        github_com_user_id: parser.int64(&values, 0, "github_com_user_id"),
        login_type: parser
            .custom_list(&values, "login_type", |text| known(text, if text.is_empty() { &[] } else { &login_types })),
        ids: None,
    };
    parser.error_excess(&values);
    finish(parser, filter)
}

/// Which members of an organization are asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberFilter {
    /// Nil for all.
    pub(crate) user_id: Uuid,
    pub(crate) include_system: bool,
    /// 0 for all.
    pub(crate) github_user_id: i64,
}

/// Reads a search for members.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn members(query: &str) -> Result<MemberFilter, Errors> {
    let values = search_terms(query.trim(), |word, values| match word {
        "user_id" | "github_user_id" | "include_system" => {
            values.remove(word);
            values.add(word, "");
            Ok(())
        }
        _ => Err(format!("invalid search term: {word}")),
    })?;
    let mut parser = QueryParser::new();
    let filter = MemberFilter {
        user_id: parser.uuid(&values, Uuid::nil(), "user_id"),
        include_system: parser.boolean(&values, false, "include_system"),
        github_user_id: parser.int64(&values, 0, "github_user_id"),
    };
    parser.error_excess(&values);
    finish(parser, filter)
}

fn finish<T>(parser: QueryParser, value: T) -> Result<T, Errors> {
    let errors = parser.into_errors();
    if errors.is_empty() { Ok(value) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::testing::{Case, replay, same, same_set, vectors};

    /// A filter in the recorded form: what is not asked for is left out.
    fn recorded(fields: Value) -> Value {
        let asked =
            |value: &Value| !value.is_null() && *value != json!("") && *value != json!([]) && *value != json!(0);
        let fields: Map<String, Value> = serde_json::from_value(fields).unwrap();
        fields.into_iter().filter(|(_, value)| asked(value)).collect()
    }

    /// Leaves out what the original's parser of times says of a malformed one.
    fn without_tails(errors: &Value) -> Value {
        let mut errors = errors.clone();
        for error in errors.as_array_mut().into_iter().flatten() {
            let detail = error["detail"].as_str().unwrap_or_default();
            error["detail"] = json!(detail.split(": cannot parse").next());
        }
        errors
    }

    fn cases(kind: &str) -> Vec<Case> {
        vectors("search_queries.json").into_iter().filter(|case| case.text("kind") == kind).collect()
    }

    #[test]
    fn vectors_of_user_searches_match() {
        replay(&cases("users"), |case| match users(case.text("q")) {
            Ok(f) => {
                let filter = recorded(json!({
                    "search": f.search, "name": f.name, "status": f.status, "rbac_role": f.rbac_role,
                    "is_service_account": f.is_service_account, "login_type": f.login_type,
                    "last_seen_after": f.last_seen_after, "last_seen_before": f.last_seen_before,
                    "created_after": f.created_after, "created_before": f.created_before,
                    "github_com_user_id": f.github_com_user_id,
                }));
                same(&filter, &case.output["filter"])
            }
            Err(errors) => same_set(&json!(errors), &without_tails(&case.output["errors"])),
        });
    }

    #[test]
    fn vectors_of_member_searches_match() {
        replay(&cases("members"), |case| match members(case.text("q")) {
            Ok(f) => {
                let filter = recorded(json!({
                    "organization_id": "bbbbbbbb-0000-4000-8000-000000000001",
                    "user_id": Some(f.user_id).filter(|id| !id.is_nil()),
                    "include_system": Some(f.include_system).filter(|is| *is),
                    "github_user_id": f.github_user_id,
                }));
                same(&filter, &case.output["filter"])
            }
            Err(errors) => same_set(&json!(errors), &without_tails(&case.output["errors"])),
        });
    }
}
