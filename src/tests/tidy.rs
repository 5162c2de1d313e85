//! Reads the tree and fails where it leaves the house rules; every rule is a row.

mod floors;
mod tree;

use tree::{Source, tree};

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 80;

/// The top level, beside dot files and what git ignores.
const TOP: [&str; 15] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "app",
    "build.rs",
    "deny.toml",
    "end2end",
    "fuzz",
    "migrations",
    "public",
    "src",
    "style",
];

/// Words that may stand only in some places. Paths are prefixes; tests are read only where `tests` says so.
struct Ban {
    words: &'static [&'static str],
    within: &'static [&'static str],
    except: &'static [&'static str],
    tests: bool,
    why: &'static str,
}

const NOT_IN_DECIDING_ROOMS: [&str; 9] =
    ["async", "await", "tokio", "Clock", "Instant::now", "SystemTime::now", "std::fs", "std::net", "rand"];

const BANS: [Ban; 10] = [
    Ban { words: &["sqlx"], within: &["src/"], except: &["src/store"], tests: false, why: "all SQL is in the store" },
    Ban {
        words: &["std::env", "env::var", "env::var_os"],
        within: &["src/", "app/src/"],
        except: &["src/settings", "src/main.rs", "src/bench/"],
        tests: false,
        why: "the environment is read by settings alone",
    },
    Ban {
        words: &["leptos", "sqlx", "tokio"],
        within: &["app/src/model"],
        except: &[],
        tests: true,
        why: "the shared types are serde and std",
    },
    Ban {
        words: &NOT_IN_DECIDING_ROOMS,
        within: &["src/wire", "src/price", "src/chart", "src/route"],
        except: &[],
        tests: false,
        why: "rooms that decide are pure",
    },
    Ban {
        words: &["tokio::spawn", "thread::spawn"],
        within: &["src/"],
        except: &["src/tasks.rs", "src/bench/"],
        tests: false,
        why: "shutdown waits for all work: Tasks::spawn",
    },
    Ban {
        words: &["SystemTime::now", "Timestamp::now", "OffsetDateTime::now_utc"],
        within: &["src/"],
        except: &["src/clock.rs", "src/bench/"],
        tests: false,
        why: "the time is an argument: Clock",
    },
    Ban { words: &["unbounded_channel"], within: &["src/"], except: &[], tests: false, why: "queues are bounded" },
    Ban {
        words: &[concat!("#[", "allow"), concat!("#![", "allow")],
        within: &[""],
        except: &[],
        tests: true,
        why: "an exception gives its reason: #[expect(.., reason)]",
    },
    Ban {
        words: &[".unwrap()"],
        within: &["src/", "app/"],
        except: &["src/bench/"],
        tests: false,
        why: "nothing from outside may panic",
    },
    Ban {
        words: &[concat!("TO", "DO"), concat!("FIX", "ME")],
        within: &[""],
        except: &[],
        tests: true,
        why: "what is missing is written in the tracker",
    },
];

#[test]
fn files_are_short() {
    let long = |source: &Source| source.lines.len() > LONGEST_FILE;
    let breaches = tree()
        .iter()
        .filter(|source| long(source))
        .map(|source| format!("{}:{}: the file goes on after line {LONGEST_FILE}", source.path, source.lines.len()));
    accept(breaches);
}

#[test]
fn functions_fit_a_screen() {
    let breaches = tree().iter().filter(|source| source.is_rust()).flat_map(|source| {
        let long = source.functions().into_iter().filter(|function| function.lines > LONGEST_FUNCTION);
        long.map(|function| format!("{}:{}: {} lines in one function", source.path, function.at, function.lines))
    });
    accept(breaches);
}

#[test]
fn rooms_are_called_by_their_name() {
    let nameless = |source: &&Source| source.path.ends_with("/mod.rs");
    accept(
        tree().iter().filter(nameless).map(|source| format!("{}:1: call the file room.rs, beside room/", source.path)),
    );
}

#[test]
fn words_stay_in_their_rooms() {
    accept(BANS.iter().flat_map(|ban| tree().iter().flat_map(|source| breaches_of(ban, source))));
}

#[test]
fn imports_look_down() {
    accept(
        tree().iter().filter(|source| source.path.starts_with("src/") && source.is_rust()).flat_map(floors::breaches),
    );
}

#[test]
fn the_top_level_is_fixed() {
    let known = |name: &String| TOP.contains(&name.as_str()) || name == "xtask";
    accept(
        tree::top_level()
            .into_iter()
            .filter(|name| !known(name))
            .map(|name| format!("{name}:1: not an entry of the top level")),
    );
}

#[test]
fn a_ban_finds_words_and_not_parts_of_words() {
    let ban = Ban { words: &["sqlx"], within: &["src/"], except: &["src/store"], tests: false, why: "" };
    for (path, text, found) in [
        ("src/desk.rs", "use sqlx::query;", 1),
        ("src/desk.rs", "use tower_sessions_sqlx_store::SqliteStore;", 0),
        ("src/desk.rs", "// sqlx stays below", 0),
        ("src/desk.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use sqlx::query;\n}", 0),
        ("src/store/keys.rs", "use sqlx::query;", 0),
        ("app/src/lib.rs", "use sqlx::query;", 0),
    ] {
        assert_eq!(breaches_of(&ban, &Source::new(path, text)).len(), found, "{path}: {text}");
    }
}

fn breaches_of(ban: &Ban, source: &Source) -> Vec<String> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| source.path.starts_with(prefix));
    if !starts(ban.within) || starts(ban.except) || (source.test && !ban.tests) {
        return Vec::new();
    }
    let lines = if ban.tests { &source.lines[..] } else { source.code() };
    let found =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, ban.words.iter().find(|word| has(line, word))?)));
    found.map(|(at, word)| format!("{}:{}: `{word}`: {}", source.path, at + 1, ban.why)).collect()
}

/// Whether `word` stands in `line` as a whole, comments aside unless the word is for comments.
fn has(line: &str, word: &str) -> bool {
    let marker = word.chars().all(|letter| letter.is_ascii_uppercase());
    let code = if marker { line } else { line.split("//").next().unwrap_or_default() };
    let joins = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    code.match_indices(word).any(|(at, _)| {
        let before = word.starts_with(char::is_alphanumeric) && joins(code[..at].chars().next_back());
        let after = word.ends_with(char::is_alphanumeric) && joins(code[at + word.len()..].chars().next());
        !before && !after
    })
}

/// Fails with every breach, one a line.
fn accept(breaches: impl Iterator<Item = String>) {
    let all: Vec<String> = breaches.collect();
    assert!(all.is_empty(), "\n{}\n", all.join("\n"));
}
