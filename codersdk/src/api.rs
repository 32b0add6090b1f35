//! Traits of the API's areas: one form for all.

/// Defines the trait of an area: object safe, every method with a default body that answers
/// [`unsupported`](crate::Error::unsupported), so that a hand-written implementation has only what it needs and a new
/// method breaks nobody; with feature `mock`, a mock made by mockall (`MockUsersApi` for `UsersApi`).
///
/// ```ignore
/// api_trait! {
///     /// Users.
///     pub trait UsersApi {
///         /// A user by name, id or `me`. `GET /api/v2/users/{user}`.
///         ///
///         /// # Errors
///         /// …
///         async fn user(&self, user: &str) -> User;
///     }
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! api_trait {
    (
        $(#[$meta:meta])*
        pub trait $name:ident {
            $(
                $(#[$method_meta:meta])*
                async fn $method:ident(&self $(, $($args:tt)*)?) $(-> $out:ty)?;
            )*
        }
    ) => {
        $(#[$meta])*
        #[cfg_attr(feature = "mock", mockall::automock)]
        #[$crate::__private::async_trait]
        #[allow(missing_debug_implementations, unused_parens, unused_variables, reason = "made by a macro; default bodies use nothing")]
        pub trait $name: Send + Sync {
            $(
                $(#[$method_meta])*
                async fn $method(&self $(, $($args)*)?) -> $crate::Result<($($out)?)> {
                    Err($crate::Error::unsupported(concat!(stringify!($name), "::", stringify!($method))))
                }
            )*
        }
    };
}
