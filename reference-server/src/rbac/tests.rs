use super::*;

fn subject(roles: &[RoleName]) -> Subject {
    Subject { user_id: Uuid::from_u128(1), roles: roles.to_vec(), groups: Vec::new(), scopes: Scopes::all() }
}

fn member(extra: &[RoleName]) -> Subject {
    let org = Uuid::from_u128(10);
    let mut roles = vec![RoleName::site("member")];
    roles.extend(["organization-member", "organization-workspace-access"].map(|r| RoleName::organization(r, org)));
    roles.extend_from_slice(extra);
    subject(&roles)
}

#[test]
fn members_reach_their_own_chats_only_with_agents_access() {
    let (me, other, org) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(10));
    let plain = member(&[]);
    let agent = member(&[RoleName::organization("agents-access", org)]);
    assert!(!plain.can(Action::Read, &Object::chat(me, org)));
    assert!(agent.can(Action::Read, &Object::chat(me, org)));
    assert!(agent.can(Action::Create, &Object::chat(me, org)));
    assert!(!agent.can(Action::Delete, &Object::chat(me, org)));
    assert!(!agent.can(Action::Read, &Object::chat(other, org)));
    assert!(!agent.can(Action::Read, &Object::chat(me, Uuid::from_u128(11))));
}

#[test]
fn grants_on_the_object_need_no_role() {
    let (other, org) = (Uuid::from_u128(2), Uuid::from_u128(10));
    let shared = Object::chat(other, org).with_acl_user(Uuid::from_u128(1), vec![Action::Read]);
    assert!(member(&[]).can(Action::Read, &shared));
    assert!(!member(&[]).can(Action::Update, &shared));
    let everyone = Object::chat(other, org).with_acl_group(org, vec![Action::Read]);
    assert!(member(&[]).can(Action::Read, &everyone));
    assert!(!subject(&[RoleName::site("member")]).can(Action::Read, &everyone));
}

#[test]
fn a_ban_in_the_organization_beats_what_members_may() {
    let org = Uuid::from_u128(10);
    let workspace = Object::new(Resource::Workspace).with_owner(Uuid::from_u128(1)).in_org(org);
    assert!(member(&[]).can(Action::Create, &workspace));
    let banned = member(&[RoleName::organization("organization-workspace-creation-ban", org)]);
    assert!(!banned.can(Action::Create, &workspace));
    assert!(banned.can(Action::Read, &workspace));
}

#[test]
fn owners_reach_all_but_secrets() {
    let owner = subject(&[RoleName::site("owner"), RoleName::site("member")]);
    let other = Uuid::from_u128(2);
    assert!(owner.can(Action::Delete, &Object::user(other)));
    assert!(owner.can(Action::Update, &Object::deployment_config()));
    assert!(!owner.can(Action::Read, &Object::new(Resource::UserSecret).with_owner(other)));
    assert!(owner.can(Action::Read, &Object::new(Resource::UserSecret).with_owner(Uuid::from_u128(1))));
}

#[test]
fn any_organization_takes_the_best_vote() {
    let org = Uuid::from_u128(10);
    let object = Object::new(Resource::Template).any_organization();
    assert!(!member(&[]).can(Action::Create, &object));
    let admin = member(&[RoleName::organization("organization-template-admin", org)]);
    assert!(admin.can(Action::Create, &object));
}

#[test]
fn scopes_and_allow_lists_narrow_what_roles_allow() {
    let mut owner = subject(&[RoleName::site("owner")]);
    let everything = || vec![AllowListEntry::parse("*:*").unwrap()];
    owner.scopes = Scopes::new(["user:read"], everything());
    assert!(owner.can(Action::Read, &Object::user(Uuid::from_u128(5))));
    assert!(!owner.can(Action::Update, &Object::user(Uuid::from_u128(5))));
    owner.scopes =
        Scopes::new(["coder:all"], vec![AllowListEntry::parse(&format!("user:{}", Uuid::from_u128(5))).unwrap()]);
    assert!(owner.can(Action::Read, &Object::user(Uuid::from_u128(5))));
    assert!(!owner.can(Action::Read, &Object::user(Uuid::from_u128(6))));
    assert!(!owner.can(Action::Read, &Object::new(Resource::User)));
}

#[test]
fn every_external_scope_grants_something() {
    for name in external_scope_names() {
        assert!(!Scopes::new([*name], Vec::new()).grants.is_empty(), "{name}");
    }
}

#[test]
fn role_names_are_read_strictly() {
    assert_eq!("owner".parse(), Ok(RoleName::site("owner")));
    assert!("a:b:c".parse::<RoleName>().is_err() && "".parse::<RoleName>().is_err());
    assert!("x:zz".parse::<RoleName>().is_err());
}
