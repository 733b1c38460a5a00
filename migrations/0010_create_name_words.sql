-- Where else than at its beginning search finds a last name: behind each blank, hyphen or apostrophe, as folded text to
-- its end (`marquez` for García Márquez). A name of one word has no row. What stands here follows from the column
-- `last_name_words` of the records.
CREATE TABLE name_words (
  clinic_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  date_of_birth TEXT NOT NULL,
  word TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  PRIMARY KEY (clinic_id, resource, date_of_birth, word, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX name_words_by_word ON name_words (clinic_id, resource, word);
