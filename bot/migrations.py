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
)
"""Step *n*, counted from 1, leads from version *n* - 1 to version *n*; each is applied in one transaction."""
