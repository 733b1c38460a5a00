import { onStore } from '../../environment/command.ts'
import { clinicArgument } from '../../terminal/options.ts'
import { changeState } from './state.ts'

export const command = onStore({
  example: 'open riverside --local',
  takes: { id: clinicArgument },
  work: ({ id }, store) => changeState(store, id, 'open'),
})
