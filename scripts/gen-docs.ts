import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cliPage } from '../src/cli/reference.ts'
import { configurationPage } from '../src/config/reference.ts'
import { dialects } from '../src/dialects/index.ts'
import { withEndpointTable } from '../src/dialects/kit/endpoints.ts'

/** Writes the pages, and parts of pages, that are made from code: `npm run gen:docs`. Tests fail when they are stale. */
const folder = new URL('../docs/reference/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('configuration.md', folder), configurationPage())
writeFileSync(new URL('cli.md', folder), cliPage())

for (const { name, endpoints } of dialects) {
  if (endpoints === undefined) continue
  for (const path of [`../src/dialects/${name}/README.md`, `../docs/dialects/${name}.md`]) {
    const page = new URL(path, import.meta.url)
    writeFileSync(page, withEndpointTable(readFileSync(page, 'utf8'), endpoints))
  }
}
