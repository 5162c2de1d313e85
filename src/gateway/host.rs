//! Hosts that callers and configs name (contract §1.4), and the addresses that a call may reach at all.

use crate::gateway::refusal::Refusal;
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who vouches for an address, and so how far it may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// An operator: it is stored with a provider, or trusted in the settings. Only a cloud's metadata service is closed.
    Stored,
    /// A caller or a config: the open internet alone.
    Guarded,
}

/// A base URL that may be called as far as its text tells. What its name resolves to is judged when it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Without a slash at its end.
    pub base_url: String,
    pub reach: Reach,
}

/// Why a host is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub &'static str);

const FORM: Unfit = Unfit("Use an address that starts with http:// or https://, such as https://api.example.com/v1.");
const NAME: Unfit = Unfit("Use a host of letters, digits, dots and hyphens, at most ten parts.");
const PORT: Unfit = Unfit("Use a port from 1 to 65535.");
const SPELLING: Unfit = Unfit("Write an IP address as four decimal numbers, such as 192.0.2.10.");
pub const METADATA: Unfit = Unfit("A cloud's metadata service is never called.");
const OWN: Unfit = Unfit("Portkey's own API cannot stand behind this gateway.");
/// What to do about a private address.
pub const PRIVATE: Unfit =
    Unfit("Private and reserved addresses are closed. An operator can name the host in trusted_custom_hosts.");

const LONGEST: usize = 2048;
const MOST_LABELS: usize = 10;
const METADATA_NAMES: [&str; 6] =
    ["metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.com", "instance-data", "0.0.0.0"];
const PRIVATE_ENDS: [&str; 11] =
    ["local", "localdomain", "internal", "intranet", "lan", "home", "corp", "test", "invalid", "onion", "localhost"];

/// Judges a custom host by its text. `trusted` holds hosts, with or without a port, that may be private.
///
/// # Errors
/// With what is wrong with it.
pub fn check(url: &str, trusted: &[String]) -> Result<Host, Unfit> {
    let visible = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'\\' | b'?' | b'#'));
    if url.is_empty() || url.len() > LONGEST || !visible {
        return Err(FORM);
    }
    let lower = url.to_ascii_lowercase();
    if lower.contains("api.portkey") {
        return Err(OWN);
    }
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).ok_or(FORM)?;
    let authority = rest.split('/').next().unwrap_or_default();
    let (name, port) = divided(authority)?;
    let reach = if trusts(trusted, name, port) { Reach::Stored } else { Reach::Guarded };
    judge(name, reach)?;
    let base_url = url.trim_end_matches('/').to_owned();
    if base_url.parse::<Uri>().is_err() {
        return Err(FORM);
    }
    Ok(Host { base_url, reach })
}

/// The reason that the host of `uri` is closed, where it is an address and not a name.
pub fn closed(uri: &Uri, reach: Reach) -> Option<Unfit> {
    let host = uri.host()?;
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    barred(literal.parse().ok()?, reach)
}

/// The reason that an address is closed.
pub fn barred(ip: IpAddr, reach: Reach) -> Option<Unfit> {
    let ip = ip.to_canonical();
    if metadata(ip) { Some(METADATA) } else { (reach == Reach::Guarded && !open(ip)).then_some(PRIVATE) }
}

/// Host, without brackets, and port, which is empty where none is given.
fn divided(authority: &str) -> Result<(&str, &str), Unfit> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let (name, after) = inner.split_once(']').ok_or(NAME)?;
            name.parse::<Ipv6Addr>().map_err(|_| NAME)?;
            (name, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(NAME)?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(name, port)| (name, Some(port))),
    };
    match port {
        None => Ok((name, "")),
        Some(port) => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let number = port.parse::<u16>().ok().filter(|number| digits && *number > 0);
            number.map(|_| (name, port)).ok_or(PORT)
        }
    }
}

/// A trusted entry names a host, on every port or on one; `localhost` covers the names below it.
fn trusts(trusted: &[String], name: &str, port: &str) -> bool {
    let address = name.parse::<IpAddr>().ok();
    trusted.iter().any(|entry| {
        let entry = entry.trim().to_ascii_lowercase();
        if let Ok(ip) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
            return address == Some(ip);
        }
        let (host, only) = entry.rsplit_once(':').unwrap_or((&entry, ""));
        let host = host.trim_matches(['[', ']']);
        let same = match host.parse::<IpAddr>() {
            Ok(ip) => address == Some(ip),
            Err(_) => host == name || (host == "localhost" && name.ends_with(".localhost")),
        };
        same && (only.is_empty() || only == port)
    })
}

fn judge(name: &str, reach: Reach) -> Result<(), Unfit> {
    if METADATA_NAMES.contains(&name) {
        return Err(METADATA);
    }
    if let Ok(ip) = name.parse::<IpAddr>() {
        return barred(ip, reach).map_or(Ok(()), Err);
    }
    let labels: Vec<&str> = name.split('.').collect();
    let sane = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || labels.len() > MOST_LABELS || !labels.iter().all(sane) {
        return Err(NAME);
    }
    let last = labels.last().copied().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return Err(SPELLING);
    }
    // A name of one part is found in a private zone or nowhere.
    let private = labels.len() == 1 || PRIVATE_ENDS.contains(&last);
    if reach == Reach::Guarded && private { Err(PRIVATE) } else { Ok(()) }
}

/// Where clouds hand out credentials to whoever asks from inside.
fn metadata(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            matches!(
                ip.octets(),
                [169, 254, 169 | 170, _] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] | [0, 0, 0, 0]
            )
        }
        IpAddr::V6(ip) => match ip.segments() {
            [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..] | [0, 0, 0, 0, 0, 0, 0, 0] => true,
            _ => embedded(ip).is_some_and(|inner| metadata(inner.into())),
        },
    }
}

/// Whether it is an address of the open internet.
fn open(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !matches!(
            ip.octets(),
            [0 | 10 | 127, ..]
                | [100, 64..=127, ..]
                | [169, 254, ..]
                | [172, 16..=31, ..]
                | [192, 0, 0 | 2, _]
                | [192, 88, 99, _]
                | [192, 168, ..]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
                | [224..=255, ..]
        ),
        // Of the one range that is given out, the parts that documentation and tunnels use are closed.
        IpAddr::V6(ip) => match (embedded(ip), ip.segments()) {
            (Some(inner), _) => open(inner.into()),
            (None, [first, second, ..]) => {
                (0x2000..0x4000).contains(&first)
                    && first != 0x2002
                    && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
                    && !(first == 0x3fff && second < 0x1000)
            }
        },
    }
}

/// The IPv4 address that a translator or a tunnel makes of an IPv6 one.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0xffff, high, low] => Some(inner(high, low)),
        _ => None,
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        let refusal = Self::invalid(format!("Invalid custom host: {unfit}"));
        Self { code: Some("invalid_custom_host"), param: Some("custom_host".into()), ..refusal }
    }
}

#[cfg(test)]
mod tests;
