"""The ledger's tables: a script for each version of the file, never changed once released. Times: microseconds."""

HAS_FILE = "json_extract(content, '$.attachment.media') IS NOT NULL"
"""Which messages have a file attached: an index is made for just these words."""

MIGRATIONS = (
    """
    CREATE TABLE host (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        counter INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE messages (
        id TEXT PRIMARY KEY,
        content TEXT NOT NULL,
        delivery TEXT NOT NULL,
        handed_by TEXT,
        not_before INTEGER,
        claim_stored INTEGER NOT NULL,
        projected INTEGER NOT NULL,
        -- What follows is derived from the above on each write, to be searched.
        revision INTEGER NOT NULL,
        version TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        step INTEGER NOT NULL,
        cancelled INTEGER NOT NULL,
        may_begin INTEGER NOT NULL,
        send_at INTEGER NOT NULL,
        ready_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        held TEXT,
        settled_at INTEGER,
        message_id TEXT
    ) STRICT;
    CREATE INDEX by_rank ON messages (rank, ready_at);
    -- What was taken over and still is to be begun: pending (0) or claimed (1).
    CREATE VIEW waiting AS SELECT * FROM messages WHERE rank < 2 AND cancelled = 0 AND handed_by IS NOT NULL;
    CREATE INDEX sent_as ON messages (message_id) WHERE message_id IS NOT NULL;

    CREATE TABLE receipts (
        message_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        PRIMARY KEY (message_id, kind)
    ) STRICT;

    CREATE TABLE requests (
        key TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        message TEXT NOT NULL,
        at INTEGER NOT NULL,
        appended INTEGER NOT NULL
    ) STRICT;
    """,
    """
    -- What pace counts: what was begun lately, who is no stranger, when WhatsApp last refused a first message.
    CREATE TABLE begun (
        id TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        at INTEGER NOT NULL,
        cold INTEGER NOT NULL,
        PRIMARY KEY (id, attempt)
    ) STRICT;
    CREATE INDEX begun_at ON begun (at);
    CREATE TABLE known (recipient TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE strangers (one INTEGER PRIMARY KEY CHECK (one = 1), locked_at INTEGER NOT NULL) STRICT;
    INSERT INTO known SELECT DISTINCT json_extract(content, '$.to') FROM messages WHERE rank >= 5;
    """,
    """
    -- What has reached this device and could not be decrypted; it goes once it came again in a readable form.
    CREATE TABLE undecryptable (id TEXT PRIMARY KEY, chat TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    """,
    """
    -- Whether this ledger's host holds its place in the pulse beyond doubt: then it leads at once when restarted.
    ALTER TABLE host ADD COLUMN sure INTEGER NOT NULL DEFAULT 1;
    """,
    "ALTER TABLE receipts ADD COLUMN chat TEXT",
    # So that the next to be begun is found without sorting all that wait.
    "CREATE INDEX in_line ON messages (rank, may_begin, send_at, id)",
    # So that those whose file is uploaded ahead are found without reading all that wait.
    f"CREATE INDEX files ON messages (ready_at) WHERE {HAS_FILE} AND rank < 2",
)
