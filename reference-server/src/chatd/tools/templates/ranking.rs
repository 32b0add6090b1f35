//! Which template suits a request best: by what was looked for, by what its user works with, by what others do.

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::template_usage::TemplateUsage;

pub(super) const USE_RECOMMENDED: &str = "Use recommended_template_id with create_workspace. Call read_template first \
    only if you need parameter or preset details.";
pub(super) const ASK_USER: &str = "Do not call create_workspace yet. Ask the user to choose a template, unless they \
    already named one.";
pub(super) const NO_MATCHES: &str = "No templates matched the query. Retry without a query or ask the user.";
pub(super) const NO_TEMPLATES: &str = "No templates are available to this chat. Inform the user.";

/// What use that was so long ago counts for is half of what use today does.
const HALF_LIFE: TimeDelta = TimeDelta::days(14);
const OWN_WEIGHT: f64 = 10.0;
/// How much a workspace that was deleted counts.
const DELETED_WEIGHT: f64 = 0.5;
/// Fewest people who must work with a template for that alone to recommend it.
const FEWEST_DEVELOPERS: f64 = 2.0;
/// Sums of floating numbers that should be equal may differ by as much.
const EPSILON: f64 = 1e-9;

/// A template as it is ranked.
#[derive(Debug, Clone)]
pub(super) struct Candidate<T> {
    pub(super) template: T,
    /// Decides between equals, before the id.
    pub(super) name: String,
    /// How well it answers the query: 0 for not at all, 4 for exactly.
    pub(super) score: u8,
    pub(super) usage: TemplateUsage,
    /// How near it is to the user.
    pub(super) affinity: f64,
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

fn compact(text: &str) -> String {
    text.replace([' ', '-', '_'], "")
}

/// How well a template answers a query.
pub(super) fn score(name: &str, display_name: &str, description: &str, query: &str) -> u8 {
    let query = plain(query);
    let query_compact = compact(&query);
    if query_compact.is_empty() {
        return 0;
    }
    let of_name = |field: &str| {
        let field = plain(field);
        let field_compact = compact(&field);
        if field.is_empty() {
            0
        } else if field == query || field_compact == query_compact {
            4
        } else if field.starts_with(&query) || field_compact.starts_with(&query_compact) {
            3
        } else if field.contains(&query) || field_compact.contains(&query_compact) {
            2
        } else {
            0
        }
    };
    let best = of_name(name).max(of_name(display_name));
    let description = plain(description);
    if best == 0 && (description.contains(&query) || compact(&description).contains(&query_compact)) {
        return 1;
    }
    best
}

/// How near a template is to a user: what they did with it of late counts most, what others do some.
pub(super) fn affinity(usage: &TemplateUsage, now: DateTime<Utc>) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts of workspaces and people are small")]
    let count = |count: i64| count as f64;
    let own = usage.last_used_at.map_or(0.0, |used| {
        let age = (now - used).max(TimeDelta::zero()).as_seconds_f64() / HALF_LIFE.as_seconds_f64();
        OWN_WEIGHT * (count(usage.active) + DELETED_WEIGHT * count(usage.deleted)) * 0.5_f64.powf(age)
    });
    own + count(usage.developers).ln_1p()
}

/// The best first.
pub(super) fn rank<T>(candidates: &mut [Candidate<T>], query: &str) {
    candidates.sort_by(|a, b| {
        let by_score = if query.is_empty() { std::cmp::Ordering::Equal } else { b.score.cmp(&a.score) };
        by_score.then_with(|| b.affinity.total_cmp(&a.affinity)).then_with(|| a.name.cmp(&b.name))
    });
}

/// Whether the best of the ranked is good enough to be used unasked, and what to do next. `visible` counts the
/// templates before the query; `usage_known` says whether the affinities mean anything.
pub(super) fn recommend<T>(ranked: &[Candidate<T>], visible: usize, usage_known: bool) -> (bool, &'static str) {
    let Some(top) = ranked.first() else {
        return (false, if visible == 0 { NO_TEMPLATES } else { NO_MATCHES });
    };
    let second = ranked.get(1);
    let enough = |affinity: f64| affinity >= FEWEST_DEVELOPERS.ln_1p() - EPSILON;
    let gap = FEWEST_DEVELOPERS.ln_1p() - (FEWEST_DEVELOPERS - 1.0).ln_1p();
    let leads = second.is_some_and(|second| top.affinity - second.affinity >= gap - EPSILON);
    let only_one = visible == 1 && second.is_none();
    let answers_best = top.score > 0 && second.is_none_or(|second| top.score > second.score);
    let chosen = if only_one || answers_best {
        true
    } else if !usage_known {
        false
    } else if top.score > 0 {
        leads
    } else {
        enough(top.affinity) && (leads || second.is_none_or(|second| !enough(second.affinity)))
    };
    (chosen, if chosen { USE_RECOMMENDED } else { ASK_USER })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::testing::{Case, replay, same, vectors};

    fn ranked(case: &Case) -> Value {
        let now = DateTime::UNIX_EPOCH;
        let query = case.text("query").trim();
        let usage_known = case.input["signals_failed"] != true;
        let templates = case.input["templates"].as_array().cloned().unwrap_or_default();
        let mut candidates: Vec<Candidate<()>> = templates
            .iter()
            .map(|template| {
                let number = |name: &str| template[name].as_i64().unwrap_or(0);
                let text = |name: &str| template[name].as_str().unwrap_or_default();
                let days = template["days_since_use"].as_f64();
                let usage = TemplateUsage {
                    active: number("active"),
                    deleted: number("deleted_recent"),
                    developers: number("developers"),
                    last_used_at: days.map(|days| now - TimeDelta::milliseconds((days * 86_400_000.0) as i64)),
                };
                let usage = if usage_known { usage } else { TemplateUsage::default() };
                Candidate {
                    template: (),
                    name: text("name").to_owned(),
                    score: score(text("name"), text("display_name"), text("description"), query),
                    affinity: affinity(&usage, now),
                    usage,
                }
            })
            .filter(|candidate| query.is_empty() || candidate.score > 0)
            .collect();
        rank(&mut candidates, query);
        let visible = usize::try_from(case.input["visible"].as_u64().unwrap_or(0)).unwrap_or(0);
        let (chosen, next_step) = recommend(&candidates, visible, usage_known);
        let names: Vec<&str> = candidates.iter().map(|candidate| candidate.name.as_str()).collect();
        let nine_digits = |value: f64| (value * 1e9).round() / 1e9;
        let affinities: Map<String, Value> = candidates
            .iter()
            .map(|candidate| (candidate.name.clone(), json!(nine_digits(candidate.affinity))))
            .collect();
        let recommended = chosen.then(|| names[0]);
        json!({"affinity": affinities, "next_step": next_step, "order": names, "recommended": recommended})
    }

    #[test]
    fn templates_are_ranked_as_recorded() {
        let mut cases = vectors("chat_tool_helpers.json");
        cases.retain(|case| ["score", "recommend"].contains(&case.text("rule")));
        replay(&cases, |case| {
            if case.text("rule") == "score" {
                let text = |name: &str| case.text(name).to_owned();
                let got = score(&text("name"), &text("display_name"), &text("description"), case.text("query"));
                return same(&json!({"score": got}), &case.output);
            }
            let mut want = case.output.clone();
            for (_, affinity) in want["affinity"].as_object_mut().into_iter().flatten() {
                *affinity = json!((affinity.as_f64().unwrap_or(0.0) * 1e9).round() / 1e9);
            }
            same(&ranked(case), &want)
        });
    }
}
