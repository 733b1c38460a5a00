/** `SSN_PUBLIC_KEY` of the top level of wrangler.toml: the key comes from the `.dev.vars` of this machine. */
export const LOCAL = 'local'

/** Where the KV of a local store keeps the public key that its SSNs are sealed to. */
export const LOCAL_KEY = 'local-ssn-public-key'

type Keys = { SSN_PUBLIC_KEY?: string; LOCAL_SSN_PUBLIC_KEY?: string }

/**
 * The public key to seal to. Wrangler reads `.dev.vars` for every environment, so what stands there counts only where
 * wrangler.toml asks for it: no real SSN is sealed to a key of somebody's machine.
 */
export const sealingKey = ({ SSN_PUBLIC_KEY, LOCAL_SSN_PUBLIC_KEY }: Keys) =>
  SSN_PUBLIC_KEY === LOCAL ? LOCAL_SSN_PUBLIC_KEY : SSN_PUBLIC_KEY
