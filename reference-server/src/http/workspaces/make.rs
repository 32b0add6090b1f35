//! Making workspaces and asking for builds, wherever that is asked for.

use codersdk::names;
use http::StatusCode;
use uuid::Uuid;

use super::super::auth::Actor;
use super::super::error::ApiError;
use crate::quote::quoted;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;
use crate::store::Tx;
use crate::store::templates::{TemplateRow, TemplateVersionRow};
use crate::store::workspaces::{BuildRow, WorkspaceRow, put_workspace};
use crate::workspaces::build::{NewBuild, ask};
use crate::workspaces::claim;
use crate::workspaces::objects::{template_object, workspace_object};

const MAX_TTL_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What a build is asked for with, after its words were checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct BuildWish {
    /// `start`, `stop` or `delete`.
    pub(crate) transition: String,
    /// Nil for the one that comes by itself.
    pub(crate) version: Uuid,
    /// Empty for the usual one.
    pub(crate) reason: String,
    /// Whether the provisioner's state is given, or left alone.
    pub(crate) custom_state: bool,
    /// Whether more is to be logged.
    pub(crate) log_level: bool,
}

/// Checks that the caller may have the build, and gives the version that it is made from.
///
/// # Errors
/// 403 or 404 if the caller may not; 400, 406 or 409 if it cannot be.
pub(crate) async fn check_build(
    state: &AppState,
    caller: &Actor,
    workspace: &WorkspaceRow,
    wish: &BuildWish,
) -> Result<TemplateVersionRow, ApiError> {
    let object = workspace_object(workspace);
    let action = match wish.transition.as_str() {
        "delete" => Action::Delete,
        "stop" => Action::Stop,
        // A dormant workspace is woken first, which is a change of it.
        _ if workspace.dormant_at.is_some() => Action::Update,
        _ => Action::Start,
    };
    let prebuilt = Object::new(Resource::PrebuiltWorkspace)
        .with_id(workspace.id)
        .with_owner(workspace.owner_id)
        .in_org(workspace.organization_id);
    let of_prebuilds = action == Action::Delete && workspace.is_prebuild() && caller.can(action, &prebuilt);
    if !caller.can(action, &object) && !of_prebuilds {
        caller.authorize(Action::Read, &object)?;
        let message = format!("You do not have permission to {} this workspace.", action.as_str());
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    let template = state.store.template_or_deleted(workspace.template_id).await?.ok_or_else(ApiError::not_found)?;
    if wish.custom_state && !caller.can(Action::Update, &template_object(&template)) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "Only template managers may provide custom state"));
    }
    if wish.log_level {
        let administrator = caller.can(Action::Read, &Object::deployment_config());
        return Err(ApiError::bad_request(if administrator {
            "Terraform debug mode is disabled in the deployment configuration."
        } else {
            "Workspace builds with a custom log level are restricted to administrators only."
        }));
    }
    let latest = state.store.latest_build(workspace.id).await?;
    let id = match &latest {
        _ if !wish.version.is_nil() => wish.version,
        Some(latest) if !(workspace.automatic_updates == "always" && wish.transition == "start") => {
            latest.template_version_id
        }
        _ => template.active_version_id,
    };
    let version = usable_version(state, &template, id).await?;
    let running = match latest {
        Some(latest) => state.store.job(latest.job_id).await?.is_some_and(|job| job.completed_at.is_none()),
        None => false,
    };
    if running {
        return Err(active());
    }
    Ok(version)
}

fn active() -> ApiError {
    ApiError::conflict("A workspace build is already active.")
}

/// A version of the template that is imported.
async fn usable_version(state: &AppState, template: &TemplateRow, id: Uuid) -> Result<TemplateVersionRow, ApiError> {
    let missing = || ApiError::bad_request("template version does not exist");
    let version = state.store.template_version(id).await?.ok_or_else(missing)?;
    if version.template_id != Some(template.id) {
        return Err(ApiError::bad_request("template version doesn't match template"));
    }
    let job = state.store.job(version.job_id).await?.ok_or_else(missing)?;
    match job.status() {
        status @ ("pending" | "running") => Err(ApiError::new(
            StatusCode::NOT_ACCEPTABLE,
            format!("The provided template version is {status}. Wait for it to complete importing!"),
        )),
        "failed" | "canceled" => Err(ApiError::bad_request(format!(
            "The provided template version {} has failed to import: {}. You cannot build workspaces with it!",
            quoted(&version.name),
            quoted(&job.error)
        ))),
        _ => Ok(version),
    }
}

/// Asks for a build that [`check_build`] has let pass. Starting wakes a dormant workspace.
///
/// # Errors
/// 409 if another one was asked for at the same time.
pub(crate) async fn add_build(
    state: &AppState,
    caller: &Actor,
    workspace: &WorkspaceRow,
    version: &TemplateVersionRow,
    wish: &BuildWish,
) -> Result<BuildRow, ApiError> {
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    let running: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM workspace_builds b JOIN provisioner_jobs j ON j.id = b.job_id \
         WHERE b.workspace_id = $1 AND j.completed_at IS NULL)",
    )
    .bind(workspace.id)
    .fetch_one(&mut *tx)
    .await?;
    if running {
        return Err(active());
    }
    if workspace.dormant_at.is_some() && wish.transition == "start" {
        let woken = WorkspaceRow { dormant_at: None, deleting_at: None, ..workspace.clone() };
        put_workspace(&mut tx, &woken).await?;
    }
    let (build, _) = ask(&mut tx, workspace, version, new_build(caller, wish), now).await?;
    tx.commit().await?;
    Ok(build)
}

fn new_build(caller: &Actor, wish: &BuildWish) -> NewBuild {
    let reason = if wish.reason.is_empty() { "initiator" } else { wish.reason.as_str() };
    NewBuild { transition: wish.transition.clone(), reason: reason.to_owned(), initiator_id: caller.id(), preset: None }
}

/// What a workspace is made with.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkspaceWish {
    pub(crate) name: String,
    pub(crate) owner_id: Uuid,
    pub(crate) template_id: Uuid,
    /// Instead of the template.
    pub(crate) version_id: Uuid,
    pub(crate) autostart_schedule: Option<String>,
    pub(crate) ttl_ms: Option<i64>,
    /// Empty for the usual setting.
    pub(crate) automatic_updates: String,
    /// The preset of the version; nil for the one that fits by itself, if one does.
    pub(crate) preset_id: Uuid,
}

/// A workspace that may be made.
#[derive(Debug)]
pub(crate) struct CheckedWorkspace {
    pub(crate) row: WorkspaceRow,
    pub(crate) version: TemplateVersionRow,
    preset: Option<Uuid>,
}

impl CheckedWorkspace {
    /// The same, never to be taken from the prebuilt ones.
    pub(crate) fn anew(self) -> Self {
        Self { preset: None, ..self }
    }
}

/// Checks that the caller may have the workspace, and that it can be.
///
/// # Errors
/// 400, 403, 406 or 409.
pub(crate) async fn check_workspace(
    state: &AppState,
    caller: &Actor,
    wish: WorkspaceWish,
) -> Result<CheckedWorkspace, ApiError> {
    let template = wanted_template(state, caller, &wish).await?;
    let object = Object::new(Resource::Workspace).with_owner(wish.owner_id).in_org(template.organization_id);
    if !caller.can(Action::Create, &object) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "Unauthorized to create workspace.").detail(
            "You are unable to create a workspace in this organization. It is possible to have access to the template, \
             but not be able to create a workspace. Please contact an administrator about your permissions if you feel \
             this is an error.",
        ));
    }
    if !caller.can(Action::Use, &template_object(&template)) {
        let message = format!("Unauthorized access to use the template {}.", quoted(&template.name));
        return Err(ApiError::new(StatusCode::FORBIDDEN, message).detail(
            "Although you are able to view the template, you are unable to create a workspace using it. Please contact \
             an administrator about your permissions if you feel this is an error.",
        ));
    }
    if !template.deprecated.is_empty() {
        let message = format!(
            "Template {} has been deprecated, and cannot be used to create a new workspace.",
            quoted(&template.name)
        );
        return Err(ApiError::bad_request(message).detail(&template.deprecated));
    }
    let schedule = valid_schedule(wish.autostart_schedule.as_deref())
        .map_err(|error| ApiError::bad_request("Invalid Autostart Schedule.").field("schedule", error))?;
    let ttl_ms = valid_ttl(wish.ttl_ms, template.default_ttl_ms)
        .map_err(|error| ApiError::bad_request("Invalid Workspace Time to Shutdown.").field("ttl_ms", error))?;
    let automatic_updates = match wish.automatic_updates.as_str() {
        "" => "never",
        word @ ("always" | "never") => word,
        _ => {
            return Err(ApiError::bad_request("Invalid Workspace Automatic Updates setting.")
                .field("automatic_updates", "must be always or never"));
        }
    };
    if state.store.workspace_by_name(wish.owner_id, &wish.name, false).await?.is_some() {
        return Err(name_taken(&wish.name));
    }
    let version_id = if wish.version_id.is_nil() { template.active_version_id } else { wish.version_id };
    let version = usable_version(state, &template, version_id).await?;
    let preset = wanted_preset(&version, wish.preset_id)?;
    let now = state.clock.now();
    let row = WorkspaceRow {
        id: Uuid::new_v4(),
        created_at: now,
        updated_at: now,
        owner_id: wish.owner_id,
        organization_id: template.organization_id,
        template_id: template.id,
        deleted: false,
        automatic_updates: automatic_updates.to_owned(),
        name: wish.name,
        autostart_schedule: schedule,
        ttl_ms,
        last_used_at: now,
        dormant_at: None,
        deleting_at: None,
        favorite: false,
        user_acl: Default::default(),
        group_acl: Default::default(),
    };
    Ok(CheckedWorkspace { row, version, preset })
}

/// The preset that a workspace is made with. A preset without parameters fits any wish.
fn wanted_preset(version: &TemplateVersionRow, wanted: Uuid) -> Result<Option<Uuid>, ApiError> {
    let mut presets = version.plan.presets.iter().map(|preset| preset.id);
    if wanted.is_nil() {
        return Ok(presets.next());
    }
    let found = presets.find(|preset| *preset == wanted);
    found.map(Some).ok_or_else(|| ApiError::bad_request("The preset does not belong to the template version."))
}

/// The answer to a name that another workspace of the owner has.
pub(crate) fn name_taken(name: &str) -> ApiError {
    ApiError::conflict(format!("Workspace {} already exists.", quoted(name)))
        .field("name", "This value is already in use and should be unique.")
}

async fn wanted_template(state: &AppState, caller: &Actor, wish: &WorkspaceWish) -> Result<TemplateRow, ApiError> {
    let mut id = wish.template_id;
    if id.is_nil() {
        let version = state.store.template_version(wish.version_id).await?;
        let Some(version) = version else {
            return Err(ApiError::bad_request("Invalid template version.")
                .field("template_version_id", "template version not found"));
        };
        id = version.template_id.unwrap_or_default();
    }
    let template = state.store.template(id).await?;
    template.filter(|found| caller.can(Action::Read, &template_object(found))).ok_or_else(|| {
        ApiError::bad_request(format!("Template {} doesn't exist.", quoted(&id.to_string())))
            .field("template_id", "template not found")
    })
}

/// Adds a checked workspace with its first build, or takes a prebuilt one of its preset that waits for somebody.
///
/// # Errors
/// 409 if the name was taken at the same time.
pub(crate) async fn add_workspace(
    tx: &mut Tx,
    caller: &Actor,
    checked: &CheckedWorkspace,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<BuildRow, ApiError> {
    let wish = BuildWish { transition: "start".to_owned(), ..BuildWish::default() };
    let new = NewBuild { preset: checked.preset, ..new_build(caller, &wish) };
    if let Some(preset) = checked.preset
        && let Some(prebuilt) = claim::claimable(tx, preset).await?
    {
        let WorkspaceRow { owner_id, name, autostart_schedule, ttl_ms, .. } = checked.row.clone();
        let owner = claim::NewOwner { owner_id, name, autostart_schedule, ttl_ms };
        let claimed = claim::claim(tx, prebuilt.id, owner, new.clone(), now).await;
        if let Some(build) = claimed.map_err(|error| taken_or(&checked.row.name, error))? {
            return Ok(build);
        }
    }
    put_new_workspace(tx, &checked.row).await?;
    let (build, _) = ask(tx, &checked.row, &checked.version, new, now).await?;
    Ok(build)
}

/// Adds a workspace, still without a build.
///
/// # Errors
/// 409 if the name was taken at the same time.
pub(crate) async fn put_new_workspace(tx: &mut Tx, row: &WorkspaceRow) -> Result<(), ApiError> {
    put_workspace(tx, row).await.map_err(|error| taken_or(&row.name, error))
}

/// The answer to a workspace that could not be stored.
pub(crate) fn taken_or(name: &str, error: sqlx::Error) -> ApiError {
    match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => name_taken(name),
        error => error.into(),
    }
}

/// Whether workspaces, templates and tasks can have this name.
pub(crate) fn is_name(name: &str) -> bool {
    names::name_valid(name).is_ok()
}

/// How long a start may last: from a minute to thirty days, or without end.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn valid_ttl(ttl_ms: Option<i64>, default_ms: i64) -> Result<Option<i64>, &'static str> {
    match ttl_ms.unwrap_or(default_ms) {
        0 => Ok(None),
        ttl if ttl < 60_000 => Err("time until shutdown must be at least one minute"),
        ttl if ttl > MAX_TTL_MS => Err("time until shutdown must be less than 30 days"),
        ttl => Ok(Some(ttl)),
    }
}

/// Reads a weekly schedule: an optional `CRON_TZ=`, minutes, hours, and days of the week.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn valid_schedule(text: Option<&str>) -> Result<Option<String>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let cron = match text.strip_prefix("CRON_TZ=").map(|rest| rest.split_once(' ')) {
        None => text,
        Some(Some((zone, cron))) if is_zone(zone) => cron,
        Some(_) => return Err(format!("parse schedule: provided bad location in {text}")),
    };
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minutes, hours, day, month, week] = fields[..] else {
        return Err("expected schedule to consist of 5 fields with an optional CRON_TZ=<timezone> prefix".to_owned());
    };
    if day != "*" || month != "*" {
        return Err("expected month and dom to be *".to_owned());
    }
    let good = is_cron_field(minutes, 0, 59, &[])
        && is_cron_field(hours, 0, 23, &[])
        && is_cron_field(week, 0, 6, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);
    if good { Ok(Some(text.to_owned())) } else { Err(format!("parse schedule: bad field in {cron}")) }
}

/// Whether the machine knows the time zone; one without a list of them is believed to know all.
fn is_zone(zone: &str) -> bool {
    let zones = std::path::Path::new("/usr/share/zoneinfo");
    let plain = zone.chars().all(|c| c.is_ascii_alphanumeric() || "/_-+".contains(c));
    let common = ["UTC", "Etc/UTC", "GMT", "Local"].contains(&zone);
    // Without the list a name with a place in it is taken as it comes, but for what no list has.
    common || (plain && (zones.join(zone).is_file() || (!zones.is_dir() && is_region(zone))))
}

fn is_region(zone: &str) -> bool {
    const REGIONS: [&str; 11] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Etc",
        "Europe",
        "Indian",
        "Pacific",
    ];
    zone.split_once('/').is_some_and(|(region, _)| REGIONS.contains(&region))
}

fn is_cron_field(text: &str, min: u32, max: u32, names: &[&str]) -> bool {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| u32::try_from(at).ok());
        named.or_else(|| text.parse().ok()).filter(|value| (min..=max).contains(value))
    };
    text.split(',').all(|part| {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step_good = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
        let range_good = match range.split_once('-') {
            _ if range == "*" => true,
            Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
            None => number(range).is_some(),
        };
        step_good && range_good
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_weekly() {
        for good in ["30 9 * * 1", "CRON_TZ=UTC 0 9 * * 1-5", "0 */2 * * MON,FRI"] {
            assert_eq!(valid_schedule(Some(good)).unwrap().as_deref(), Some(good));
        }
        for bad in ["soon", "* * 1 * *", "60 9 * * 1", "CRON_TZ=Nowhere/Land 0 9 * * 1", "0 9 * * 7", "0 9 * *"] {
            assert!(valid_schedule(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(valid_schedule(Some("")).unwrap(), None);
    }
}
