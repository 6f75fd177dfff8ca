//! Sentences and fixes of refused credentials (causes C-07 to C-13, C-15, C-27 to C-29).

use super::{AuthFailure, AuthReason};
use crate::{
    connect::ClientKind,
    recognise::Kind,
    refusal::{Cause, Help, Vantage, vantage::plain_id},
    time,
    words::Words,
};

impl AuthFailure {
    pub(in crate::refusal) fn help(&self, vantage: &Vantage) -> Help {
        let cause = self.reason.cause();
        let show = || vantage.on_gateway("gateway auth-token --show");
        match &self.reason {
            AuthReason::TokenMissing => {
                self.token_help(vantage, "The gateway expects a token and none was sent.")
            }
            AuthReason::TokenMismatch => self.mismatch_help(vantage),
            AuthReason::Placeholder => Help::new(
                cause,
                "What was sent is a placeholder, not a token: it comes from a guide, or from a listing that hides secrets. Show the real token on the gateway's host and use that.",
                show(),
            ),
            AuthReason::TokenNotConfigured => Help::new(
                cause,
                "The gateway has no token, so nobody can sign in with one. Let it make one.",
                vantage.on_gateway("doctor --generate-gateway-token"),
            ),
            AuthReason::PasswordMissing => self.password_help(vantage, "none was sent"),
            AuthReason::PasswordMismatch => self.password_help(vantage, "the one that was sent is not it"),
            AuthReason::PasswordNotConfigured => Help::new(
                cause,
                "The gateway asks for a password but has none, so nobody can sign in. Set one, or let it use a token.",
                vantage.on_gateway("config set gateway.auth.mode token"),
            ),
            AuthReason::DeviceTokenMismatch => Help::new(
                cause,
                "This device's own token is old or was withdrawn. With the gateway's token it gets a new one by itself; otherwise the owner can issue one.",
                vantage.rotate(self.device_id.as_ref(), self.role),
            ),
            AuthReason::ScopeMismatch => self.gap_help(vantage),
            AuthReason::BootstrapInvalid => Help::new(cause, self.code_sentence(), vantage.on_gateway("qr")),
            AuthReason::RateLimited => Help::wait(cause, self.lockout_sentence()),
            AuthReason::TrustedProxy(_) | AuthReason::Tailscale(_) => self.identity_help(vantage),
            AuthReason::Unauthorized => Help::new(
                cause,
                "The gateway did not accept the credentials. Its log names the reason.",
                vantage.on_gateway("doctor"),
            ),
        }
    }

    fn mismatch_help(&self, vantage: &Vantage) -> Help {
        if let Some(sentence) = self.pasted_sentence() {
            return self.token_help(vantage, sentence);
        }
        let mut sentence = "The token that was sent is not the gateway's token".to_owned();
        if let (Some(sent), Some(own)) = (&self.client_fingerprint, &self.gateway_fingerprint) {
            let [sent, own] = [sent, own].map(|print| plain_id(print, "unknown"));
            sentence.push_str(&format!(" (sent {sent}, the gateway has {own})"));
        }
        sentence.push('.');
        if self.can_retry_with_device_token {
            sentence.push_str(" If this device was paired before, its own token still works.");
        }
        self.token_help(vantage, &sentence)
    }

    /// What was pasted instead of the token, where its shape tells.
    const fn pasted_sentence(&self) -> Option<&'static str> {
        match self.pasted {
            Some(Kind::ClaimCode) => {
                Some("What was sent looks like a claim code, but not like one that is in force now.")
            }
            Some(Kind::SetupCode) => Some(
                "What was sent as a token is a setup code: it belongs where the app asks for a setup code, and works once and only for ten minutes.",
            ),
            Some(Kind::Id) => Some(
                "What was sent is the id of a device or of a pairing request, not a token: the owner approves those.",
            ),
            Some(Kind::Url) => {
                Some("What was sent is a whole link; only the part after #token= in it is the token.")
            }
            _ => None,
        }
    }

    /// What was sent in place of a setup or claim code.
    const fn code_sentence(&self) -> &'static str {
        match self.pasted {
            Some(Kind::HexToken | Kind::DeviceToken) => {
                "What was sent as a setup code looks like a token: it belongs where the gateway's token is asked for. If it is a code that you need, make a new one."
            }
            Some(Kind::Url) => {
                "What was sent as a setup code is a link, not a code. Open the link, or make a new code."
            }
            Some(Kind::Id) => {
                "What was sent as a setup code is the id of a device or of a pairing request: the owner approves those. If it is a code that you need, make a new one."
            }
            _ => {
                "This setup or claim code is not valid, or not any more: a code works once and only for ten minutes. Make a new one."
            }
        }
    }

    fn token_help(&self, vantage: &Vantage, sentence: &str) -> Help {
        let cause = self.reason.cause();
        if self.client.kind == ClientKind::ControlUi {
            let sentence =
                format!("{sentence} Open the dashboard on the gateway's host: its link signs you in.");
            Help::new(cause, sentence, vantage.on_gateway("dashboard"))
        } else {
            let sentence = format!("{sentence} Show it on the gateway's host and use it here.");
            Help::new(cause, sentence, vantage.on_gateway("gateway auth-token --show"))
        }
    }

    fn password_help(&self, vantage: &Vantage, what: &str) -> Help {
        let place = match self.client.kind {
            ClientKind::ControlUi => "Enter it on the page",
            _ => "Give it with --password or in OPENCLAW_GATEWAY_PASSWORD",
        };
        Help::new(
            Cause::Password,
            format!(
                "The gateway asks for a password and {what}. {place}, or let the gateway use a token instead."
            ),
            vantage.on_gateway("config set gateway.auth.mode token"),
        )
    }

    fn gap_help(&self, vantage: &Vantage) -> Help {
        let list = || vantage.on_gateway("devices list");
        let Some(gap) = &self.gap else {
            let sentence =
                "This device's own token is good for less than it asks for. The owner can approve more.";
            return Help::new(Cause::DeviceTokenNarrow, sentence, list());
        };
        let sentence = format!(
            "This device's own token is good for {}; it asks for {} as well. The owner can approve that.",
            gap.approved,
            gap.requested.beyond(&gap.approved)
        );
        let fix = gap.request_id.as_ref().map_or_else(list, |request| vantage.approve(request));
        Help::new(Cause::DeviceTokenNarrow, sentence, fix)
    }

    fn lockout_sentence(&self) -> String {
        let whom = self.locked.as_ref().map_or_else(String::new, |who| format!(" from {who}"));
        let wait = self
            .retry_after_ms
            .map_or_else(|| "in a few minutes".to_owned(), |ms| format!("in {}", time::in_words(ms)));
        format!(
            "Too many wrong attempts{whom}: signing in is possible again {wait}. The owner on the gateway's host, and paired devices with their own token, are not locked out."
        )
    }

    fn identity_help(&self, vantage: &Vantage) -> Help {
        let cause = self.reason.cause();
        let proxy = |sentence: &str, path: &str| {
            Help::new(cause, sentence, vantage.on_gateway(&format!("config get gateway.auth.{path}")))
        };
        if let Some(header) = self.reason.missing_header() {
            let header = Words::new(header);
            return proxy(
                &format!(
                    "The gateway lets a proxy vouch for its users, and this request lacks the header {header} that it requires."
                ),
                "trustedProxy.requiredHeaders",
            );
        }
        match self.reason.as_str() {
            "trusted_proxy_untrusted_source" => Help::new(
                cause,
                "The gateway lets a proxy vouch for its users, and this request did not come from a proxy that it trusts. Is the proxy yours? Then name its address.",
                vantage.config_list("gateway.trustedProxies", &["<proxy address>"]),
            ),
            "trusted_proxy_loopback_source" | "trusted_proxy_local_interface_source" => proxy(
                "The gateway lets a proxy vouch for its users, and this request came from the gateway's own machine, which could be any program on it.",
                "trustedProxy",
            ),
            "trusted_proxy_user_missing" => {
                proxy("The proxy did not say who the user is.", "trustedProxy.userHeader")
            }
            "trusted_proxy_user_not_allowed" => proxy(
                "The proxy vouched for a user who is not on the gateway's list.",
                "trustedProxy.allowUsers",
            ),
            reason if reason.starts_with("tailscale_") => Help::new(
                cause,
                format!("{} Use the gateway's token instead.", tailscale_sentence(reason)),
                vantage.on_gateway("gateway auth-token --show"),
            ),
            _ => proxy("The proxy's word was not accepted.", "trustedProxy"),
        }
    }
}

fn tailscale_sentence(reason: &str) -> &'static str {
    match reason {
        "tailscale_user_missing" => "The request carries no tailnet user.",
        "tailscale_proxy_missing" => {
            "The request names a tailnet user but did not come through Tailscale Serve."
        }
        "tailscale_whois_failed" => "The tailnet could not be asked who this is.",
        _ => "The tailnet says that this is somebody else.",
    }
}
