"""The database: who waits for it comes in between two changes of whoever makes many."""

import threading
from pathlib import Path

from session_host.database import Database
from shared.clock import SYSTEM


def test_who_waits_comes_in_before_who_was_there_comes_again(tmp_path: Path) -> None:
    database = Database(tmp_path / "one.db", ["CREATE TABLE said (what TEXT)"])

    def say(what: str) -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO said VALUES (?)", (what,))

    waiting = [threading.Thread(target=say, args=(f"waited {n}",)) for n in range(3)]
    with database.transaction():
        for number, each in enumerate(waiting, start=1):
            each.start()
            while len(database._lock._waiting) < number:
                SYSTEM.wait(threading.Event(), 0.001)
    say("again")
    for each in waiting:
        each.join(10)
    said = [row["what"] for row in database.query("SELECT what FROM said ORDER BY rowid")]
    assert said == ["waited 0", "waited 1", "waited 2", "again"]
    database.close()
