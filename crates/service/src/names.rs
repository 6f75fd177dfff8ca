//! What the service of a gateway is called (cli spec §15.1).

use openclaw_config::Env;
use openclaw_protocol::refusal::Os;

/// The names of one gateway's service, one for each kind of supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// `openclaw-gateway.service`, `openclaw-gateway-work.service`.
    pub systemd_unit: String,
    /// `ai.openclaw.gateway`, `ai.openclaw.work`.
    pub launchd_label: String,
    /// `OpenClaw Gateway`, `OpenClaw Gateway (work)`.
    pub windows_task: String,
}

impl Names {
    /// The names under a profile (`None` or `default`: none). `OPENCLAW_SYSTEMD_UNIT`, `OPENCLAW_LAUNCHD_LABEL` and
    /// `OPENCLAW_WINDOWS_TASK_NAME` override; a value that could not be such a name is ignored.
    #[must_use]
    pub fn of(profile: Option<&str>, env: &Env) -> Self {
        let profile = profile.filter(|name| !name.eq_ignore_ascii_case("default"));
        let given = |name: &str| env.get(name).map(str::trim).filter(|text| is_name(text));
        let unit = given("OPENCLAW_SYSTEMD_UNIT").map(|unit| match unit.ends_with(".service") {
            true => unit.to_owned(),
            false => format!("{unit}.service"),
        });
        let task = env.get("OPENCLAW_WINDOWS_TASK_NAME").map(str::trim).map(str::to_owned);
        Self {
            systemd_unit: unit.unwrap_or_else(|| match profile {
                Some(profile) => format!("openclaw-gateway-{profile}.service"),
                None => "openclaw-gateway.service".to_owned(),
            }),
            launchd_label: given("OPENCLAW_LAUNCHD_LABEL")
                .map_or_else(|| format!("ai.openclaw.{}", profile.unwrap_or("gateway")), str::to_owned),
            windows_task: task.unwrap_or_else(|| match profile {
                Some(profile) => format!("OpenClaw Gateway ({profile})"),
                None => "OpenClaw Gateway".to_owned(),
            }),
        }
    }

    /// The name that the supervisor of this system goes by.
    #[must_use]
    pub fn on(&self, os: Os) -> &str {
        match os {
            Os::Linux => &self.systemd_unit,
            Os::MacOs => &self.launchd_label,
            Os::Windows => &self.windows_task,
        }
    }
}

/// A unit or label name: no path, no option, nothing for a shell.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_profile() {
        let none = Env::default();
        let plain = Names::of(None, &none);
        assert_eq!(plain.systemd_unit, "openclaw-gateway.service");
        assert_eq!(plain.launchd_label, "ai.openclaw.gateway");
        assert_eq!(plain.windows_task, "OpenClaw Gateway");
        assert_eq!(Names::of(Some("default"), &none), plain);
        let work = Names::of(Some("work"), &none);
        assert_eq!(work.on(Os::Linux), "openclaw-gateway-work.service");
        assert_eq!(work.on(Os::MacOs), "ai.openclaw.work");
        assert_eq!(work.on(Os::Windows), "OpenClaw Gateway (work)");
    }

    #[test]
    fn overrides_that_are_names_win() {
        for (given, unit) in [
            ("my-gateway", "my-gateway.service"),
            ("my-gateway.service", "my-gateway.service"),
            ("../../etc/x", "openclaw-gateway.service"),
            ("-x", "openclaw-gateway.service"),
            ("a b", "openclaw-gateway.service"),
            ("", "openclaw-gateway.service"),
        ] {
            let env = Env::from_pairs([("OPENCLAW_SYSTEMD_UNIT", given)]);
            assert_eq!(Names::of(None, &env).systemd_unit, unit, "{given:?}");
        }
        let env = Env::from_pairs([("OPENCLAW_LAUNCHD_LABEL", "org.example.gw")]);
        assert_eq!(Names::of(Some("work"), &env).launchd_label, "org.example.gw");
    }
}
