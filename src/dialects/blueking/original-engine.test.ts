// Trees and words by chance, as bamboo-engine itself has answered them: the file names what was run, and how.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { differences, type OriginalCase } from '../../testing/original-engine.ts'

const file = new URL('fixtures/bamboo-engine.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly OriginalCase[] }

test.each(cases)('the original engine is the same in tree $seed', async (original) => {
  expect(await differences(original)).toEqual([])
})
