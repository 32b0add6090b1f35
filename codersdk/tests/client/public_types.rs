//! What every public type promises.

use codersdk::*;
use static_assertions::{assert_impl_all, assert_obj_safe};

/// What streams and uploads promise: they can move to another task. Only one task can read one.
macro_rules! movable {
    ($($name:ty),* $(,)?) => {
        $(assert_impl_all!($name: Send, Unpin);)*
    };
}

movable!(ChatFileUpload, JsonSocket<User>, WebSocket);

/// What every other public type promises: it can move to another task, and be shared by tasks.
macro_rules! sendable {
    ($($name:ty),* $(,)?) => {
        $(assert_impl_all!($name: Send, Sync);)*
    };
}

sendable!(
    Attempt<'static>,
    EventStream<User>,
    Nullable<Vec<User>>,
    ServerSentEventReader<Download>,
    names::NameError,
    ssh_config::SshConfigError,
    AdvisorConfig,
    AgentChatSendShortcut,
    AgentDisplayMode,
    AgentSubsystem,
    AiProvider,
    AiProviderBedrockSettings,
    AiProviderKey,
    AiProviderKeyMutation,
    AiProviderSettings,
    AiProviderSummary,
    AiProviderType,
    ApiAllowListTarget,
    ApiKey,
    ApiKeyScope,
    ApiKeyWithOwner,
    AssignableRoles,
    AuthMethod,
    AuthMethods,
    AuthorizationCheck,
    AuthorizationObject,
    AuthorizationRequest,
    AutomaticUpdates,
    BannerConfig,
    BuildInfoResponse,
    BuildReason,
    CancelHandle,
    ChangePasswordWithOneTimePasscodeRequest,
    Chat,
    ChatAcl,
    ChatAttachmentMediaType,
    ChatAutoArchiveDaysResponse,
    ChatBusyBehavior,
    ChatClientType,
    ChatComputerUseProviderResponse,
    ChatConfig,
    ChatContext,
    ChatContextFilePart,
    ChatContextResource,
    ChatContextResourceKind,
    ChatContextResourceStatus,
    ChatContextTool,
    ChatCostChatBreakdown,
    ChatCostModelBreakdown,
    ChatCostSummary,
    ChatCostSummaryOptions,
    ChatCostUserRollup,
    ChatCostUsersOptions,
    ChatCostUsersResponse,
    ChatDebugLoggingAdminSettings,
    ChatDebugRetentionDaysResponse,
    ChatDebugRun,
    ChatDebugRunKind,
    ChatDebugRunSummary,
    ChatDebugStatus,
    ChatDebugStep,
    ChatDebugStepOperation,
    ChatDesktopEnabledResponse,
    ChatDiffContents,
    ChatDiffStatus,
    ChatError,
    ChatErrorKind,
    ChatFile,
    ChatFileMetadata,
    ChatFilePart,
    ChatFileReferencePart,
    ChatGitChange,
    ChatGroup,
    ChatInputFile,
    ChatInputPart,
    ChatInputPartType,
    ChatInputText,
    ChatList,
    ChatListChange,
    ChatListSource,
    ChatListWatcher,
    ChatMessage,
    ChatMessagePart,
    ChatMessagePartType,
    ChatMessageRole,
    ChatMessageUsage,
    ChatMessagesPaginationOptions,
    ChatMessagesResponse,
    ChatModel,
    ChatModelAnthropicProviderOptions,
    ChatModelAnthropicThinkingOptions,
    ChatModelCallConfig,
    ChatModelConfig,
    ChatModelGoogleProviderOptions,
    ChatModelGoogleSafetySetting,
    ChatModelGoogleThinkingConfig,
    ChatModelOpenAiCompatProviderOptions,
    ChatModelOpenAiConfig,
    ChatModelOpenAiProviderOptions,
    ChatModelOpenRouterProvider,
    ChatModelOpenRouterProviderOptions,
    ChatModelOverrideContext,
    ChatModelOverrideResponse,
    ChatModelProvider,
    ChatModelProviderOptions,
    ChatModelProviderUnavailableReason,
    ChatModelReasoningEffortConfig,
    ChatModelReasoningOptions,
    ChatModelVercelGatewayProviderOptions,
    ChatModelVercelProviderOptions,
    ChatModelsResponse,
    ChatPartsSelection,
    ChatPersonalModelOverride,
    ChatPersonalModelOverrideContext,
    ChatPersonalModelOverrideDeploymentDefaults,
    ChatPersonalModelOverrideMode,
    ChatPersonalModelOverridesAdminSettings,
    ChatPlanMode,
    ChatPlanModeInstructionsResponse,
    ChatPreview,
    ChatPreviewBlock,
    ChatPreviewToolCall,
    ChatPreviewToolResult,
    ChatPrompt,
    ChatPromptsOptions,
    ChatPromptsResponse,
    ChatProviderConfig,
    ChatProviderConfigSource,
    ChatQueuedMessage,
    ChatReasoningPart,
    ChatRetentionDaysResponse,
    ChatRole,
    ChatRun,
    ChatRunEvent,
    ChatRunOutcome,
    ChatSkillPart,
    ChatSourcePart,
    ChatStatus,
    ChatStream,
    ChatStreamActionRequired,
    ChatStreamBuilder,
    ChatStreamEvent,
    ChatStreamEventType,
    ChatStreamItem,
    ChatStreamMessagePart,
    ChatStreamRetry,
    ChatStreamStatus,
    ChatStreamToolCall,
    ChatSystemPromptResponse,
    ChatTemplateAllowlist,
    ChatTextPart,
    ChatToolCallPart,
    ChatToolResultPart,
    ChatUnsupportedProvider,
    ChatUsageLimitConfig,
    ChatUsageLimitConfigResponse,
    ChatUsageLimitExceededResponse,
    ChatUsageLimitGroupOverride,
    ChatUsageLimitOverride,
    ChatUsageLimitPeriod,
    ChatUsageLimitStatus,
    ChatUser,
    ChatWatch,
    ChatWatchBuilder,
    ChatWatchEvent,
    ChatWatchEventKind,
    ChatWatchItem,
    ChatWorkspaceTtlResponse,
    Client,
    ClientBuilder,
    CloseReason,
    ConvertLoginRequest,
    CorsBehavior,
    CreateAiProviderRequest,
    CreateChatMessageRequest,
    CreateChatMessageResponse,
    CreateChatModelConfigRequest,
    CreateChatProviderConfigRequest,
    CreateChatRequest,
    CreateFirstUserOnboardingInfo,
    CreateFirstUserRequest,
    CreateFirstUserResponse,
    CreateFirstUserTrialInfo,
    CreateMcpServerConfigRequest,
    CreateOrganizationRequest,
    CreateTaskRequest,
    CreateTokenRequest,
    CreateUserAiProviderKeyRequest,
    CreateUserChatProviderKeyRequest,
    CreateUserRequest,
    CreateUserRequestWithOrgs,
    CreateUserSkillRequest,
    CreateWorkspaceBuildReason,
    CreateWorkspaceBuildRequest,
    CreateWorkspaceRequest,
    CustomRoleRequest,
    DerpHomeParams,
    DerpMap,
    DerpNode,
    DerpRegion,
    DerpRegionLatency,
    DisplayApp,
    Download,
    DynamicTool,
    DynamicToolCall,
    DynamicToolDefinition,
    DynamicToolResponse,
    EditChatMessageRequest,
    EditChatMessageResponse,
    Error,
    GenerateApiKeyResponse,
    GetUsersResponse,
    GithubAuthMethod,
    GroupSource,
    Healthcheck,
    InvalidWeekday,
    JobErrorCode,
    ListChatsOptions,
    LogLevel,
    LogSource,
    LoginType,
    LoginWithPasswordRequest,
    LoginWithPasswordResponse,
    MatchedProvisioners,
    McpServerAuthType,
    McpServerAvailability,
    McpServerConfig,
    McpServerTransport,
    Message,
    MinimalUser,
    ModelCostConfig,
    NoArgs,
    OAuthConversionResponse,
    OidcAuthMethod,
    OidcClaimsResponse,
    Organization,
    OrganizationMember,
    OrganizationMemberWithUserData,
    OrganizationMembersQuery,
    PaginatedMembersResponse,
    Pagination,
    ParseAllowListError,
    ParseDurationError,
    PauseTaskResponse,
    Permission,
    ProposeChatTitleResponse,
    ProvisionerJob,
    ProvisionerJobInput,
    ProvisionerJobLog,
    ProvisionerJobMetadata,
    ProvisionerJobStatus,
    ProvisionerJobType,
    ProvisionerLogLevel,
    ProvisionerType,
    PutExtendWorkspaceRequest,
    RawJson,
    RbacAction,
    RbacResource,
    Reconnect,
    ReducedUser,
    RequestOneTimePasscodeRequest,
    Response,
    ResumeTaskResponse,
    RetryPolicy,
    Role,
    ServerSentEvent,
    ServerSentEventType,
    SharedWorkspaceActor,
    SharedWorkspaceActorType,
    SlimRole,
    StreamChatOptions,
    SubmitToolResultsRequest,
    Task,
    TaskLogEntry,
    TaskLogType,
    TaskLogsResponse,
    TaskSendRequest,
    TaskState,
    TaskStateEntry,
    TaskStatus,
    TasksFilter,
    TasksListResponse,
    Template,
    TemplateAutostartRequirement,
    TemplateAutostopRequirement,
    TemplateFilter,
    TemplateVersion,
    TemplateVersionWarning,
    TerminalFontName,
    ThemeMode,
    ThinkingDisplayMode,
    TokenConfig,
    TokensFilter,
    ToolCallContext,
    ToolResult,
    ToolRunner,
    Transcript,
    TransitionStats,
    UnknownChatInputPart,
    UnknownChatPart,
    UnknownChatStreamEvent,
    UnknownReason,
    UpdateAiProviderRequest,
    UpdateChatAcl,
    UpdateChatAutoArchiveDaysRequest,
    UpdateChatComputerUseProviderRequest,
    UpdateChatDebugLoggingAllowUsersRequest,
    UpdateChatDebugRetentionDaysRequest,
    UpdateChatDesktopEnabledRequest,
    UpdateChatModelConfigRequest,
    UpdateChatModelOverrideRequest,
    UpdateChatPersonalModelOverridesAdminSettingsRequest,
    UpdateChatPlanModeInstructionsRequest,
    UpdateChatProviderConfigRequest,
    UpdateChatRequest,
    UpdateChatRetentionDaysRequest,
    UpdateChatSystemPromptRequest,
    UpdateChatWorkspaceTtlRequest,
    UpdateMcpServerConfigRequest,
    UpdateOrganizationRequest,
    UpdateRoles,
    UpdateTaskInputRequest,
    UpdateUserAppearanceSettingsRequest,
    UpdateUserChatCompactionThresholdRequest,
    UpdateUserChatDebugLoggingRequest,
    UpdateUserChatPersonalModelOverrideRequest,
    UpdateUserPasswordRequest,
    UpdateUserPreferenceSettingsRequest,
    UpdateUserProfileRequest,
    UpdateUserQuietHoursScheduleRequest,
    UpdateUserSkillRequest,
    UpdateWorkspaceAutomaticUpdatesRequest,
    UpdateWorkspaceAutostartRequest,
    UpdateWorkspaceDormancy,
    UpdateWorkspaceRequest,
    UpdateWorkspaceTtlRequest,
    UploadChatFileResponse,
    UpsertChatUsageLimitGroupOverrideRequest,
    UpsertChatUsageLimitOverrideRequest,
    User,
    UserAiProviderKeyConfig,
    UserAppearanceSettings,
    UserChatCompactionThreshold,
    UserChatCompactionThresholds,
    UserChatCustomPrompt,
    UserChatDebugLoggingSettings,
    UserChatPersonalModelOverridesResponse,
    UserChatProviderConfig,
    UserParameter,
    UserPreferenceSettings,
    UserQuietHoursScheduleResponse,
    UserRoles,
    UserSkill,
    UserSkillMetadata,
    UserStatus,
    UsersRequest,
    ValidateUserPasswordRequest,
    ValidateUserPasswordResponse,
    ValidationError,
    Workspace,
    WorkspaceAgent,
    WorkspaceAgentContainer,
    WorkspaceAgentContainerPort,
    WorkspaceAgentDevcontainer,
    WorkspaceAgentDevcontainerAgent,
    WorkspaceAgentDevcontainerStatus,
    WorkspaceAgentGitClientMessage,
    WorkspaceAgentGitClientMessageType,
    WorkspaceAgentGitServerMessage,
    WorkspaceAgentGitServerMessageType,
    WorkspaceAgentHealth,
    WorkspaceAgentLifecycle,
    WorkspaceAgentListContainersResponse,
    WorkspaceAgentListeningPort,
    WorkspaceAgentListeningPortsResponse,
    WorkspaceAgentLog,
    WorkspaceAgentLogSource,
    WorkspaceAgentMetadata,
    WorkspaceAgentMetadataDescription,
    WorkspaceAgentMetadataResult,
    WorkspaceAgentPortShareLevel,
    WorkspaceAgentRepoChanges,
    WorkspaceAgentScript,
    WorkspaceAgentScriptStatus,
    WorkspaceAgentStartupScriptBehavior,
    WorkspaceAgentStatus,
    WorkspaceApp,
    WorkspaceAppHealth,
    WorkspaceAppOpenIn,
    WorkspaceAppSharingLevel,
    WorkspaceAppStatus,
    WorkspaceAppStatusState,
    WorkspaceBuild,
    WorkspaceBuildParameter,
    WorkspaceFilter,
    WorkspaceHealth,
    WorkspaceResource,
    WorkspaceResourceMetadata,
    WorkspaceRole,
    WorkspaceStatus,
    WorkspaceTransition,
    WorkspacesResponse,
);

assert_impl_all!(Client: Clone, std::fmt::Debug);
assert_impl_all!(Error: std::error::Error);
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
assert_impl_all!(names::NameError: Clone, std::error::Error);

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

/// Types that only the sister crates see: they are no promise.
const HIDDEN: &[&str] =
    &["Answer", "Body", "Handshake", "Kind", "Redacted", "Request", "RequestParts", "Root", "SocketLimits"];

/// No public type is left out above.
#[test]
fn every_public_type_is_listed() {
    let here = include_str!("public_types.rs");
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut missing = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let types = text.lines().filter_map(|line| {
                let line = line.trim_start();
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))
            });
            for name in types.map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("")) {
                let listed =
                    HIDDEN.contains(&name) || here.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
                // `$name` of a macro has no name of its own.
                if !listed && !name.is_empty() {
                    missing.push(format!("{name} of {}", path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
