/** Below it are all the routes that need a token. */
export const BASE_PATH = '/v1/clinic/insurances'
