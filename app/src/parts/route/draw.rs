//! The route as SVG. Straight on is the first choice; points turn down 45° for "else" and "on failure". Targets are
//! platforms in one column; rails never cross, since a group's targets stand in rows of their own.
#![expect(clippy::needless_pass_by_value, reason = "words are made where they are handed over")]

use super::merge::Mark;
use super::order::{DEPTH_MOST, child, depth, label, leaves, mode_of, node_of, order, targets};
use super::say;
use super::told::beyond;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write;

/// What is said of places of the config, by their paths, such as `targets[0]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lights {
    /// The target that a call takes first.
    pub first: Option<String>,
    /// Targets that are tried only if that fails.
    pub maybe: Vec<String>,
    /// Mistakes, each with its sentence.
    pub bad: Vec<(String, String)>,
    /// What became of places since another config.
    pub marks: Vec<(String, Mark)>,
    pub seen: Vec<Seen>,
}

/// How a provider did of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Without `@`.
    pub provider: String,
    /// Such as `p50 0.94 s`; empty where nothing is known.
    pub pace: String,
    /// `ok`, `warn`, `bad` or `off`: the shape and colour of its lamp.
    pub lamp: &'static str,
    /// The lamp in words.
    pub told: String,
}

/// Measures of a drawing, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    class: &'static str,
    /// The root's points.
    root: i32,
    /// Between the points of a group and of one within it, at least.
    step: i32,
    /// From the root's points to the platforms, at least.
    reach: i32,
    row: i32,
    top: i32,
    platform: i32,
    /// Words stand above the platforms instead of beside the rails.
    upright: bool,
}

pub const BROAD: Frame =
    Frame { class: "broad", root: 92, step: 150, reach: 430, row: 64, top: 60, platform: 208, upright: false };
pub const NARROW: Frame =
    Frame { class: "narrow", root: 30, step: 36, reach: 54, row: 80, top: 62, platform: 200, upright: true };

/// Half the height of a platform.
const HALF: i32 = 23;
/// Corners are cut, never round.
const CUT: i32 = 14;
/// Platforms that are drawn, and targets that are told in words; of wider configs it is said how many are not.
pub const MOST: usize = 100;

pub fn draw(config: &Value, lights: &Lights, frame: Frame) -> String {
    let depth = i32::try_from(depth(config, 0)).unwrap_or(0);
    let step = frame.step.max(frame.reach / depth.max(1));
    let column = if depth == 0 { frame.root + frame.reach } else { frame.root + step * depth };
    let mut pen = Pen {
        frame,
        lights,
        bad: lights.bad.iter().map(|(at, _)| node_of(at)).collect(),
        step,
        column,
        row: 0,
        left: 0,
        under: String::new(),
        over: String::new(),
        words: String::new(),
    };
    let start = 22;
    let end = pen.end(config, frame.root);
    pen.rail(&format!("M{start} {} H{end}", frame.top), &[""], 1.0);
    pen.word((16, frame.top - 16), ("h", "start"), "Request", 12);
    pen.node(config, "", frame.root, String::new());
    if pen.left > 0 {
        let (x, y) = (column, pen.y() - 8);
        pen.word((x, y), ("mu", "start"), &beyond(pen.left), 40);
        pen.row += 1;
    }
    _ = write!(pen.words, r#"<circle class="end" cx="{start}" cy="{}" r="5.5"/>"#, frame.top);
    let (width, height) = (column + frame.platform + 16, frame.top + pen.row.max(1) * frame.row - frame.row / 2 + 14);
    format!(
        r#"<svg class="tracks {}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">{}{}{}</svg>"#,
        frame.class, pen.under, pen.over, pen.words
    )
}

struct Pen<'a> {
    frame: Frame,
    lights: &'a Lights,
    /// Nodes with mistakes.
    bad: HashSet<&'a str>,
    step: i32,
    column: i32,
    /// The row of the next platform.
    row: i32,
    /// Targets that there was no room for.
    left: usize,
    under: String,
    /// What is lit lies over what is not.
    over: String,
    words: String,
}

impl Pen<'_> {
    fn y(&self) -> i32 {
        self.frame.top + self.row * self.frame.row
    }

    /// Where a rail to this node ends, whose points would stand at `x`.
    fn end(&self, node: &Value, x: i32) -> i32 {
        if targets(node).is_empty() { self.column } else { x }
    }

    fn node(&mut self, node: &Value, path: &str, x: i32, label: String) {
        let targets = targets(node);
        if targets.is_empty() || path.matches('[').count() >= DEPTH_MOST {
            return self.platform(node, path, &label);
        }
        let top = self.y();
        let shares = say::shares(targets);
        let order = self.fitting(order(node, targets), targets);
        let paths: Vec<String> = order.iter().map(|at| child(path, *at)).collect();
        let turn = x + CUT;
        let mut from = top;
        for (number, at) in order.iter().enumerate() {
            if number > 0 && self.room() == 0 {
                self.left += order[number..].iter().map(|at| leaves(&targets[*at])).sum::<usize>();
                break;
            }
            let (target, y) = (&targets[*at], self.y());
            let next = x + self.step;
            let end = self.end(target, next);
            let wide = shares[*at].filter(|_| mode_of(node) == "loadbalance").map_or(1.0, |share| 0.6 + share / 60.0);
            if number == 0 {
                self.rail(&format!("M{x} {y} H{end}"), &[&paths[0]], wide);
            } else {
                let start = if number == 1 { format!("M{x} {from} l{CUT} {CUT}") } else { format!("M{turn} {from}") };
                let leads: Vec<&str> = paths[number..].iter().map(String::as_str).collect();
                self.rail(&format!("{start} V{}", y - CUT), &leads, 1.0);
                self.rail(&format!("M{turn} {} l{CUT} {CUT} H{end}", y - CUT), &[&paths[number]], wide);
                if number + 1 < order.len() {
                    self.point(turn, y - CUT, &leads);
                }
                from = y - CUT;
            }
            let said =
                label_at(self, node, targets, &shares, *at).filter(|_| self.mark(&paths[number]) != Some(&Mark::Gone));
            let passed = if self.frame.upright {
                [if number == 0 { label.as_str() } else { "" }, said.as_ref().map_or("", |(_, text)| text)]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · ")
            } else {
                if let Some((condition, text)) = &said {
                    self.beside(node, (x, y), (*condition, text), (number == 0, target));
                }
                String::new()
            };
            self.node(target, &paths[number], next, passed);
        }
        self.point(x, top, &[path]);
        if !self.frame.upright {
            let mode = say::mode(mode_of(node));
            self.word((x - 2, top + 20), ("h", "end"), mode, 16);
        }
    }

    fn room(&self) -> usize {
        MOST.saturating_sub(usize::try_from(self.row).unwrap_or(MOST))
    }

    /// Those of a group's targets that there is room for, each in a row at least, and one in any case.
    fn fitting(&mut self, mut order: Vec<usize>, targets: &[Value]) -> Vec<usize> {
        let rest = order.split_off(self.room().max(1).min(order.len()));
        self.left += rest.iter().map(|at| leaves(&targets[*at])).sum::<usize>();
        order
    }

    /// Words beside the rail to a target.
    fn beside(
        &mut self,
        node: &Value,
        (x, y): (i32, i32),
        said: (Option<usize>, &str),
        (straight, target): (bool, &Value),
    ) {
        let leaf = targets(target).is_empty();
        // Above a rail is room as far as the words of the next points.
        let free = match mode_of(target) {
            _ if leaf => self.column - x - 40,
            "conditional" | "loadbalance" => self.step - 32,
            _ => self.column - x - 100,
        };
        let [room, below] = [free, self.column - x - 60].map(|free| usize::try_from(free / 6).unwrap_or(4));
        match (mode_of(node), said) {
            ("conditional", (number, text)) => {
                let at = if straight { (x + 24, y - 12) } else { (x + 2 * CUT, y - 12) };
                self.condition(at, number, text, room);
            }
            ("fallback" | "priority", (_, text)) => {
                self.word((x + CUT + 10, y - 30), ("mu", "start"), text, below.min(32))
            }
            (_, (_, text)) if leaf => self.word((self.column - 36, y - 12), ("pc", "middle"), text, 8),
            (_, (_, text)) => self.word((x + 2 * CUT, y - 12), ("pc", "start"), text, 8),
        }
    }

    fn condition(&mut self, (x, y): (i32, i32), number: Option<usize>, text: &str, room: usize) {
        let Some(number) = number else { return self.word((x, y), ("mu", "start"), text, room) };
        _ = write!(
            self.words,
            r#"<rect class="no" x="{x}" y="{}" width="15" height="15" rx="4"/><text class="nt" x="{}" y="{}" text-anchor="middle">{number}</text>"#,
            y - 12,
            x + 8,
            y - 1
        );
        self.word((x + 22, y), ("mo", "start"), text, room.saturating_sub(3));
    }

    fn platform(&mut self, node: &Value, path: &str, label: &str) {
        let (x, y) = (self.column, self.y());
        let bad = self.lights.bad.iter().find(|(at, _)| node_of(at) == path);
        let (name, rest) = say::target(node);
        let seen = self.lights.seen.iter().find(|seen| seen.provider == say::provider(node));
        let rest = match (bad, self.mark(path), seen) {
            (Some((_, text)), ..) => text.clone(),
            (_, Some(Mark::New), _) => "+ added".into(),
            (_, Some(Mark::Gone), _) => "− removed".into(),
            (_, Some(Mark::Changed(told)), _) => format!("± {told}"),
            (.., Some(seen)) if !seen.pace.is_empty() => {
                let whole = [rest.as_str(), &seen.pace];
                let whole = whole.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
                // The name stands for the model where there is no room for both.
                if whole.chars().count() <= 25 { whole } else { format!("{} · {}", seen.provider, seen.pace) }
            }
            _ => rest,
        };
        let (width, tile) = (self.frame.platform, letters(say::provider(node)));
        let class = if bad.is_some() { "bad" } else { self.light(&[path]) };
        let lamp = seen.map_or_else(String::new, |seen| lamp(seen, width - 14));
        if bad.is_some() {
            _ = write!(self.over, r#"<path class="stop" d="M{} {} v16"/>"#, x - 6, y - 8);
        }
        if !label.is_empty() {
            self.word((x, y - HALF - 8), ("mo", "start"), label, 34);
        }
        let room = usize::try_from((width - 52) / 7).unwrap_or(4);
        _ = write!(
            self.words,
            r#"<g class="pf {class}" data-path="{}" transform="translate({x} {})"><title>{} {}</title><rect width="{width}" height="46" rx="6"/><rect class="vd" x="12" y="14" width="18" height="18" rx="4"/><text class="vt" x="21" y="26.5" text-anchor="middle">{}</text><text class="m" x="40" y="{}">{}</text><text class="s" x="40" y="35">{}</text>{lamp}</g>"#,
            safe(path),
            y - HALF,
            safe(&name),
            safe(&rest),
            safe(&tile),
            if rest.is_empty() { "27.5" } else { "19.5" },
            safe(&cut(&name, room)),
            safe(&cut(&rest, room + 3)),
        );
        self.row += 1;
    }

    fn rail(&mut self, d: &str, leads: &[&str], wide: f64) {
        let broken = leads.iter().all(|path| self.bad.contains(path));
        let light = if broken && leads != [""] { "broken" } else { self.light(leads) };
        let out = if light.is_empty() { &mut self.under } else { &mut self.over };
        _ = write!(out, r#"<path class="tk {light}" style="--w:{:.1}px" d="{d}"/>"#, 2.5 * wide);
    }

    fn point(&mut self, x: i32, y: i32, leads: &[&str]) {
        _ = write!(self.words, r#"<circle class="pt {}" cx="{x}" cy="{y}" r="4"/>"#, self.light(leads));
    }

    fn word(&mut self, (x, y): (i32, i32), (class, anchor): (&str, &str), text: &str, room: usize) {
        let (whole, text) = (safe(text), safe(&cut(text, room)));
        _ = write!(
            self.words,
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{text}<title>{whole}</title></text>"#
        );
    }

    /// A mark holds for all that lies below.
    fn mark(&self, path: &str) -> Option<&Mark> {
        let lies = |at: &str, mark: &Mark| {
            path == at || (!matches!(mark, Mark::Changed(_)) && path.starts_with(&format!("{at}.")))
        };
        self.lights.marks.iter().find(|(at, mark)| lies(at, mark)).map(|(_, mark)| mark)
    }

    fn light(&self, leads: &[&str]) -> &'static str {
        let leads_to = |target: &str| {
            leads.iter().any(|path| target == *path || target.starts_with(&format!("{path}.")) || path.is_empty())
        };
        let marked = |mark: &Mark| leads.iter().all(|path| self.mark(path) == Some(mark));
        match &self.lights.first {
            _ if marked(&Mark::New) => "lit",
            _ if marked(&Mark::Gone) => "gone",
            Some(first) if leads_to(first) => "lit",
            _ if self.lights.maybe.iter().any(|target| leads_to(target)) => "maybe",
            _ => "",
        }
    }
}

/// In a drawing on its feet the mode is said too: it has no points of its own to stand at.
fn label_at(
    pen: &Pen<'_>,
    node: &Value,
    targets: &[Value],
    shares: &[Option<f64>],
    at: usize,
) -> Option<(Option<usize>, String)> {
    let (number, text) = label(node, targets, shares, at)?;
    let text = match number {
        Some(number) if pen.frame.upright => format!("{number} {text}"),
        _ => text,
    };
    Some((number, text))
}

/// By shape as well as colour: round, diamond, square, ring.
fn lamp(seen: &Seen, x: i32) -> String {
    let shape = match seen.lamp {
        "warn" => format!(r#"<path d="M{x} 9 l4 4 -4 4 -4 -4z""#),
        "bad" => format!(r#"<rect x="{}" y="9.5" width="7" height="7" rx="1""#, x - 3),
        _ => format!(r#"<circle cx="{x}" cy="13" r="3.5""#),
    };
    format!(
        r#"{shape} class="lamp {}"><title>{}</title></{}>"#,
        seen.lamp,
        safe(&seen.told),
        match seen.lamp {
            "warn" => "path",
            "bad" => "rect",
            _ => "circle",
        }
    )
}

/// Two letters stand for a provider.
pub fn letters(slug: &str) -> String {
    let mut letters = slug.chars().filter(|letter| letter.is_alphanumeric());
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.map_or("?".into(), |first| first + &letters.next().map(String::from).unwrap_or_default())
}

fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
