import type { Environment } from '../../environment/choose.ts'

/** What was found and, if something is wrong, or will be soon, what puts it right. */
export type Finding = [found: string, fix?: string, when?: 'soon']

export const setUp = ({ flags }: Environment) => `run \`npm run clinic -- setup ${flags}\``
