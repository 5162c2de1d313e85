//! Providers that a set-up file declares.

use super::super::file::Section;
use super::super::limits::one_of;
use super::super::rules::{self, Ruling};
use super::super::{Place, World};
use super::{Once, SANDBOX, secret};
use crate::store::providers::Standing;
use crate::wire::vendors::{Auth, Base, VENDORS, Vendor, vendor};
use zeroize::Zeroizing;

const OWN: [&str; 12] = [
    "slug",
    "vendor",
    "base_url",
    "key",
    "key_env",
    "open",
    "name",
    "note",
    "standing",
    "budget",
    "rate_limit",
    "shared",
];
/// Of one that has another one's credential: the rest is that one's to say.
const LINKED: [&str; 7] = ["slug", "integration", "name", "note", "standing", "budget", "rate_limit"];

#[derive(Clone, Default)]
pub struct DeclaredProvider {
    pub slug: String,
    /// For people; empty where the slug says it.
    pub name: String,
    pub note: String,
    pub standing: Standing,
    /// Slug of the provider whose vendor, address, credential and openings it has; `None`: its own.
    pub integration: Option<String>,
    /// A slug of the vendor table; empty where it is its integration's.
    pub vendor: String,
    /// `None`: the vendor's own.
    pub base_url: Option<String>,
    pub key: Option<Zeroizing<String>>,
    /// What callers may see of its whole account.
    pub open: Vec<String>,
    pub place: Place,
}

/// The slugs of a file: of providers that have a credential of their own, and of those that have another one's.
pub(super) struct Slugs {
    own: Vec<String>,
    linked: Vec<String>,
    /// Others may be connected already.
    more: bool,
}

impl Slugs {
    pub(super) fn of(sections: &[Section<'_>], world: &World<'_>) -> Self {
        let (linked, own): (Vec<_>, Vec<_>) = sections.iter().partition(|section| section.has("integration"));
        let slugs = |sections: Vec<&Section<'_>>| {
            sections.into_iter().filter_map(|section| section.word("slug")).map(str::to_owned).collect()
        };
        Self { own: slugs(own), linked: slugs(linked), more: world.brought }
    }

    fn holder(&self, text: &str) -> Ruling<String> {
        let slug = rules::slug(text.trim_start_matches('@'))?;
        if self.linked.contains(&slug) {
            return Err(format!("@{slug} has another one's credential itself. Name that one."));
        }
        if self.more || self.own.contains(&slug) {
            Ok(slug)
        } else {
            Err("No [[provider]] of this file has this slug.".into())
        }
    }
}

pub(super) fn read(
    section: &Section<'_>,
    world: &World<'_>,
    slugs: &Slugs,
    once: &mut Once,
) -> Option<DeclaredProvider> {
    let slug = section.needed("slug", |text| match rules::slug(text)? {
        slug if slug == SANDBOX => Err("The sandbox is built in. Choose another slug.".into()),
        slug => Ok(slug),
    });
    once.check(section, "provider", "slug", slug.as_deref());
    let name = section.judged("name", rules::name).unwrap_or_default();
    let note = section.judged("note", |text| rules::text(text, rules::NOTE_MOST)).unwrap_or_default();
    let standing = section.judged("standing", |text| one_of(text, &Standing::WORDS)).unwrap_or_default();
    let place = section.place("slug");
    if section.has("integration") {
        section.allow(&LINKED);
        let integration = section.needed("integration", |text| slugs.holder(text));
        return Some(DeclaredProvider {
            slug: slug?,
            name,
            note,
            standing,
            integration: Some(integration?),
            place,
            ..DeclaredProvider::default()
        });
    }
    let own = credentials(section, world)?;
    Some(DeclaredProvider { slug: slug?, name, note, standing, place, ..own })
}

/// What a provider says of its vendor and account.
fn credentials(section: &Section<'_>, world: &World<'_>) -> Option<DeclaredProvider> {
    section.allow(&[&OWN[..], &["integration"][..]].concat());
    let vendor = section.needed("vendor", known_vendor);
    let base_url = section.judged("base_url", rules::base_url);
    let key = secret(section, "key", world, false).and_then(|given| section.notes().judge(&given, rules::credential));
    let opened = section.list("open").unwrap_or_default();
    let open = opened.iter().filter_map(|one| section.notes().judge(one, rules::openable)).collect();
    let vendor = vendor?;
    if vendor.base == Base::Required && !section.has("base_url") {
        section.note("base_url", format!("Missing. {} has no address of its own.", vendor.name));
    }
    let asked = vendor.auth != Auth::None && !section.has("base_url") && !world.brought;
    if asked && !section.has("key") && !section.has("key_env") {
        section.note("key", format!("Missing. Add key or key_env: {} asks for one.", vendor.name));
    }
    let (vendor, key) = (vendor.slug.to_owned(), key.map(Zeroizing::new));
    Some(DeclaredProvider { vendor, base_url, key, open, ..DeclaredProvider::default() })
}

fn known_vendor(text: &str) -> Ruling<&'static Vendor> {
    vendor(text).ok_or_else(|| {
        let slugs: Vec<&str> = VENDORS.iter().map(|vendor| vendor.slug).collect();
        format!("Unknown vendor. Use one of: {}.", slugs.join(", "))
    })
}
