//! The supervisor of the gateway: the systemd user unit or launchd agent that starts it, units that older products
//! left behind, and gateways that nobody supervises (cli spec §6.3 and §15).
