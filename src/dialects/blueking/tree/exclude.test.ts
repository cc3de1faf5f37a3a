import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../model/json.ts'
import { excludeNodes } from './exclude.ts'

interface Case {
  readonly tree: JsonObject
  readonly exclude: readonly string[]
  readonly left: JsonObject
}

const file = new URL('../fixtures/excluded-trees.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Case[] }

test.each(cases.map((one, at) => [at + 1, one] as const))(
  'case %i: without some nodes a tree is what the original leaves of it, the forms of its lists included',
  (_, { tree, exclude, left }) => {
    const got = excludeNodes(tree, exclude)
    expect(got.ok && got.tree).toEqual(left)
    const keys = (one: JsonObject): readonly string[] => Object.keys(one['constants'] as JsonObject)
    expect(got.ok && keys(got.tree)).toEqual(keys(left))
  },
)
