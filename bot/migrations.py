"""The shape of the bot's records, one numbered step after another. A step that was ever released is never edited."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE question (
            id         TEXT PRIMARY KEY,           -- team:channel:ts
            place      INTEGER NOT NULL UNIQUE,    -- in the queue: lowest first
            text       TEXT NOT NULL,
            asker      TEXT NOT NULL,
            team       TEXT NOT NULL,
            channel    TEXT NOT NULL,
            thread_ts  TEXT NOT NULL,
            is_direct  INTEGER NOT NULL,
            ts         TEXT NOT NULL,
            asked_at   TEXT NOT NULL,              -- ISO, UTC, like every *_at
            state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'finished', 'given_up')),
            attempts   INTEGER NOT NULL DEFAULT 0, -- times taken and not put back
            has_reply  INTEGER NOT NULL DEFAULT 0, -- a first message was posted, or was about to be
            reply_ts   TEXT NOT NULL DEFAULT '',   -- that message, once Slack said which
            why        TEXT NOT NULL DEFAULT '',   -- given up: the error's class and message
            taken_at   TEXT NOT NULL DEFAULT '',
            ended_at   TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
        "CREATE INDEX question_in_line ON question (state, place)",
        """
        CREATE TABLE answer (
            question_id TEXT PRIMARY KEY REFERENCES question (id) ON DELETE CASCADE,
            outcome     TEXT NOT NULL CHECK (outcome IN ('answer', 'refusal')),
            reason      TEXT NOT NULL,             -- of a refusal, empty for an answer
            text        TEXT NOT NULL,
            citations   TEXT NOT NULL,             -- JSON, as in bot/answers.py, like passages and timings
            passages    TEXT NOT NULL,             -- what the model was shown, in its order
            prompt      TEXT NOT NULL,
            model       TEXT NOT NULL,
            generation  INTEGER NOT NULL,
            timings     TEXT NOT NULL
        ) STRICT
        """,
    ),
    (
        "ALTER TABLE question ADD COLUMN origin TEXT NOT NULL DEFAULT 'mention'",
        "ALTER TABLE question ADD COLUMN reply_url TEXT NOT NULL DEFAULT ''",  # where a command is answered
        "ALTER TABLE question ADD COLUMN read_as TEXT NOT NULL DEFAULT ''",  # a follow-up made standalone
        "ALTER TABLE question ADD COLUMN alike TEXT NOT NULL DEFAULT ''",  # the same for questions that are the same
        "ALTER TABLE question ADD COLUMN audience TEXT NOT NULL DEFAULT '[]'",  # JSON: whom it was answered for
        "CREATE INDEX question_by_turn ON question (taken_at)",
        "CREATE INDEX question_in_thread ON question (team, channel, thread_ts, asker)",
        "ALTER TABLE answer ADD COLUMN sentences TEXT NOT NULL DEFAULT '[]'",  # JSON, as in bot/answers.py
        "ALTER TABLE answer ADD COLUMN signals TEXT NOT NULL DEFAULT '{}'",  # JSON: what the decision was made on
        """
        CREATE TABLE feedback (
            question_id TEXT NOT NULL,
            person      TEXT NOT NULL,
            verdict     TEXT NOT NULL CHECK (verdict IN ('good', 'bad')),
            reason      TEXT NOT NULL,             -- why it is bad, empty until the person says so
            correction  TEXT NOT NULL,             -- the right answer, in the person's words
            page        TEXT NOT NULL,             -- the right page: its title or address
            given_at    TEXT NOT NULL,
            question    TEXT NOT NULL,             -- as it was read; this and what follows are as at that moment
            outcome     TEXT NOT NULL,             -- JSON of the Answer or Refusal, passages and revisions included
            PRIMARY KEY (question_id, person)
        ) STRICT
        """,
        """
        CREATE TABLE handover (
            question_id TEXT PRIMARY KEY,
            asked_by    TEXT NOT NULL,
            asked_at    TEXT NOT NULL,
            owner       TEXT NOT NULL,             -- the person who was called, empty where nobody is known
            channel     TEXT NOT NULL,
            ts          TEXT NOT NULL DEFAULT '',  -- the message that calls them
            resolved_by TEXT NOT NULL DEFAULT '',
            resolved_at TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
        """
        CREATE TABLE channel (
            team       TEXT NOT NULL,
            id         TEXT NOT NULL,
            wikis      TEXT NOT NULL,              -- JSON list of names, empty for all
            asks_first INTEGER NOT NULL,
            owner      TEXT NOT NULL,              -- a person's id, or empty
            tone       TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            changed_at TEXT NOT NULL,
            PRIMARY KEY (team, id)
        ) STRICT
        """,
        """
        CREATE TABLE journal (
            id     INTEGER PRIMARY KEY,
            at     TEXT NOT NULL,
            person TEXT NOT NULL,
            deed   TEXT NOT NULL                   -- what an admin did, in a few words
        ) STRICT
        """,
        """
        CREATE TABLE cached (
            likeness    TEXT PRIMARY KEY,          -- of the question, its audience and the model
            fingerprint TEXT NOT NULL,             -- of the passages found, revisions included
            outcome     TEXT NOT NULL,             -- JSON of the Answer or Refusal
            kept_at     TEXT NOT NULL
        ) STRICT
        """,
    ),
    ("ALTER TABLE answer ADD COLUMN remark TEXT NOT NULL DEFAULT ''",),  # what an answer leaves open
    (
        """
        CREATE TABLE telling (
            job_id  TEXT NOT NULL,             -- of a job on the index that has not ended, as far as was told
            person  TEXT NOT NULL,             -- who is told how far it is
            kind    TEXT NOT NULL,
            wiki    TEXT NOT NULL,
            channel TEXT NOT NULL,             -- of the message that tells, empty until there is one
            ts      TEXT NOT NULL,
            PRIMARY KEY (job_id, person)
        ) STRICT
        """,
    ),
)
"""Step *n*, counted from 1, leads from version *n* - 1 to version *n*; each is applied in one transaction."""
