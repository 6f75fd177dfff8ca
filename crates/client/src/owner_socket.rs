//! Where the gateway's owner socket is, and whether its server may be believed (ruling 28).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use openclaw_os::file::Owners;
use openclaw_os::owner_socket::{in_state_dir, in_tmp};

/// The owner socket of one gateway, as a client looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerSocket {
    /// Where it may be, in order.
    pub paths: Vec<PathBuf>,
    /// Whose process may stand behind it: this uid, root and, for root, the owner of the state directory.
    servers: Owners,
}

impl OwnerSocket {
    /// The socket of the gateway with this state directory: the usual place, then the temporary folders `tmps`
    /// (`/tmp` and `$TMPDIR`, which may differ between a service and a terminal).
    pub fn of(state_dir: &Path, tmps: &[PathBuf]) -> OwnerSocket {
        // The gateway's uid, also when the client is root and the gateway is not.
        let uid =
            std::fs::metadata(state_dir).map_or_else(|_| openclaw_os::peer::own_uid(), |meta| meta.uid());
        let mut paths: Vec<PathBuf> = in_state_dir(state_dir).into_iter().collect();
        for tmp in tmps {
            let path = in_tmp(tmp, uid, state_dir);
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        OwnerSocket { paths, servers: Owners::of_state(state_dir) }
    }

    /// Whether a process of this uid may be sent the owner's commands. Never an account that this user namespace
    /// cannot name, nor anybody when we are such an account ourselves.
    pub fn may_be_served_by(&self, uid: u32) -> bool {
        let overflow = openclaw_os::peer::overflow_uid();
        uid != overflow && openclaw_os::peer::own_uid() != overflow && self.servers.trusts(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_place_first_unless_it_is_too_long() {
        let state = Path::new("/home/u/.openclaw");
        let tmps = [PathBuf::from("/tmp"), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
        let paths = OwnerSocket::of(state, &tmps).paths;
        assert_eq!(paths[0], Path::new("/home/u/.openclaw/gateway.sock"));
        assert_eq!(paths.len(), 3);
        let other = in_tmp(Path::new("/tmp"), 1000, state);
        assert!(other.to_str().unwrap().starts_with("/tmp/openclaw-1000/"), "{other:?}");
        assert_eq!(other.file_name().unwrap().len(), 8 + ".sock".len());
        assert_ne!(other, in_tmp(Path::new("/tmp"), 1000, Path::new("/home/u/.openclaw-work")));
        let long = PathBuf::from(format!("/{}", "x".repeat(200)));
        assert_eq!(in_state_dir(&long), None);
        assert_eq!(OwnerSocket::of(&long, &tmps).paths.len(), 2);
    }

    #[test]
    fn a_link_to_the_state_directory_leads_to_the_same_socket() {
        let root = tempfile::tempdir().unwrap();
        let real = root.path().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let tmp = Path::new("/tmp");
        assert_eq!(in_tmp(tmp, 1, &real), in_tmp(tmp, 1, &link));
    }

    #[test]
    fn strangers_do_not_serve() {
        let root = tempfile::tempdir().unwrap();
        let socket = OwnerSocket::of(root.path(), &[]);
        let own = openclaw_os::peer::own_uid();
        assert!(socket.may_be_served_by(own));
        assert!(socket.may_be_served_by(0));
        assert!(!socket.may_be_served_by(openclaw_os::peer::overflow_uid()));
        assert!(!socket.may_be_served_by(own + 4711));
    }
}
