//! `node.*`: the machines that lend themselves to the gateway (auth-and-pairing §4.7).
//!
//! A node is a paired device with the role `node`, and waits in the same list as every device. What it declares to be
//! able to do is shown and not approved: approving and using it is not part of this version, and the methods say so.

mod list;
mod pair;

use super::Methods;

pub(super) fn methods() -> Methods {
    let mut methods = list::methods();
    methods.extend(pair::methods());
    methods
}
