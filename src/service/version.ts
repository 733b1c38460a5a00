/** The API's version, that of package.json: importing it from there would bundle all of package.json. */
export const VERSION = '0.1.0'
