//! `Debug` without secrets.

use std::fmt;

/// What stands for a secret.
pub struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("REDACTED")
    }
}

/// Implements `Debug` for a struct: the fields before the semicolon are shown, those after it are not. All fields must
/// be named, so that a new one is thought about.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_without_secrets {
    ($name:ident { $($shown:ident),* $(,)?; $($secret:ident),+ $(,)? }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let Self { $($shown,)* $($secret: _,)+ } = self;
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($shown), $shown))*
                    $(.field(stringify!($secret), &$crate::__private::Redacted))+
                    .finish()
            }
        }
    };
}
