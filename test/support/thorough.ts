/** How often a long test does what it does: so often with `THOROUGH=1`, when the whole takes an hour, else less often. */
export const thorough = (all: number, otherwise: number) =>
  process.env['THOROUGH'] ? all : otherwise
