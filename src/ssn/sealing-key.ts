/** `SSN_PUBLIC_KEY` at the top level of wrangler.toml: the key is in this machine's `.dev.vars`. */
export const LOCAL = 'local'

/** The KV key under which a local store keeps the public key that its SSNs are sealed to. */
export const LOCAL_KEY = 'local-ssn-public-key'

type Keys = { SSN_PUBLIC_KEY?: string; LOCAL_SSN_PUBLIC_KEY?: string }

/**
 * The public key to seal to. Wrangler reads `.dev.vars` for every environment, so its key counts only if wrangler.toml
 * asks for it: no real SSN must be sealed to a developer's own key.
 */
export const sealingKey = ({ SSN_PUBLIC_KEY, LOCAL_SSN_PUBLIC_KEY }: Keys) =>
  SSN_PUBLIC_KEY === LOCAL ? LOCAL_SSN_PUBLIC_KEY : SSN_PUBLIC_KEY
