//! The wire contract of the gateway: what frames look like, what a `connect` must contain, which scopes imply
//! which, and what every refusal says. No I/O, no clock of its own; time and nonces come in as parameters.
//!
//! | module | owns |
//! | --- | --- |
//! | [`frame`], [`error`], [`close`], [`event`], [`hello`] | what goes over the socket |
//! | [`connect`], [`schema`], [`dialect`] | reading the first request, in protocol 3 and protocol 4 |
//! | [`device_proof`] | keys, device ids, signatures |
//! | [`ids`], [`time`], [`role`], [`scope`], [`secret`], [`words`], [`platform`] | the small types |
//! | [`setup_code`], [`claim_code`], [`recognise`] | codes that people copy and type |
//! | [`refusal`] | the one catalogue of refusals: code, close text, sentence and fix |

pub mod claim_code;
pub mod close;
pub mod connect;
pub mod device_proof;
pub mod dialect;
pub mod error;
pub mod event;
pub mod frame;
pub mod guard;
pub mod hello;
pub mod ids;
pub mod likeness;
pub mod platform;
pub mod recognise;
pub mod refusal;
pub mod role;
pub mod schema;
pub mod scope;
pub mod secret;
pub mod setup_code;
pub mod time;
pub mod words;
