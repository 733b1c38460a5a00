import type { Command } from '@commander-js/extra-typings'
import { onStore } from '../../environment/choice.ts'
import { example, parseClinic } from '../../terminal/options.ts'
import { changeState } from './state.ts'

export const define = (command: Command) =>
  onStore(command)
    .argument('<id>', 'as `clinic list` shows it', parseClinic)
    .addHelpText(...example('clinic suspend riverside --local'))
    .action((id, options) => changeState(id, 'suspended', options))
