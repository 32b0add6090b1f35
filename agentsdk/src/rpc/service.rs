//! How a service's trait, client and routes are made of its methods.

/// Defines a service whose methods are all unary: its trait, object safe, with default bodies that answer
/// [`unimplemented`](super::Error::unimplemented); a client that implements it by calling the peer; the routes by which
/// a server calls an implementation; and with feature `mock`, a mock made by mockall.
macro_rules! unary_service {
    (
        $(#[$meta:meta])*
        pub trait $service:ident, client $client:ident, routes $routes:ident, package $package:literal {
            $(
                $(#[$method_meta:meta])*
                async fn $method:ident($request:ident) -> $answer:tt = $rpc:literal;
            )*
        }
    ) => {
        $(#[$meta])*
        #[cfg_attr(feature = "mock", mockall::automock)]
        #[async_trait::async_trait]
        #[allow(missing_debug_implementations, unused_variables, reason = "made by a macro; default bodies use nothing")]
        pub trait $service: Send + Sync {
            $(
                $(#[$method_meta])*
                async fn $method(&self, request: $request) -> $crate::rpc::Result<$answer> {
                    Err($crate::rpc::Error::unimplemented())
                }
            )*
        }

        #[doc = concat!("[`", stringify!($service), "`] of the peer. Cheap to clone.")]
        #[derive(Debug, Clone)]
        pub struct $client {
            channel: $crate::rpc::Channel,
        }

        impl $client {
            /// Calls through `channel`.
            pub fn new(channel: $crate::rpc::Channel) -> Self {
                Self { channel }
            }
        }

        #[async_trait::async_trait]
        impl $service for $client {
            $(
                async fn $method(&self, request: $request) -> $crate::rpc::Result<$answer> {
                    self.channel.unary(concat!("/", $package, "/", $rpc), &request).await
                }
            )*
        }

        pub(crate) struct $routes(pub(crate) std::sync::Arc<dyn $service>);

        impl $crate::rpc::server::Routes for $routes {
            fn route(&self, rpc: &str) -> Option<$crate::rpc::server::Route> {
                use futures_util::FutureExt;

                let service = std::sync::Arc::clone(&self.0);
                let method = rpc.strip_prefix(concat!("/", $package, "/"))?;
                match method {
                    $(
                        $rpc => Some($crate::rpc::server::Route::Unary(Box::new(move |request| {
                            async move {
                                let request = <$request as prost::Message>::decode(request)?;
                                $crate::rpc::packets::encode(&service.$method(request).await?)
                            }
                            .boxed()
                        }))),
                    )*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use unary_service;
