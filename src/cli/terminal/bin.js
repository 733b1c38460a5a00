#!/usr/bin/env node
// `npx clinic` is `npm run clinic --`, without npm's lines.
import './preload.js'
const { main } = await import('../index.ts')
await main()
