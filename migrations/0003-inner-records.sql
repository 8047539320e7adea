-- Rows that are not in the table of their file: a record inside another record (a finding in an EventBridge event, a line of
-- a flow log in a CloudWatch log event), and a record of another source between those of the file.
CREATE TABLE inner_record (
  id         INTEGER PRIMARY KEY,                  -- row in table <source>, or in duplicate
  source     TEXT NOT NULL,
  carrier    TEXT,                                 -- table of the record around it; NULL: it stands in the file by itself
  carrier_id INTEGER,                              -- row there, or in duplicate
  steps      TEXT                                  -- form 2: how its text is taken out of the bytes, docs/import.md
) STRICT;
