//! One module for each command: what it asks the gateway or the file, and what it prints.

pub(crate) mod applied;
pub(crate) mod auth;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod dashboard;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod gateway;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod logs;
pub(crate) mod path_test;
pub(crate) mod qr;
pub(crate) mod security;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod tunnel;
pub(crate) mod why;
