import { execFileSync } from 'node:child_process'
import { PROJECT } from './project.ts'

/** Makes the bundle that ships; the tests run that and nothing else. */
export default function build() {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: PROJECT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
