-- The simulator's own memory. The write-ahead log survives the end of the process; only a power cut could
-- take the last moments, and this is a desk.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;

CREATE TABLE IF NOT EXISTS people (
    bsuid text PRIMARY KEY,
    wa_id text UNIQUE,
    name  text NOT NULL,
    added real NOT NULL
);

CREATE TABLE IF NOT EXISTS messages (
    wamid     text PRIMARY KEY,
    chat      text NOT NULL,    -- wa_id, or BSUID of somebody who hides the number
    direction text NOT NULL,    -- 'in': to the business, 'out': to the person
    body      text NOT NULL,    -- JSON, as on the wire
    status    text NOT NULL,
    at        real NOT NULL,    -- Unix seconds
    error     integer
);
CREATE INDEX IF NOT EXISTS messages_chat ON messages (chat, at);

CREATE TABLE IF NOT EXISTS updates (
    id        integer PRIMARY KEY AUTOINCREMENT,
    change    text NOT NULL,    -- JSON: {"field", "value"}
    is_status integer NOT NULL,
    about     text              -- wamid of the person's message that is delivered with it
);

CREATE TABLE IF NOT EXISTS files (
    id        text PRIMARY KEY,
    mime_type text NOT NULL,
    filename  text,
    data      blob NOT NULL
);
