import { mkdirSync, writeFileSync } from 'node:fs'
import { cliPage } from '../src/cli/reference.ts'
import { configurationPage } from '../src/config/reference.ts'

/** Writes the reference pages that are made from code: `npm run gen:docs`. Tests fail when they are stale. */
const folder = new URL('../docs/reference/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('configuration.md', folder), configurationPage())
writeFileSync(new URL('cli.md', folder), cliPage())
