// Trees and words by chance, as bamboo-engine itself has answered them: the file names what was run, and how.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { differences, type OriginalCase } from '../../testing/original-engine.ts'

const casesIn = (name: string): readonly OriginalCase[] => {
  const file = new URL(`fixtures/${name}.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly OriginalCase[] }).cases
}

test.each([...casesIn('bamboo-engine'), ...casesIn('bamboo-engine-timing'), ...casesIn('bamboo-engine-passes')])(
  'the original engine is the same in tree $seed',
  async (original) => {
    expect(await differences(original)).toEqual([])
  },
)
