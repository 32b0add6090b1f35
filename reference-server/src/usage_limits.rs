//! How much of their spending limit a user has used, and whether they may go on.
//!
//! Two requests at once can both pass, and a turn's cost is known only when it is over: the limit stops the next turn,
//! not the one under way.

use chrono::{DateTime, Datelike, Days, Months, NaiveTime, Utc};
use codersdk::{ChatUsageLimitPeriod, ChatUsageLimitStatus};
use uuid::Uuid;

use crate::state::AppState;

/// A user has spent what they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Chat usage limit exceeded.")]
pub(crate) struct UsageLimitExceeded {
    /// Millionths of a dollar spent in the current period.
    pub(crate) spent_micros: i64,
    /// Millionths of a dollar that may be spent in a period.
    pub(crate) limit_micros: i64,
    /// When the next period begins.
    pub(crate) resets_at: DateTime<Utc>,
}

/// Refuses when the owner of a chat has spent what they may in its organization. When the limit cannot be worked out,
/// nobody is refused.
pub(crate) async fn spend_check(
    state: &AppState,
    owner_id: Uuid,
    organization_id: Uuid,
) -> Result<(), UsageLimitExceeded> {
    let status = match usage_limit_status(state, owner_id, Some(organization_id)).await {
        Ok(Some(status)) => status,
        Ok(None) => return Ok(()),
        Err(error) => {
            tracing::warn!(%owner_id, %error, "usage limit check failed, going on");
            return Ok(());
        }
    };
    match status.spend_limit_micros {
        Some(limit_micros) if status.current_spend >= limit_micros => {
            Err(UsageLimitExceeded { spent_micros: status.current_spend, limit_micros, resets_at: status.period_end })
        }
        _ => Ok(()),
    }
}

/// Where a user stands; `None` when there are no limits. Without an organization all of them count together.
pub(crate) async fn usage_limit_status(
    state: &AppState,
    user_id: Uuid,
    organization_id: Option<Uuid>,
) -> sqlx::Result<Option<ChatUsageLimitStatus>> {
    let Some(config) = state.store.usage_limit_config().await?.filter(|config| config.enabled) else {
        return Ok(None);
    };
    let limits = state.store.user_limits(user_id, organization_id).await?;
    // A group's limit is for one organization, the others are for all that the user spends anywhere.
    let (limit, counted_in) = match (limits.user_micros, limits.group_micros) {
        (Some(own), _) => (own, None),
        (None, Some(group)) => (group, organization_id),
        (None, None) => (config.default_limit_micros, None),
    };
    let period = ChatUsageLimitPeriod::from(config.period);
    let (start, end) = period_bounds(state.clock.now(), &period);
    let current_spend = state.store.user_chat_spend(user_id, counted_in, start, end).await?;
    Ok(Some(ChatUsageLimitStatus {
        is_limited: true,
        period: Some(period),
        spend_limit_micros: Some(limit),
        current_spend,
        period_start: start,
        period_end: end,
    }))
}

/// The day, week (from Monday) or month in UTC that contains `now`; the end is exclusive.
pub(crate) fn period_bounds(now: DateTime<Utc>, period: &ChatUsageLimitPeriod) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |date: chrono::NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let today = now.date_naive();
    let (start, end) = match period {
        ChatUsageLimitPeriod::Day => (today, today + Days::new(1)),
        ChatUsageLimitPeriod::Week => {
            let monday = today - Days::new(today.weekday().num_days_from_monday().into());
            (monday, monday + Days::new(7))
        }
        _ => {
            let first = today - Days::new(today.day0().into());
            (first, first + Months::new(1))
        }
    };
    (midnight(start), midnight(end))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn periods_begin_and_end_where_the_original_has_them() {
        replay(&vectors("usage_periods.json"), |case| {
            let now = DateTime::parse_from_rfc3339(case.text("now")).map_err(|e| e.to_string())?;
            let (start, end) = period_bounds(now.to_utc(), &case.text("period").into());
            let text = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            same(&json!({"start": text(start), "end": text(end)}), &case.output)
        });
    }
}
