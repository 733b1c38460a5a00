import { budgetsHoldUpTo } from './support/budgets.ts'

budgetsHoldUpTo(100_000)
