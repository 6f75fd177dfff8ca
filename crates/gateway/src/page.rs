//! The page at the root, for as long as no dashboard is embedded.

use crate::core::Core;

/// Nothing but the page itself and its inline style, by hash-free `style-src`: there is no script.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; base-uri 'none'; object-src 'none'; \
     frame-ancestors 'none'; form-action 'none'; style-src 'unsafe-inline'";

/// What a person sees who opens the gateway's address. It names no version, path or device: anybody may read it.
pub(crate) fn html(core: &Core) -> String {
    let waiting = if core.is_claimable() {
        "<p>This gateway has no owner yet. Its start showed a <b>claim code</b>: the first device that connects with \
         it becomes its operator.</p>"
    } else {
        ""
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>OpenClaw gateway</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:10vh auto;padding:0 1rem}}\
         code{{background:#8883;padding:.1em .3em;border-radius:.2em}}\
         @media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}}}</style>\n\
         <h1>The gateway is running</h1>\n\
         <p>Connect a client to this address. A device that is new here is told its request id; approve it on the \
         gateway host:</p>\n\
         <p><code>openclaw devices list</code><br><code>openclaw devices approve &lt;request id&gt;</code></p>\n\
         {waiting}\n</html>\n"
    )
}
