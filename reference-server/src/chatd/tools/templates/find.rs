//! Lists templates and tells of one.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::ranking::{Candidate, affinity, rank, recommend, score};
use super::readme::readme_text;
use super::{ChatTemplates, Outcome, Refusal, args, template_id, unreadable};
use crate::rbac::Action;
use crate::store::template_usage::TemplateUsage;
use crate::store::templates::TemplateRow;
use crate::ui_text::{Cut, truncate};
use crate::workspaces::objects::template_object;

const PAGE: usize = 10;
/// How far back use counts.
const LOOKBACK: TimeDelta = TimeDelta::days(60);
/// How much of a README a list shows, in characters.
const MAX_EXCERPT: usize = 1_000;
const MAX_README: usize = 8_000;
const MAX_DESCRIPTION: usize = 200;

impl ChatTemplates {
    pub(super) async fn list_templates(&self, args: &Map<String, Value>) -> Outcome {
        let (owner, query) = (self.owner().await?, args::text(args, "query"));
        let templates = self.state.store.templates().await.map_err(|error| unreadable(&error))?;
        let allowed = self.state.store.allowed_templates().await.map_err(|error| unreadable(&error))?;
        let mut templates = templates;
        templates.retain(|template| {
            template.organization_id == self.organization_id
                && template.deprecated.is_empty()
                && allowed.as_ref().is_none_or(|allowed| allowed.contains(&template.id))
                && owner.can(Action::Read, &template_object(template))
        });
        let (visible, mut usage_known) = (templates.len(), true);
        let mut candidates = Vec::with_capacity(visible);
        let now = self.state.clock.now();
        for template in templates {
            let score = score(&template.name, &template.display_name, &template.description, query);
            if !query.is_empty() && score == 0 {
                continue;
            }
            let usage = self
                .state
                .store
                .template_usage(template.id, self.organization_id, self.owner_id, now - LOOKBACK)
                .await
                .unwrap_or_else(|error| {
                    tracing::warn!(%error, "the use of templates cannot be read");
                    usage_known = false;
                    TemplateUsage::default()
                });
            let (name, affinity) = (template.name.clone(), affinity(&usage, now));
            candidates.push(Candidate { template, name, score, usage, affinity });
        }
        rank(&mut candidates, query);
        let (chosen, next_step) = recommend(&candidates, visible, usage_known);
        let page = args.get("page").and_then(Value::as_i64).unwrap_or(1).max(1);
        let start = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(PAGE).min(candidates.len());
        let end = (start + PAGE).min(candidates.len());
        let mut shown = Vec::with_capacity(end - start);
        for candidate in &candidates[start..end] {
            shown.push(self.item(candidate).await?);
        }
        let mut told = json!({"templates": shown, "page": page, "next_step": next_step});
        if end < candidates.len() {
            told["next_page"] = json!(page + 1);
        }
        if chosen {
            told["recommended_template_id"] = json!(candidates[0].template.id);
        }
        Ok(told)
    }

    async fn item(&self, candidate: &Candidate<TemplateRow>) -> Outcome {
        let (template, usage) = (&candidate.template, &candidate.usage);
        let mut item = json!({"id": template.id, "name": template.name});
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                item[name] = value;
            }
        };
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let count = |count: i64| (count > 0).then(|| json!(count));
        set("display_name", text(&template.display_name).map(Value::from));
        let description = text(&template.description);
        set("description", description.map(|text| truncate(&text, MAX_DESCRIPTION, Cut::default()).into()));
        set("active_developers", count(usage.developers));
        set("your_workspace_count", count(usage.active));
        set("last_used_by_you", usage.last_used_at.map(|used| json!(used)));
        set("readme_excerpt", self.readme(template, MAX_EXCERPT).await?.map(Value::from));
        Ok(item)
    }

    /// The words of the README of a template's version; `None` without any.
    async fn readme(&self, template: &TemplateRow, most: usize) -> Result<Option<String>, Refusal> {
        let version = self.state.store.template_version(template.active_version_id).await;
        let version = version.map_err(|error| unreadable(&error))?;
        let text = version.map(|version| readme_text(&version.readme, most)).unwrap_or_default();
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    pub(super) async fn read_template(&self, args: &Map<String, Value>) -> Outcome {
        let not_found = || Refusal::words("template not found");
        let id = template_id(args, "template_id is required")?;
        if !self.is_allowed(id).await? {
            return Err(not_found());
        }
        let owner = self.owner().await?;
        let template = self.state.store.template(id).await.map_err(|error| unreadable(&error))?;
        let template = template
            .filter(|template| template.organization_id == self.organization_id)
            .filter(|template| owner.can(Action::Read, &template_object(template)))
            .ok_or_else(not_found)?;
        let mut told = json!({
            "id": template.id, "name": template.name, "active_version_id": template.active_version_id,
        });
        for (name, text) in [("display_name", &template.display_name), ("description", &template.description)] {
            if !text.trim().is_empty() {
                told[name] = json!(text.trim());
            }
        }
        if let Some(readme) = self.readme(&template, MAX_README).await? {
            told["readme"] = json!(readme);
        }
        // The templates of this server take no parameters.
        Ok(json!({"template": told, "parameters": []}))
    }
}
