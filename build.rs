//! Embeds the browser half that `cargo xtask` leaves in `target/site`, and the migrations.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rustc-check-cfg=cfg(erase_components)");
    let site = Path::new("target/site");
    if let Err(error) = std::fs::create_dir_all(site) {
        println!("cargo::error=cannot create {}: {error}", site.display());
        return;
    }
    if !cfg!(debug_assertions) && !site.join("app.wasm").exists() {
        println!("cargo::warning=this server has no browser half: `cargo xtask build` makes both");
    }
    memory_serve::load_directory("./target/site");
}
