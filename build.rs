//! Embeds the browser half that `cargo xtask` leaves in `target/site`, and the migrations.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rustc-check-cfg=cfg(erase_components)");
    let site = std::path::Path::new("target/site");
    if let Err(error) = std::fs::create_dir_all(site) {
        println!("cargo::error=cannot create {}: {error}", site.display());
        return;
    }
    memory_serve::load_directory("./target/site");
}
