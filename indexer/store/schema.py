"""The tables of the catalogue, and how an older catalogue becomes a newer one.

wiki ── page ──┬── reader      who may read it
               └── passage ──┬── words       full text, by triggers
                             └── code_parts  names and codes in three-letter pieces, by triggers
failure (pages that could not be read)   embedding (vectors by content)   token_vectors (by content, for MaxSim)
refresh (one row each)                   fact (single values)
"""

APPLICATION_ID = 0x466F6F74  # "Foot": tells our file from any other SQLite database

MIGRATIONS = (
    """
    CREATE TABLE fact (
        name  TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO fact VALUES ('generation', '0'), ('catalogue', lower(hex(randomblob(16))));

    CREATE TABLE wiki (
        name         TEXT PRIMARY KEY,
        last_success TEXT NOT NULL DEFAULT '',  -- ISO date and time in UTC of the last complete refresh
        problem      TEXT NOT NULL DEFAULT ''   -- what stood in the way of the last one, in a sentence
    ) WITHOUT ROWID;

    CREATE TABLE page (
        id         INTEGER PRIMARY KEY,
        wiki       TEXT NOT NULL REFERENCES wiki ON DELETE CASCADE,
        page_id    TEXT NOT NULL,
        stamp      TEXT NOT NULL,
        recipe     TEXT NOT NULL,  -- how its passages were made; another recipe makes them anew
        sha        TEXT NOT NULL,  -- of title, text and blocks
        revision   TEXT NOT NULL,
        title      TEXT NOT NULL,
        url        TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        text       TEXT NOT NULL,
        UNIQUE (wiki, page_id)
    );

    CREATE TABLE reader (
        page      INTEGER NOT NULL REFERENCES page ON DELETE CASCADE,
        principal TEXT NOT NULL,
        PRIMARY KEY (page, principal)
    ) WITHOUT ROWID;
    CREATE INDEX reader_by_principal ON reader (principal);

    CREATE TABLE passage (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: it is the key in a snapshot
        page       INTEGER NOT NULL REFERENCES page ON DELETE CASCADE,
        ord        INTEGER NOT NULL,
        headings   TEXT NOT NULL,  -- a JSON list
        anchor     TEXT NOT NULL,
        start      INTEGER NOT NULL,
        "end"      INTEGER NOT NULL,
        breadcrumb TEXT NOT NULL,
        lead       TEXT NOT NULL,
        body       TEXT NOT NULL,
        codes      TEXT NOT NULL,  -- the names and codes in it, one a line
        sha        TEXT NOT NULL,  -- of what it says, where, and the embedder
        embedder   TEXT NOT NULL,
        vector     BLOB NOT NULL,  -- float16, of length 1
        text       TEXT AS (CASE lead WHEN '' THEN body ELSE lead || char(10) || body END) VIRTUAL
    );
    CREATE INDEX passage_by_page ON passage (page);

    CREATE VIRTUAL TABLE words USING fts5 (
        breadcrumb, text, content = 'passage', content_rowid = 'id',
        tokenize = 'porter unicode61 remove_diacritics 2'
    );
    CREATE VIRTUAL TABLE code_parts USING fts5 (
        codes, content = 'passage', content_rowid = 'id', tokenize = 'trigram'
    );
    CREATE TRIGGER passage_added AFTER INSERT ON passage BEGIN
        INSERT INTO words (rowid, breadcrumb, text) VALUES (new.id, new.breadcrumb, new.text);
        INSERT INTO code_parts (rowid, codes) VALUES (new.id, new.codes);
    END;
    CREATE TRIGGER passage_removed AFTER DELETE ON passage BEGIN
        INSERT INTO words (words, rowid, breadcrumb, text) VALUES ('delete', old.id, old.breadcrumb, old.text);
        INSERT INTO code_parts (code_parts, rowid, codes) VALUES ('delete', old.id, old.codes);
    END;

    CREATE TABLE failure (
        wiki     TEXT NOT NULL REFERENCES wiki ON DELETE CASCADE,
        page_id  TEXT NOT NULL,
        stamp    TEXT NOT NULL,
        why      TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_try TEXT NOT NULL,  -- ISO date and time in UTC
        PRIMARY KEY (wiki, page_id)
    ) WITHOUT ROWID;

    CREATE TABLE embedding (
        sha     TEXT PRIMARY KEY,  -- of the embedder and the text
        vector  BLOB NOT NULL,
        used_at TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE refresh (
        id         INTEGER PRIMARY KEY,
        started_at TEXT NOT NULL,
        ended_at   TEXT NOT NULL DEFAULT '',  -- empty while it runs, and for ever if it was killed
        counts     TEXT NOT NULL DEFAULT '{}',
        generation INTEGER NOT NULL DEFAULT 0
    );
    """,
    """
    ALTER TABLE passage ADD COLUMN text_sha TEXT NOT NULL DEFAULT '';  -- of the embedder and the indexed text
    CREATE INDEX passage_by_text ON passage (text_sha);

    CREATE TABLE token_vectors (
        sha     TEXT PRIMARY KEY,  -- of the embedder and the text
        packed  BLOB NOT NULL,     -- int8 of shape (tokens, 128)
        used_at TEXT NOT NULL
    );
    """,
)
"""Each takes the catalogue one version further; a released one is never edited."""

VERSION = len(MIGRATIONS)
