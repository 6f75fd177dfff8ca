//! The gateway client: which gateway is meant, who we are, how to get in, and requests and events once inside.
//!
//! Used by the CLI, the terminal UI, the node host, doctor and tests. It speaks protocols 3 and 4 to our gateway and to
//! the originals, over TCP, TLS and the owner socket, and it prints nothing: [`ConnectError`] says in words what
//! happened.
//!
//! | module | owns |
//! | --- | --- |
//! | [`target`], [`owner_socket`] | where the gateway is, and who said so |
//! | [`credentials`], [`identity`], [`device_auth`] | the secrets, and which of them goes where |
//! | [`client`], [`hello`] | an open connection |
//! | [`error`], [`explain`] | what went wrong, and the way out |
//! | [`path_test`] | the way to a gateway, hop by hop |
//! | [`reconnect`] | when to try again |

pub mod client;
pub mod credentials;
pub mod device_auth;
pub mod error;
pub mod explain;
pub mod hello;
pub mod identity;
pub mod owner_socket;
pub mod path_test;
pub mod reconnect;
pub mod target;
pub mod tls;

mod auth;
mod connect;
mod transport;

pub use auth::Sent;
pub use client::{Client, Event, Events, Received, RequestError};
pub use connect::{ConnectOptions, DEFAULT_TIMEOUT, Device};
pub use credentials::{CredentialInputs, Credentials, CredentialsError, SecretSource};
pub use device_auth::{DeviceAuth, StoredToken};
pub use error::{Applicant, Cause, ConnectError, Phase, Refused};
pub use hello::Hello;
pub use identity::{Identity, IdentityError};
pub use owner_socket::OwnerSocket;
pub use reconnect::{Backoff, Verdict};
pub use target::{Endpoint, GatewayUrl, PlainReach, Target, TargetError, TargetInputs, UrlSource};
pub use tls::{Fingerprint, TlsFault};
