//! The files that people write, read once.

#![expect(clippy::expect_used, reason = "a tree that cannot be read is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

const READ: [&str; 9] = ["app", "build.rs", "end2end", "migrations", "public", "src", "style", "xtask", "fuzz"];
const KINDS: [&str; 6] = ["rs", "css", "js", "mjs", "py", "sql"];
const MADE: [&str; 6] = ["node_modules", ".venv", "shots", "test-results", "target", "__pycache__"];

/// A file, its path from the root with `/`.
pub struct Source {
    pub path: String,
    pub lines: Vec<String>,
    /// It is compiled for tests alone.
    pub test: bool,
}

/// Where a function starts (counted from one) and how many lines it takes.
pub struct Function {
    pub at: usize,
    pub lines: usize,
}

pub fn tree() -> &'static [Source] {
    static TREE: OnceLock<Vec<Source>> = OnceLock::new();
    TREE.get_or_init(|| {
        let mut found = Vec::new();
        READ.iter().for_each(|entry| collect(&root().join(entry), &mut found));
        assert!(found.len() > 20, "the tree was not found");
        let tests: Vec<String> = found.iter().flat_map(Source::test_files).collect();
        found.iter_mut().filter(|source| tests.contains(&source.path)).for_each(|source| source.test = true);
        found
    })
}

/// Entries of the root that git may hold, dot files aside.
pub fn top_level() -> Vec<String> {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
    let is_ignored = |name: &str| ignored.lines().any(|line| line.trim_matches('/') == name);
    let entries = fs::read_dir(root()).expect("the root can be listed");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.') && !is_ignored(name)).collect()
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let test = path.starts_with("src/tests/") || path.starts_with("end2end/");
        Self { path: path.to_owned(), lines: text.lines().map(str::to_owned).collect(), test }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines before the unit tests at the foot.
    pub fn code(&self) -> &[String] {
        let foot = self.test_modules().find(|(_, module)| module.ends_with('{'));
        &self.lines[..foot.map_or(self.lines.len(), |(at, _)| at)]
    }

    /// Files that stand under `#[cfg(test)] mod name;`.
    fn test_files(&self) -> Vec<String> {
        let room = self.path.trim_end_matches(".rs").trim_end_matches("/lib").trim_end_matches("/main");
        let names = self.test_modules().filter_map(|(_, module)| module.strip_suffix(';'));
        names.map(|name| format!("{room}/{name}.rs")).collect()
    }

    /// Where `cfg(test)` stands before a module, and that module's line after the word `mod`.
    fn test_modules(&self) -> impl Iterator<Item = (usize, &str)> {
        let marks =
            self.lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[cfg(") && line.contains("test"));
        marks.filter_map(|(at, _)| {
            let item = self.lines[at..].iter().find(|line| !line.starts_with("#["))?;
            let (before, module) = item.split_once("mod ")?;
            (before.is_empty() || before.starts_with("pub")).then_some((at, module))
        })
    }

    /// All functions with a body; rustfmt puts the closing brace where the line with `fn` began.
    pub fn functions(&self) -> Vec<Function> {
        let starts = self.lines.iter().enumerate().filter(|(_, line)| is_function(line));
        starts.filter_map(|(at, line)| Some(Function { at: at + 1, lines: self.length(at, indent(line))? })).collect()
    }

    fn length(&self, start: usize, indent: &str) -> Option<usize> {
        let rest = &self.lines[start..];
        let head = rest.iter().position(|line| line.ends_with(['{', ';', '}']))?;
        let body = rest[head].ends_with('{');
        let close = |line: &String| line.strip_prefix(indent) == Some("}");
        body.then(|| rest.iter().position(close).map(|end| end + 1))?
    }
}

fn collect(path: &Path, found: &mut Vec<Source>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() && !MADE.contains(&name.as_ref()) {
        let entries = fs::read_dir(path).expect("a folder can be listed");
        entries.for_each(|entry| collect(&entry.expect("an entry").path(), found));
    } else if path.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)) {
        let text = fs::read_to_string(path).expect("a source file is UTF-8");
        let relative = path.strip_prefix(root()).expect("it lies under the root");
        found.push(Source::new(&relative.to_string_lossy().replace('\\', "/"), &text));
    }
}

fn is_function(line: &str) -> bool {
    let item = line.trim_start();
    item.starts_with("fn ")
        || (starts_like_item(item) && item.split('(').next().is_some_and(|head| head.contains(" fn ")))
}

fn starts_like_item(item: &str) -> bool {
    ["pub", "async ", "const ", "extern "].iter().any(|start| item.starts_with(start))
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_function_is_measured_to_its_brace() {
    let text = "impl A {\n    pub async fn long(\n        a: u8,\n    ) -> u8 {\n        if a {\n        }\n    }\n    fn declared();\n    const fn one() {}\n}\nfn two() {\n}\n";
    let lengths: Vec<_> = Source::new("a.rs", text).functions().iter().map(|found| (found.at, found.lines)).collect();
    assert_eq!(lengths, [(2, 6), (11, 2)]);
}

#[test]
fn what_is_for_tests_alone_is_known() {
    let text = "#[cfg(test)]\npub(crate) mod seed;\nfn code() {}\n#[cfg(all(test, unix))]\n#[expect(dead_code, reason = \"\")]\nmod tests {\n}\n";
    let source = Source::new("src/store/calls.rs", text);
    assert_eq!(source.code().len(), 3);
    assert_eq!(source.test_files(), ["src/store/calls/seed.rs"]);
}
