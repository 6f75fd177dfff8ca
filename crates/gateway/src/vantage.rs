//! How the commands in this gateway's words are typed on its host.
//!
//! A client is told the profile and what the compose file states: without them the command would not work. What was
//! guessed from the host name is the container's id; it is for those only who could look it up anyway, the owner's
//! log and journal (rulings 32 and 35).

use openclaw_config::env::Env;
use openclaw_config::paths::Paths;
use openclaw_os::container;
use openclaw_protocol::refusal::{Caller, Vantage};

/// The two ways.
#[derive(Debug, Clone)]
pub struct Vantages {
    /// In frames, to whoever connects.
    pub client: Vantage,
    /// In the log and the journal.
    pub owner: Vantage,
    /// For commands that are typed on the host of the gateway, by whoever reads what the owner reads.
    pub host: Vantage,
}

impl Vantages {
    /// Of a gateway with these paths and variables, on a machine of that name.
    pub fn new(paths: &Paths, env: &Env, in_container: bool, hostname: &str) -> Self {
        let stated = env.get(container::PREFIX_VARIABLE);
        let container =
            |hostname: &str| in_container.then(|| Vantage::container_prefix(stated, hostname)).flatten();
        let seen_by = |hostname: &str| {
            let container = container(hostname);
            Vantage::of_client(Caller { profile: paths.profile.clone(), container })
        };
        let host =
            Vantage { profile: paths.profile.clone(), container: container(hostname), ..Vantage::default() };
        Self { client: seen_by(""), owner: seen_by(hostname), host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(variables: &[(&str, &str)], in_container: bool) -> [String; 2] {
        let env = Env::from_pairs(variables.iter().copied());
        let paths = openclaw_config::paths::resolve(&env, &openclaw_config::paths::Flags::default()).unwrap();
        let both = Vantages::new(&paths, &env, in_container, "0f3a9c1e22bd");
        [both.client, both.owner].map(|vantage| vantage.on_gateway("devices list"))
    }

    #[test]
    fn strangers_do_not_learn_the_containers_id() {
        let home = ("HOME", "/h");
        let plain = "openclaw devices list";
        let guessed = "docker exec 0f3a9c1e22bd openclaw devices list";
        assert_eq!(commands(&[home], false), [plain, plain]);
        assert_eq!(commands(&[home], true), [plain, guessed]);
        let stated = (container::PREFIX_VARIABLE, "docker compose exec gw");
        let said = "docker compose exec gw openclaw devices list";
        assert_eq!(commands(&[home, stated], true), [said, said]);
        // Outside of a container the variable is left over from somewhere.
        assert_eq!(commands(&[home, stated], false), [plain, plain]);
        let profile = "openclaw --profile work devices list";
        assert_eq!(commands(&[home, ("OPENCLAW_PROFILE", "work")], false), [profile, profile]);
    }
}
