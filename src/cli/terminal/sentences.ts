import * as z from 'zod'
import { storageFaultOf } from '../../storage/faults.ts'

// Messages for errors of the system and of storage, each with a remedy. None quotes a value.

const SYSTEM: Record<string, string> = {
  EACCES: 'you may not use it: change its permissions, or choose another place',
  EEXIST: 'it exists: choose another name',
  EISDIR: 'it is a folder: name a file',
  ELOOP: 'its links lead in a circle: name the file itself',
  EMFILE: 'too many files are open: raise `ulimit -n`, then run this again',
  ENAMETOOLONG: 'that name is too long: choose a shorter one',
  ENOENT: 'there is no such file or folder: check the path',
  ENOSPC: 'the disk is full: free some space, then run this again',
  ENOTDIR: 'a part of the path is a file, not a folder: check the path',
  EPERM: 'you may not do that: change its permissions, or choose another place',
  EROFS: 'that disk is read-only: choose another place',
}

const AGAIN = 'what was written so far is complete, so run this again'
const COPY = 'put the folder of the store back from a copy, or delete it to start afresh'

const STORAGE: Record<string, string> = {
  SQLITE_BUSY: `another process is writing to this store: wait for it; ${AGAIN}`,
  SQLITE_LOCKED: `another process is writing to this store: wait for it; ${AGAIN}`,
  SQLITE_FULL: 'the disk is full: free some space, then run this again',
  SQLITE_IOERR: 'the disk reported an error: free some space, or choose another --persist-to',
  SQLITE_READONLY: 'the store may not be written to: change its permissions',
  SQLITE_CANTOPEN: 'the store cannot be opened: check the permissions of its folder',
  SQLITE_CORRUPT: `the store is damaged: ${COPY}`,
  SQLITE_NOTADB: `the store is damaged: ${COPY}`,
}

const systemError = z.object({ code: z.string(), path: z.string(), syscall: z.string() }).partial()

/** Says what a system or storage error means and what to do about it; undefined for any other error. */
export function sentenceOf(error: unknown): string | undefined {
  const fault = storageFaultOf(error)
  if (fault) return STORAGE[fault] ?? `storage does not answer (${fault}); ${AGAIN}`

  const { code = '', path, syscall = 'a file' } = systemError.safeParse(error).data ?? {}
  const sentence = SYSTEM[code]
  return sentence && `${path ?? syscall}: ${sentence} (${code})`
}
