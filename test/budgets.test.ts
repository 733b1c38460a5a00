import { budgetsHoldUpTo } from './support/budgets.ts'

budgetsHoldUpTo(2000)
