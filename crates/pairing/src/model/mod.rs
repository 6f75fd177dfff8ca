//! The values pairing is about, without any I/O: devices, waiting requests, codes, and the snapshot that holds them.

mod again;
mod ask;
mod authority;
mod change;
mod code;
mod device;
mod lookup;
mod mutation;
mod need;
mod peer;
mod rejected;
mod request;
mod roles;
mod snapshot;
mod stored;

pub use ask::{Ask, Seen};
pub use authority::CallerAuthority;
pub use change::{Change, Decision, SetAside};
pub use code::{Code, CodeHash, CodeKind, MAX_CODE_TTL_MS, NewCode};
pub use device::{ApprovedVia, Device, Grant, Narrowed, Removed, TokenRecord, Tombstone, Widening};
pub use lookup::{PREFIX_OFF_TERMINAL, PREFIX_ON_TERMINAL, Resolved};
pub(crate) use mutation::Touched;
pub use mutation::{Applied, Mutation, Outcome};
pub(crate) use need::machine_changes;
pub use need::{MetadataChange, Need, need};
pub use peer::{Network, PeerKey};
pub use rejected::Rejected;
pub(crate) use request::class;
pub use request::{Asked, Broadened, Fate, Former, REQUEST_TTL_MS, Request, RequestKind, Shown};
pub use roles::Roles;
pub(crate) use roles::scopes_of_role;
pub(crate) use snapshot::MAX_UNDOABLE;
pub use snapshot::{Latch, MAX_FORMER, MAX_WAITING, MAX_WAITING_PER_ADDRESS, Snapshot};
pub(crate) use stored::base64url;
