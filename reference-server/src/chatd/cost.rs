//! What a step cost.

use codersdk::ModelCostConfig;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Tokens of a message by price; `None` where the provider told none. Tokens of reasoning are among those of the
/// output, so they have no price of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PricedTokens {
    pub(crate) input: Option<i64>,
    pub(crate) output: Option<i64>,
    pub(crate) cache_read: Option<i64>,
    pub(crate) cache_write: Option<i64>,
}

impl From<crate::model::Usage> for PricedTokens {
    fn from(usage: crate::model::Usage) -> Self {
        let told = |tokens: i64| (tokens != 0).then_some(tokens);
        Self {
            input: told(usage.input_tokens),
            output: told(usage.output_tokens),
            cache_read: told(usage.cache_read_tokens),
            cache_write: told(usage.cache_creation_tokens),
        }
    }
}

/// The cost in millionths of a dollar, rounded up once on the sum; `None` where nothing that was used has a price.
pub(crate) fn total_micros(tokens: PricedTokens, prices: Option<&ModelCostConfig>) -> Option<i64> {
    let prices = prices?;
    let priced = [
        (tokens.input, price(prices.input_price_per_million_tokens.as_ref())),
        (tokens.output, price(prices.output_price_per_million_tokens.as_ref())),
        (tokens.cache_read, price(prices.cache_read_price_per_million_tokens.as_ref())),
        (tokens.cache_write, price(prices.cache_write_price_per_million_tokens.as_ref())),
    ];
    let mut total = None;
    for (tokens, price) in priced {
        if let (Some(tokens), Some(price)) = (tokens, price) {
            // Millionths of a dollar are dollars a million tokens, token by token.
            let part = Decimal::from(tokens).saturating_mul(price);
            total = Some(total.unwrap_or(Decimal::ZERO).saturating_add(part));
        }
    }
    total.map(|total| total.ceil().to_i64().unwrap_or(if total.is_sign_negative() { i64::MIN } else { i64::MAX }))
}

fn price(price: Option<&impl ToString>) -> Option<Decimal> {
    let text = price?.to_string();
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn costs_are_those_recorded() {
        replay(&vectors("chat_cost.json"), |case| {
            let prices = match &case.input["prices"] {
                Value::Null => None,
                prices => {
                    let named = |name: &str| prices[name].clone();
                    let config = json!({
                        "input_price_per_million_tokens": named("input"),
                        "output_price_per_million_tokens": named("output"),
                        "cache_read_price_per_million_tokens": named("cache_read"),
                        "cache_write_price_per_million_tokens": named("cache_write"),
                    });
                    Some(serde_json::from_value(config).map_err(|e| e.to_string())?)
                }
            };
            let told = |name: &str| case.input["usage"][name].as_i64();
            let tokens = PricedTokens {
                input: told("input_tokens"),
                output: told("output_tokens"),
                cache_read: told("cache_read_tokens"),
                cache_write: told("cache_creation_tokens"),
            };
            same(&json!({"micros": total_micros(tokens, prices.as_ref())}), &case.output)
        });
    }
}
