"""The tables of the catalogue, and how an older catalogue becomes a newer one.

wiki ── page ── passage ──┬── words       full text, by triggers
          │               └── code_parts  names and codes in three-letter pieces, by triggers
          └ rights ── layer               who may read it
failure (pages that could not be read)   embedding (vectors by content)   token_vectors (by content, for MaxSim)
sketch (of texts by content, for reports)
past (former texts)   refresh (one row each)   lease (who works)   request (what was asked for)   fact (single values)
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
    """
    CREATE TABLE rights (
        id      INTEGER PRIMARY KEY,
        readers TEXT NOT NULL UNIQUE,  -- a sorted JSON list of layers, each a sorted list of principals
        layers  INTEGER NOT NULL       -- how many must let an asker in
    );
    CREATE TABLE layer (
        principal TEXT NOT NULL,
        rights    INTEGER NOT NULL REFERENCES rights ON DELETE CASCADE,
        number    INTEGER NOT NULL,
        PRIMARY KEY (rights, principal, number)
    ) WITHOUT ROWID;
    ALTER TABLE page ADD COLUMN rights INTEGER REFERENCES rights;  -- without, nobody may read it
    CREATE INDEX page_by_rights ON page (rights);

    CREATE TEMPORARY TABLE had AS
    SELECT page, json_array(json(json_group_array(principal))) AS readers
    FROM (SELECT page, principal FROM reader ORDER BY page, principal) GROUP BY page;
    INSERT INTO rights (readers, layers) SELECT DISTINCT readers, 1 FROM had;
    INSERT INTO layer SELECT value, rights.id, 0 FROM rights, json_each(readers, '$[0]');
    UPDATE page SET rights = (SELECT rights.id FROM had JOIN rights USING (readers) WHERE had.page = page.id);
    DROP TABLE had;
    DROP TABLE reader;
    """,
    """
    ALTER TABLE wiki ADD COLUMN cursor TEXT;                          -- where its changes go on; NULL: at the beginning
    ALTER TABLE wiki ADD COLUMN listed_at TEXT NOT NULL DEFAULT '';   -- when a complete listing was last compared
    ALTER TABLE wiki ADD COLUMN recipe TEXT NOT NULL DEFAULT '';      -- under which recipe that was
    ALTER TABLE wiki ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;   -- pages that are gone and wait for an admin
    ALTER TABLE page ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;    -- complete listings in a row that left it out
    ALTER TABLE failure ADD COLUMN kind TEXT NOT NULL DEFAULT 'unreadable';
    ALTER TABLE refresh ADD COLUMN done INTEGER NOT NULL DEFAULT 0;      -- pages looked at
    ALTER TABLE refresh ADD COLUMN expected INTEGER NOT NULL DEFAULT 0;  -- of so many

    CREATE TABLE lease (
        id    INTEGER PRIMARY KEY CHECK (id = 1),
        owner TEXT NOT NULL,     -- empty where nobody works
        fence INTEGER NOT NULL,  -- one more for each owner; a write under a smaller one is refused
        until TEXT NOT NULL      -- ISO date and time in UTC
    );
    INSERT INTO lease VALUES (1, '', 0, '');

    CREATE TABLE request (
        id       INTEGER PRIMARY KEY,
        wiki     TEXT NOT NULL,     -- empty for all of them
        wishes   TEXT NOT NULL,     -- a sorted JSON list
        asked_at TEXT NOT NULL,
        taken_at TEXT NOT NULL DEFAULT '',
        ended_at TEXT NOT NULL DEFAULT '',
        outcome  TEXT NOT NULL DEFAULT ''
    );
    CREATE UNIQUE INDEX request_waiting ON request (wiki, wishes) WHERE taken_at = '';

    ALTER TABLE page ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;  -- not yet there in the generation that is shown
    ALTER TABLE page ADD COLUMN former INTEGER REFERENCES rights;   -- who might read the former text that is shown
    CREATE INDEX page_by_former ON page (former);
    CREATE TABLE past (
        page       INTEGER NOT NULL REFERENCES page ON DELETE CASCADE,
        generation INTEGER NOT NULL,  -- the one that changed it
        noted_at   TEXT NOT NULL,
        state      BLOB,              -- before that, packed; NULL: there was no such page
        readers    TEXT,              -- who might read that, as JSON
        PRIMARY KEY (page, generation)
    ) WITHOUT ROWID;
    CREATE INDEX past_by_generation ON past (generation);
    """,
    """
    ALTER TABLE page ADD COLUMN anchors TEXT NOT NULL DEFAULT '[]';  -- of its headings, a JSON list
    ALTER TABLE page ADD COLUMN links TEXT NOT NULL DEFAULT '[]';    -- to sections: a JSON list of page id and anchor
    """,
    """
    CREATE INDEX page_by_wiki ON page (wiki, hidden);
    CREATE INDEX passage_by_embedder ON passage (embedder);
    CREATE INDEX embedding_by_use ON embedding (used_at);
    CREATE INDEX token_vectors_by_use ON token_vectors (used_at);
    """,
    """
    CREATE TABLE sketch (
        sha   TEXT PRIMARY KEY,  -- the page's
        drawn TEXT NOT NULL      -- the share in tables and the bands, a JSON list
    ) WITHOUT ROWID;
    ALTER TABLE refresh ADD COLUMN summary TEXT NOT NULL DEFAULT '';  -- of the report at its end, as JSON
    """,
    """
    DROP INDEX request_waiting;  -- two alike may wait after all: one that was put back, and one asked for meanwhile
    ALTER TABLE request ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;     -- of the lease under which it was taken
    ALTER TABLE request ADD COLUMN ending TEXT NOT NULL DEFAULT '';      -- done, failed or stopped
    ALTER TABLE request ADD COLUMN stop INTEGER NOT NULL DEFAULT 0;      -- an admin wants it to end
    ALTER TABLE request ADD COLUMN done INTEGER NOT NULL DEFAULT 0;      -- pages looked at
    ALTER TABLE request ADD COLUMN expected INTEGER NOT NULL DEFAULT 0;  -- of so many
    ALTER TABLE request ADD COLUMN result TEXT NOT NULL DEFAULT '';      -- what the refresh came to, as JSON
    UPDATE request SET ending = iif(outcome = 'done', 'done', 'failed') WHERE ended_at != '';
    """,
)
"""Each takes the catalogue one version further; a released one is never edited."""

VERSION = len(MIGRATIONS)
