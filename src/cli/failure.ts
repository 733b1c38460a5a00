/** Something the operator can put right; its message says how. Anything else that throws is our fault. */
export class Failure extends Error {}

/** The command line itself is at fault: an option missing or malformed. */
export class Misuse extends Failure {}
