//! What every public type promises.

use codersdk::*;
use static_assertions::{assert_impl_all, assert_obj_safe};

assert_impl_all!(Client: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Error: Send, Sync, std::error::Error);
assert_impl_all!(ClientBuilder: Send, Sync);
assert_impl_all!(RetryPolicy: Clone, Send, Sync);
assert_impl_all!(Pagination: Copy, Send, Sync);
assert_impl_all!(Download: Send, Sync, Unpin);
assert_impl_all!(WebSocket: Send, Unpin);
assert_impl_all!(JsonSocket<User>: Send, Unpin);
assert_impl_all!(EventStream<User>: Send, Sync, Unpin);
assert_impl_all!(ChatStream: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(ChatStreamBuilder: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatStreamItem: Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatWatch: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(ChatWatchBuilder: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatWatchItem: Send, Sync, std::fmt::Debug);
assert_impl_all!(Reconnect: Clone, Send, Sync, Default, std::fmt::Debug);
assert_impl_all!(Transcript: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatPreview: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatList: Clone, Send, Sync, Default, std::fmt::Debug);
assert_impl_all!(ChatListWatcher: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(DynamicTool: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ToolRunner: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatRun: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(ChatRunEvent: Send, Sync, std::fmt::Debug);
assert_impl_all!(ChatRunOutcome: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(CancelHandle: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ServerSentEvent: Clone, Send, Sync);
assert_impl_all!(Message: Clone, Send, Sync);
assert_impl_all!(CloseReason: Clone, Send, Sync);
assert_impl_all!(names::NameError: Clone, Send, Sync, std::error::Error);

assert_obj_safe!(ApiKeysApi, AuthApi, BuildInfoApi, OrganizationsApi, RolesApi, UsersApi);

macro_rules! wire_types {
    ($($name:ty),* $(,)?) => {
        $(assert_impl_all!($name: Clone, PartialEq, Default, std::fmt::Debug, Send, Sync,
            serde::Serialize, serde::de::DeserializeOwned);)*
    };
}

wire_types!(
    ApiAllowListTarget,
    ApiKey,
    ApiKeyScope,
    ApiKeyWithOwner,
    AssignableRoles,
    AuthMethods,
    AuthorizationRequest,
    BuildInfoResponse,
    CreateFirstUserRequest,
    CreateFirstUserResponse,
    CreateOrganizationRequest,
    CreateTokenRequest,
    CreateUserRequest,
    CreateUserRequestWithOrgs,
    CustomRoleRequest,
    GenerateApiKeyResponse,
    GetUsersResponse,
    LoginType,
    LoginWithPasswordRequest,
    LoginWithPasswordResponse,
    Organization,
    OrganizationMember,
    OrganizationMemberWithUserData,
    PaginatedMembersResponse,
    Permission,
    RbacAction,
    RbacResource,
    ReducedUser,
    Response,
    Role,
    SlimRole,
    TokenConfig,
    UpdateOrganizationRequest,
    UpdateRoles,
    User,
    UserAppearanceSettings,
    UserPreferenceSettings,
    UserRoles,
    UserStatus,
    ValidationError,
);

/// Streams can move to another task, and so can the calls.
#[test]
fn calls_can_be_spawned() {
    fn is_spawnable<T: Send + 'static>(_: impl FnOnce(Client) -> T) {}
    is_spawnable(|client| async move { client.user("me").await.map(drop) });
    is_spawnable(|client| async move { client.events::<User>("/x").await.map(drop) });
}

/// A fake implements only what it needs.
#[tokio::test]
async fn default_bodies_say_that_the_call_is_not_offered() {
    struct Fake;
    #[async_trait::async_trait]
    impl UsersApi for Fake {
        async fn user(&self, user: &str) -> Result<User> {
            Ok(User { username: user.to_owned(), ..User::default() })
        }
    }
    let fake: Box<dyn UsersApi> = Box::new(Fake);
    assert_eq!(fake.user("a").await.unwrap().username, "a");
    let error = fake.user_roles("a").await.unwrap_err();
    assert!(error.is_unsupported());
    assert_eq!(error.to_string(), "UsersApi::user_roles is not supported here");
}

#[cfg(feature = "mock")]
#[tokio::test]
async fn mocks_answer_what_they_are_told() {
    let mut mock = MockUsersApi::new();
    mock.expect_user().returning(|_| Err(Error::api(404, "nobody")));
    assert!(mock.user("a").await.unwrap_err().is_not_found());
}
