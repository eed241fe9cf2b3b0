-- The journal of one store. Version 3 (PRAGMA user_version); application_id 'TLJ1'.
-- Append-only but for meta, cursors and source_numbers, which are overwritten in the commit of the deltas that
-- they speak of, and for what is cleared: all up to meta's complete_after counts as gone, whether its rows are still
-- there or not, but for one snapshot of each event, its newest up to there. From that its deltas go on.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,            -- epoch, head (last offset committed); relaxed: 1 from the start of a writer
                                     -- that publishes before it commits to its clean end, 0 behind that;
                                     -- since version 3, in a store that was cleared: complete_after (the last
                                     -- offset of the last batch that is gone) and cleared_checksum (that batch's)
  value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sources (
  number INTEGER PRIMARY KEY,        -- dense from 1
  name   TEXT NOT NULL UNIQUE
);

CREATE TABLE events (
  handle INTEGER PRIMARY KEY,        -- dense from 1
  id     TEXT NOT NULL UNIQUE
);

-- One row a commit. `items` is the body that went out on the wire: [handle << 1][length][block] for each delta.
CREATE TABLE batches (
  first_offset INTEGER PRIMARY KEY,
  count        INTEGER NOT NULL,
  committed_ms INTEGER NOT NULL,     -- when it was handed to the disk
  snapshots    INTEGER NOT NULL,     -- rows of `snapshots` written with it
  items        BLOB NOT NULL,
  ingest_times BLOB NOT NULL,        -- zigzag varints, steps in ms
  checksum     INTEGER NOT NULL      -- FNV-1a 64 over all of the above
);

-- Where an event's deltas are: the past of one event costs by that event alone.
CREATE TABLE event_batches (
  event     INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  count     INTEGER NOT NULL,
  batch     INTEGER NOT NULL,        -- batches.first_offset
  PRIMARY KEY (event, first_seq)
) WITHOUT ROWID;

-- States in full, so that the past need not be read from its beginning.
CREATE TABLE snapshots (
  event          INTEGER NOT NULL,
  seq            INTEGER NOT NULL,
  last_offset    INTEGER NOT NULL,   -- of the delta that led to it
  source_time_ms INTEGER NOT NULL,
  ingest_time_ms INTEGER NOT NULL,
  digest         INTEGER NOT NULL,
  state          BLOB NOT NULL,      -- one block against the empty state, zstd
  late           INTEGER NOT NULL DEFAULT 0,  -- 1: made when the past before it was cleared, and not counted in
                                              -- batches.snapshots; since version 3
  published_ms   INTEGER NOT NULL DEFAULT 0,  -- 0: what its batch says; since version 3
  UNIQUE (event, seq)
);

CREATE TABLE source_numbers (
  source INTEGER NOT NULL,
  event  INTEGER NOT NULL,
  number INTEGER NOT NULL,           -- last one taken
  PRIMARY KEY (source, event)
) WITHOUT ROWID;

CREATE TABLE cursors (
  recording   TEXT PRIMARY KEY,
  byte        INTEGER NOT NULL,
  line        INTEGER NOT NULL,
  time_ms     INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL,
  token       TEXT NOT NULL DEFAULT ''  -- a source's own mark to go on from (Betfair's clocks); since version 2
) WITHOUT ROWID;

-- Messages that were refused. The oldest go at every 1,000th, so that 10,000 are left: never more than 10,999.
CREATE TABLE rejected (
  id      INTEGER PRIMARY KEY,
  source  TEXT NOT NULL,
  line    INTEGER NOT NULL,
  byte    INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  reason  TEXT NOT NULL,
  content BLOB NOT NULL
);
