/** All routes that need a token are below it. */
export const BASE_PATH = '/v1/clinic/insurances'
