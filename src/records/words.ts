import { sql } from 'drizzle-orm/sql/sql'
import { statements } from '../storage/statement.ts'
import { changes, nameWords } from '../storage/tables.ts'
import { KEY } from './idempotency.ts'
import type { Resource } from './resource.ts'
import { used } from './write.ts'

// Search also finds people by the later words of a last name. A record has them in its column `last_name_words`, and
// the table `name_words` indexes them, a row a word. Every write of a record updates those rows right after it.

const { $ } = statements('words', KEY)

/** The columns that the rows are derived from. */
export const SOURCES = ['last_name', 'date_of_birth']

/** Adds the words that the key's records have now. */
export const addWords = ({ name, text, table }: Resource) =>
  statements(`add words of ${name}`, KEY).statement(sql`
    INSERT INTO ${nameWords} (clinic_id, resource, date_of_birth, word, record_id)
    SELECT ${$.clinicId}, ${text}, date_of_birth, word.value, record.id
    FROM ${used.row} CROSS JOIN ${table} AS record ON record.clinic_id = ${$.clinicId}
        AND record.id BETWEEN used.record_id AND used.record_id + used.records - 1
      CROSS JOIN json_each(last_name_words) AS word WHERE ${used.isOurs}
    ON CONFLICT DO NOTHING`)

/** Removes the words that the key's record had before this change but no longer has. */
export const removeWords = ({ name, text, table }: Resource) =>
  statements(`remove words of ${name}`, KEY).statement(sql`
    DELETE FROM ${nameWords} WHERE (clinic_id, resource, date_of_birth, word, record_id) IN (
      SELECT ${$.clinicId}, ${text}, before ->> 'date_of_birth', word.value, change.record_id
      FROM ${used.row} CROSS JOIN ${changes} AS change ON change.clinic_id = ${$.clinicId} AND resource = ${text}
          AND change.record_id = used.record_id AND change.version = used.version
          AND change.request_id = used.request_id
        CROSS JOIN json_each(before ->> 'last_name_words') AS word
      WHERE ${used.isOurs} AND NOT EXISTS (
        SELECT * FROM ${table} AS record CROSS JOIN json_each(last_name_words) AS kept
        WHERE record.clinic_id = ${$.clinicId} AND record.id = used.record_id
          AND date_of_birth = before ->> 'date_of_birth' AND kept.value = word.value))`)
