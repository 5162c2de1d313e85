//! The browser half, embedded by `build.rs`: scripts, style, fonts and icons.
//!
//! Every file is served under two names. The one that carries a hash of its content may be kept for good; the plain one
//! is asked for anew each time, and answered with 304 where it has not changed. A debug server reads the disk instead.

use app::Front;
use axum::Router;
use memory_serve::{CacheControl, Manifest, MemoryServe};

/// Where [`router`] is to be nested.
pub const PREFIX: &str = "/pkg";

/// The names that pages refer to, with [`PREFIX`].
pub fn front() -> Front {
    let names = site().manifest();
    Front {
        js: path(&names, "/app.js"),
        wasm: path(&names, "/app.wasm"),
        css: path(&names, "/app.css"),
        boot: path(&names, "/boot.js"),
        scripts: ["/reach.js", "/play.js"].map(|script| path(&names, script)).into(),
        favicon: path(&names, "/favicon.svg"),
        fonts: fonts(&names),
    }
}

/// Serves the files, compressed with brotli or gzip as the browser accepts it.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    site().into_router()
}

/// What `memory_serve::load!` would include; that macro brings names of its own, which the workspace's lints refuse.
static FOLDERS: &[(&str, &[memory_serve::Asset])] = include!(concat!(env!("OUT_DIR"), "/memory_serve_assets.rs"));

fn site() -> MemoryServe {
    let files = FOLDERS.first().map_or(&[][..], |(_, files)| files);
    MemoryServe::new(files).index_file(None).enable_hashed_routes(true).cache_control(CacheControl::NoCache)
}

/// A file that is not there, as before the first `cargo xtask build`, goes by its plain name.
fn path(names: &Manifest, plain: &str) -> String {
    format!("{PREFIX}{}", names.get(plain).unwrap_or(plain))
}

fn fonts(names: &Manifest) -> Vec<String> {
    let mut plain: Vec<&str> = names
        .iter()
        .map(|(plain, _)| plain)
        .filter(|plain| plain.starts_with("/fonts/") && plain.ends_with(".woff2"))
        .collect();
    plain.sort_unstable();
    plain.into_iter().map(|plain| path(names, plain)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Manifest, path, router, site};
    use axum::Router;
    use axum::body::Body;
    use http::{Request, StatusCode};
    use tower::ServiceExt;

    #[test]
    fn a_file_that_is_not_there_goes_by_its_plain_name() {
        assert_eq!(path(&Manifest::default(), "/app.js"), "/pkg/app.js");
    }

    #[tokio::test]
    async fn every_file_is_served_under_both_names() {
        let served: Router = router();
        for (plain, hashed) in site().manifest().iter() {
            for name in [plain, hashed] {
                let request = Request::get(name).body(Body::empty()).unwrap();
                assert_eq!(served.clone().oneshot(request).await.unwrap().status(), StatusCode::OK, "{name}");
            }
        }
    }
}
