// openapi-typescript prints through the compiler's own API, which TypeScript 7 no longer has.
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === 'typescript' ? 'typescript-5' : specifier, context),
})
