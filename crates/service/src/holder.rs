//! Who holds a port, from what the system shows to what the catalogue of refusals tells.

use openclaw_os::port_owner::Holder;
use openclaw_protocol::refusal::PortHolder;
use openclaw_protocol::words::Words;

/// The holder as the catalogue wants to know it (C-18). Whether it is this gateway itself is for the caller to say.
pub fn described(holder: &Holder) -> PortHolder {
    PortHolder {
        pid: holder.pid,
        program: holder.name.as_deref().map(Words::new),
        version: holder.version.as_deref().map(Words::new),
        unit: holder.unit.clone(),
        system_unit: holder.is_in_system_unit(),
        former: holder.is_former(),
        ours: false,
    }
}
