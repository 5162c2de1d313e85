//! `target/site`: the files that the server embeds, under plain names. Nothing is written that stands there already,
//! since a newer file makes cargo build the server again.

use crate::shell;
use anyhow::{Context, Result, anyhow, bail};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::printer::PrinterOptions;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions};
use lightningcss::targets::{Browsers, Features, Targets};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// Puts the whole site together out of the compiled module, `style` and `public`, and removes what belongs to none.
pub fn assemble(module: &Path) -> Result<()> {
    bindgen(module)?;
    style()?;
    let mut kept = BTreeSet::from([site().join("app.js"), site().join("app.wasm"), site().join("app.css")]);
    copy(&shell::root().join("public"), &site(), &mut kept)?;
    sweep(&site(), &kept)
}

/// `style/app.css` and all that it imports become `app.css`.
pub fn style() -> Result<()> {
    let entry = shell::root().join("style/app.css");
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler.bundle(&entry).map_err(|error| anyhow!("style: {error}"))?;
    let targets = browsers();
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).map_err(|error| anyhow!("style: {error}"))?;
    let printed = sheet
        .to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() })
        .map_err(|error| anyhow!("style: {error}"))?;
    let mut code = printed.code;
    for font in fs::read_dir(shell::root().join("public/fonts")).into_iter().flatten() {
        code = with_hashed_name(&code, &font?.path())?;
    }
    keep(&site().join("app.css"), code.as_bytes())
}

fn site() -> PathBuf {
    shell::root().join("target/site")
}

/// The oldest that know `light-dark()` and layers: older ones would double the sheet with fallbacks. Nesting is resolved
/// all the same: most flat rules Chromium rules out at a glance, by the names before the last one, where it tries many a
/// nested one in full.
fn browsers() -> Targets {
    let version = |major: u32, minor: u32| Some(major << 16 | minor << 8);
    let browsers = Browsers {
        chrome: version(125, 0),
        edge: version(125, 0),
        firefox: version(128, 0),
        ios_saf: version(18, 0),
        safari: version(18, 0),
        ..Browsers::default()
    };
    Targets { browsers: Some(browsers), include: Features::Nesting, ..Targets::default() }
}

/// A style sheet names its fonts as the server does the files that may be cached for good: before the suffix stand the
/// first 16 digits of the SHA-256 of what is in the file.
fn with_hashed_name(code: &str, font: &Path) -> Result<String> {
    let Some((name, (stem, suffix))) =
        font.file_name().and_then(|name| name.to_str()).and_then(|name| Some((name, name.rsplit_once('.')?)))
    else {
        return Ok(code.to_owned());
    };
    let digest = format!("{:x}", Sha256::digest(fs::read(font)?));
    Ok(code.replace(&format!("fonts/{name}"), &format!("fonts/{stem}.{}.{suffix}", &digest[..16])))
}

/// The compiled module becomes `app.js` and `app.wasm`, unless both were made of this very module.
fn bindgen(module: &Path) -> Result<()> {
    let stamp = shell::root().join("target/front/site.stamp");
    let about = fs::metadata(module).with_context(|| module.display().to_string())?;
    let identity = format!("{} {} {:?}", module.display(), about.len(), about.modified()?);
    let (script, binary) = (site().join("app.js"), site().join("app.wasm"));
    if fs::read_to_string(&stamp).is_ok_and(|made| made == identity) && script.exists() && binary.exists() {
        return Ok(());
    }
    let mut output = Bindgen::new()
        .input_path(module)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .out_name("app")
        .generate_output()?;
    if output.snippets().values().any(|files| !files.is_empty()) || !output.local_modules().is_empty() {
        bail!("a dependency of `app` brings JavaScript files of its own, and xtask/src/site.rs carries only one");
    }
    keep(&script, output.js().as_bytes())?;
    keep(&binary, &output.wasm_mut().emit_wasm())?;
    Ok(fs::write(stamp, identity)?)
}

fn copy(from: &Path, to: &Path, kept: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (source, goal) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &goal, kept)?;
        } else {
            keep(&goal, &fs::read(&source)?)?;
            kept.insert(goal);
        }
    }
    Ok(())
}

fn sweep(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sweep(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn keep(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|standing| standing == bytes) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bytes).with_context(|| file.display().to_string())
}
