import { budgetsHoldUpTo } from './support/budgets.ts'
import { thorough } from './support/thorough.ts'

budgetsHoldUpTo(thorough(1_000_000, 10_000))
