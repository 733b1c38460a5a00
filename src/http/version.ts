/** The API's version, that of package.json: importing it from there would bundle all of package.json. */
export const VERSION = '1.0.0'

/** The build sets its commit; sources that aren't built have none. */
declare const BUILT_FROM: string | undefined
export const COMMIT = (typeof BUILT_FROM === 'string' && BUILT_FROM) || null
