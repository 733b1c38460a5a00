import { listTokens } from '../../../operator/tokens.ts'
import { isWellFormedToken, tokenIdOf, tokenKey } from '../../../tokens/token.ts'
import { readAll } from '../../files/input.ts'
import type { Store } from '../../environment/open.ts'
import { askSecret, canAsk } from '../../terminal/ask.ts'
import { argument, option, type Values } from '../../terminal/command.ts'
import { Failure, Misuse } from '../../terminal/failure.ts'

/** KV caches reads at the edge for a while. */
export const KV_DELAY = 'At Cloudflare it can take up to 70 seconds until this is known everywhere.'

export const tokenWords = {
  id: argument<string | undefined>('[id]', 'its id (default: asks for the token)'),
  tokenFile: option('--token-file <file>', 'a file that holds the token itself (- for stdin)'),
}
type Named = Values<typeof tokenWords>

/** Finds the named token. Throws Failure and Misuse. */
export async function findNamed(named: Named, { kv, environment }: Store) {
  const [stored] = await listTokens(kv, await idOf(named))
  if (stored) return stored
  throw new Failure(`no such token: see \`npm run clinic -- token list ${environment.flags}\``)
}

async function idOf({ id, tokenFile }: Named): Promise<string> {
  if (id !== undefined) {
    if (/^[0-9a-f]{16}$/.test(id)) return id
    // A token in the arguments would end up in the shell's history.
    throw new Misuse(
      'name a token by its id, 16 hex digits as `token list` shows it, or put it in a --token-file',
    )
  }
  if (tokenFile === undefined && !canAsk()) {
    throw new Misuse('say which token: its id, or --token-file FILE (- for stdin)')
  }
  const token = tokenFile === undefined ? await askSecret('The token') : await readAll(tokenFile)
  if (isWellFormedToken(token.trim())) return tokenIdOf(await tokenKey(token.trim()))
  throw new Failure('that is not a token: a character is wrong or missing')
}
