//! What a visitor stands before: a form on the left, the yard on the right.

use crate::parts::icon::Mark;
use crate::parts::theme::ThemeSwitch;
use leptos::prelude::*;
use leptos_meta::Title;

/// Distance of two tracks.
const TRACK: u32 = 64;

/// Points between two neighbouring tracks: x and the upper track, where they leave it, falling or rising to the right.
const FALLING: [(u32, u32); 13] = [
    (48, 1),
    (150, 2),
    (242, 3),
    (420, 5),
    (520, 6),
    (590, 7),
    (384, 9),
    (560, 9),
    (500, 10),
    (592, 11),
    (408, 11),
    (310, 12),
    (540, 3),
];
const RISING: [(u32, u32); 11] =
    [(460, 0), (556, 1), (366, 1), (274, 2), (182, 3), (92, 4), (60, 7), (470, 8), (40, 10), (224, 10), (132, 11)];

/// Trains at rest: x, track, cars.
const TRAINS: [(u32, u32, u32); 6] = [(120, 0, 5), (560, 1, 3), (84, 10, 4), (430, 12, 6), (300, 13, 3), (36, 5, 3)];

/// Signals that show nothing: x, track.
const SIGNALS: [(u32, u32); 6] = [(300, 1), (40, 2), (656, 3), (40, 8), (656, 9), (560, 12)];

/// Where the lit route changes tracks.
const STATIONS: [(u32, u32); 4] = [(116, 9), (212, 8), (308, 7), (372, 6)];

#[component]
pub fn Door(title: &'static str, #[prop(into)] version: ViewFnOnce, children: Children) -> impl IntoView {
    view! {
        <Title text=title />
        <div class="sign">
            <main id="main" class="door">
                <p class="brand">
                    <Mark />
                    "Switchyard"
                </p>
                <div class="entry">{children()}</div>
                <div class="threshold">
                    <span class="muted">{version.run()}</span>
                    <ThemeSwitch />
                </div>
            </main>
            <Yard />
        </div>
    }
}

/// One route is set through a yard of tracks.
#[component]
fn Yard() -> impl IntoView {
    let tracks = (0..14).map(|track| format!("M-10 {}H730", height(track)));
    let falling = FALLING.map(|(x, track)| format!("M{x} {}l{TRACK} {TRACK}", height(track)));
    let rising = RISING.map(|(x, track)| format!("M{x} {}l{TRACK} -{TRACK}", height(track + 1)));
    let lines = tracks.chain(falling).chain(rising).collect::<Vec<_>>().join("");
    let stations = STATIONS.map(|(x, track)| view! { <circle class="station" cx=x cy=height(track) r="4.5" /> });
    let signals = SIGNALS.map(|(x, track)| view! { <circle class="signal" cx=x cy=height(track) - 12 r="3.5" /> });
    view! {
        <svg class="yard" viewBox="0 0 720 900" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
            <path class="tracks" d=lines />
            <path class="route" d="M-10 602H116l64-64h32l64-64h32l64-64H730" />
            {stations.collect_view()}
            {signals.collect_view()}
            <circle class="signal lit" cx="656" cy=height(6) - 12 r="3.5" />
            {TRAINS.map(|(x, track, cars)| view! { <Train x track cars /> }).collect_view()}
            <Train x=452 track=6 cars=5 lit=true />
        </svg>
    }
}

#[component]
fn Train(x: u32, track: u32, cars: u32, #[prop(optional)] lit: bool) -> impl IntoView {
    let car = move |at| view! { <rect x=x + at * 24 y=height(track) - 5 width="21" height="10" rx="2.5" /> };
    view! {
        <g class="train" class:lit=lit>
            {(0..cars).map(car).collect_view()}
        </g>
    }
}

fn height(track: u32) -> u32 {
    26 + track * TRACK
}
