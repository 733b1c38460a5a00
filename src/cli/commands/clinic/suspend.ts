import { onStore } from '../../environment/command.ts'
import { clinicArgument } from '../../terminal/options.ts'
import { changeState } from './state.ts'

export const command = onStore({
  example: 'suspend riverside --local',
  takes: { id: clinicArgument },
  work: ({ id }, store) => changeState(store, id, 'suspended'),
})
