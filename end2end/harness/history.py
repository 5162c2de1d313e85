"""Spreads the calls of a stopped server's journal over the day before, so that charts have a shape.

Usage: history.py JOURNAL. Whole groups of a minute are copied, so that rows and rollups agree.
"""

import math
import random
import sqlite3
import sys
import uuid

MINUTE = 60_000
SLOTS = 24 * 12
GROUP = "workspace = ? AND provider = ? AND model = ? AND key_id = ? AND status = ? AND minute = ?"


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def copy(db: sqlite3.Connection, table: str, where: str, given: tuple, changed: dict) -> None:
    """Copies rows of `table`, with some columns changed."""
    names = columns(db, table)
    picked = ", ".join("?" if name in changed else name for name in names)
    values = [changed[name] for name in names if name in changed]
    db.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) SELECT {picked} FROM {table} WHERE {where}", (*values, *given))


def uuid7(millis: int, dice: random.Random) -> str:
    return str(uuid.UUID(int=(millis << 80) | (7 << 76) | (dice.getrandbits(12) << 64) | (2 << 62) | dice.getrandbits(62)))


def busy(slot: int) -> float:
    """The share of groups that are there, by time of day: a quiet night, a full afternoon."""
    return 0.25 + 0.5 * math.sin(math.pi * slot / SLOTS) ** 2 + 0.15 * math.sin(slot / 9)


def add_up_again(db: sqlite3.Connection) -> None:
    """Sums are made from fresh figures: all become fresh again."""
    names = ", ".join(columns(db, "rollup_fresh"))
    db.execute(f"INSERT INTO rollup_fresh ({names}) SELECT {names} FROM rollup_minutes")
    db.execute("DELETE FROM rollup_minutes")
    db.execute("DELETE FROM rollup_sums WHERE dimension NOT LIKE 'meta.%'")


def move(db: sqlite3.Connection, group: tuple, back: int, dice: random.Random) -> None:
    *names, minute = group
    copy(db, "rollup_fresh", GROUP, group, {"minute": minute - back})
    calls = db.execute(
        "SELECT id, at FROM calls WHERE workspace = ? AND provider = ? AND model_served = ? AND key_id = ? AND status = ?"
        " AND at >= ? AND at < ?",
        (*names, minute, minute + MINUTE),
    ).fetchall()
    for old, at in calls:
        new = uuid7(at - back, dice)
        copy(db, "calls", "id = ?", (old,), {"id": new, "at": at - back})
        copy(db, "attempts", "call = ?", (old,), {"call": new})
        copy(db, "bodies", "call = ?", (old,), {"call": new})


def main(path: str) -> None:
    dice = random.Random(7)
    db = sqlite3.connect(path)
    add_up_again(db)
    groups = db.execute("SELECT workspace, provider, model, key_id, status, minute FROM rollups").fetchall()
    for slot in range(1, SLOTS):
        for group in groups:
            failed = group[4] >= 400
            if dice.random() < busy(slot) * (0.2 if failed else 1):
                move(db, group, slot * 5 * MINUTE, dice)
    db.commit()
    db.close()


main(sys.argv[1])
