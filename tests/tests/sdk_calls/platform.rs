//! Users, log-in, organizations, keys, roles, build info.

use codersdk::prelude::*;
use codersdk::{
    CreateTokenRequest, LoginType, OrganizationMembersQuery, Pagination, TokensFilter, UserStatus, UsersRequest,
};

use crate::harness::{Args, Method, method, nothing, value};

const CLIENT: &str = "codersdk.Client";

pub fn methods() -> Vec<Method> {
    [auth(), users(), organizations(), keys_and_roles()].into_iter().flatten().collect()
}

fn auth() -> Vec<Method> {
    vec![
        method(CLIENT, "HasFirstUser", |c, _| async move { value(c.has_first_user().await) }),
        method(CLIENT, "CreateFirstUser", |c, a| async move { value(c.create_first_user(a.get(0)).await) }),
        method(CLIENT, "LoginWithPassword", |c, a| async move { value(c.login_with_password(a.get(0)).await) }),
        method(CLIENT, "Logout", |c, _| async move { nothing(c.logout().await) }),
        method(CLIENT, "AuthMethods", |c, _| async move { value(c.auth_methods().await) }),
        method(CLIENT, "ValidateUserPassword", |c, a| async move { value(c.validate_user_password(a.get(0)).await) }),
        method(
            CLIENT,
            "RequestOneTimePasscode",
            |c, a| async move { nothing(c.request_one_time_passcode(a.get(0)).await) },
        ),
        method(CLIENT, "ChangePasswordWithOneTimePasscode", |c, a| async move {
            nothing(c.change_password_with_one_time_passcode(a.get(0)).await)
        }),
        method(CLIENT, "ConvertLoginType", |c, a| async move { value(c.convert_login_type(a.get(0)).await) }),
        method(CLIENT, "ConvertUserLoginType", |c, a| async move {
            value(c.convert_user_login_type(&a.text(0), a.get(1)).await)
        }),
        method(CLIENT, "UserOIDCClaims", |c, _| async move { value(c.user_oidc_claims().await) }),
        method(CLIENT, "BuildInfo", |c, _| async move { value(c.build_info().await) }),
    ]
}

fn users_request(a: &Args, at: usize) -> UsersRequest {
    let status: String = a.field(at, "status");
    UsersRequest {
        search: a.field(at, "search"),
        name: a.field(at, "name"),
        status: (!status.is_empty()).then(|| UserStatus::from(status)),
        role: a.field(at, "role"),
        login_type: a.field::<Vec<LoginType>>(at, "login_type"),
        search_query: a.field(at, "q"),
        pagination: Pagination {
            after_id: Some(a.field(at, "after_id")),
            limit: a.field(at, "limit"),
            offset: a.field(at, "offset"),
        },
    }
}

fn users() -> Vec<Method> {
    vec![
        method(CLIENT, "Users", |c, a| async move { value(c.users(users_request(&a, 0)).await) }),
        method(CLIENT, "User", |c, a| async move { value(c.user(&a.text(0)).await) }),
        method(CLIENT, "CreateUser", |c, a| async move { value(c.create_user(a.get(0)).await) }),
        method(CLIENT, "CreateUserWithOrgs", |c, a| async move { value(c.create_user_with_orgs(a.get(0)).await) }),
        method(CLIENT, "DeleteUser", |c, a| async move { nothing(c.delete_user(a.get(0)).await) }),
        method(
            CLIENT,
            "UpdateUserProfile",
            |c, a| async move { value(c.update_user_profile(&a.text(0), a.get(1)).await) },
        ),
        method(
            CLIENT,
            "UpdateUserStatus",
            |c, a| async move { value(c.update_user_status(&a.text(0), a.get(1)).await) },
        ),
        method(CLIENT, "UpdateUserPassword", |c, a| async move {
            nothing(c.update_user_password(&a.text(0), a.get(1)).await)
        }),
        method(CLIENT, "GetUserAppearanceSettings", |c, a| async move {
            value(c.get_user_appearance_settings(&a.text(0)).await)
        }),
        method(CLIENT, "UpdateUserAppearanceSettings", |c, a| async move {
            value(c.update_user_appearance_settings(&a.text(0), a.get(1)).await)
        }),
        method(CLIENT, "GetUserPreferenceSettings", |c, a| async move {
            value(c.get_user_preference_settings(&a.text(0)).await)
        }),
        method(CLIENT, "UpdateUserPreferenceSettings", |c, a| async move {
            value(c.update_user_preference_settings(&a.text(0), a.get(1)).await)
        }),
        method(CLIENT, "UserAutofillParameters", |c, a| async move {
            value(c.user_autofill_parameters(&a.text(0), a.get(1)).await)
        }),
        method(CLIENT, "UserRoles", |c, a| async move { value(c.user_roles(&a.text(0)).await) }),
        method(CLIENT, "UpdateUserRoles", |c, a| async move { value(c.update_user_roles(&a.text(0), a.get(1)).await) }),
        method(
            CLIENT,
            "UserQuietHoursSchedule",
            |c, a| async move { value(c.user_quiet_hours_schedule(&a.text(0)).await) },
        ),
        method(CLIENT, "UpdateUserQuietHoursSchedule", |c, a| async move {
            value(c.update_user_quiet_hours_schedule(&a.text(0), a.get(1)).await)
        }),
    ]
}

fn organizations() -> Vec<Method> {
    vec![
        method(CLIENT, "Organizations", |c, _| async move { value(c.organizations().await) }),
        method(CLIENT, "Organization", |c, a| async move { value(c.organization(a.get(0)).await) }),
        method(CLIENT, "OrganizationByName", |c, a| async move { value(c.organization_by_name(&a.text(0)).await) }),
        method(CLIENT, "OrganizationsByUser", |c, a| async move { value(c.organizations_by_user(&a.text(0)).await) }),
        method(CLIENT, "OrganizationByUserAndName", |c, a| async move {
            value(c.organization_by_user_and_name(&a.text(0), &a.text(1)).await)
        }),
        method(CLIENT, "CreateOrganization", |c, a| async move { value(c.create_organization(a.get(0)).await) }),
        method(
            CLIENT,
            "UpdateOrganization",
            |c, a| async move { value(c.update_organization(&a.text(0), a.get(1)).await) },
        ),
        method(CLIENT, "DeleteOrganization", |c, a| async move { nothing(c.delete_organization(&a.text(0)).await) }),
        method(CLIENT, "PostOrganizationMember", |c, a| async move {
            value(c.post_organization_member(a.get(0), &a.text(1)).await)
        }),
        method(CLIENT, "DeleteOrganizationMember", |c, a| async move {
            nothing(c.delete_organization_member(a.get(0), &a.text(1)).await)
        }),
        method(CLIENT, "OrganizationMember", |c, a| async move {
            value(c.organization_member(&a.text(0), &a.text(1)).await)
        }),
        method(CLIENT, "OrganizationMembers", |c, a| async move {
            value(c.organization_members(a.get(0), OrganizationMembersQuery::default()).await)
        }),
        method(CLIENT, "OrganizationMembersPaginated", |c, a| async move {
            value(c.organization_members_paginated(a.get(0), users_request(&a, 1)).await)
        }),
        method(CLIENT, "UpdateOrganizationMemberRoles", |c, a| async move {
            value(c.update_organization_member_roles(a.get(0), &a.text(1), a.get(2)).await)
        }),
    ]
}

fn keys_and_roles() -> Vec<Method> {
    vec![
        method(CLIENT, "CreateToken", |c, a| async move {
            value(c.create_token(&a.text(0), a.get::<CreateTokenRequest>(1)).await)
        }),
        method(CLIENT, "CreateAPIKey", |c, a| async move { value(c.create_api_key(&a.text(0)).await) }),
        method(CLIENT, "Tokens", |c, a| async move {
            let filter =
                TokensFilter { include_all: a.field(1, "include_all"), include_expired: a.field(1, "include_expired") };
            value(c.tokens(&a.text(0), filter).await)
        }),
        method(CLIENT, "APIKeyByID", |c, a| async move { value(c.api_key_by_id(&a.text(0), &a.text(1)).await) }),
        method(CLIENT, "APIKeyByName", |c, a| async move { value(c.api_key_by_name(&a.text(0), &a.text(1)).await) }),
        method(CLIENT, "DeleteAPIKey", |c, a| async move { nothing(c.delete_api_key(&a.text(0), &a.text(1)).await) }),
        method(CLIENT, "ExpireAPIKey", |c, a| async move { nothing(c.expire_api_key(&a.text(0), &a.text(1)).await) }),
        method(CLIENT, "GetTokenConfig", |c, a| async move { value(c.get_token_config(&a.text(0)).await) }),
        method(CLIENT, "ListSiteRoles", |c, _| async move { value(c.list_site_roles().await) }),
        method(CLIENT, "ListOrganizationRoles", |c, a| async move { value(c.list_organization_roles(a.get(0)).await) }),
        method(
            CLIENT,
            "CreateOrganizationRole",
            |c, a| async move { value(c.create_organization_role(a.get(0)).await) },
        ),
        method(
            CLIENT,
            "UpdateOrganizationRole",
            |c, a| async move { value(c.update_organization_role(a.get(0)).await) },
        ),
        method(CLIENT, "DeleteOrganizationRole", |c, a| async move {
            nothing(c.delete_organization_role(a.get(0), &a.text(1)).await)
        }),
        method(CLIENT, "AuthCheck", |c, a| async move { value(c.auth_check(a.get(0)).await) }),
    ]
}
