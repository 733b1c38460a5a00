-- Where else search finds a last name, apart from its beginning: after each blank, hyphen or apostrophe, as folded text
-- up to the end (`marquez` for García Márquez). A name of one word has no row. The rows are derived from the records'
-- column `last_name_words`.
CREATE TABLE name_words (
  clinic_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  date_of_birth TEXT NOT NULL,
  word TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  PRIMARY KEY (clinic_id, resource, date_of_birth, word, record_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX name_words_by_word ON name_words (clinic_id, resource, word);
