import { expect, test } from 'vitest'
import { stepSpecs } from '../../test/support/step-specs.ts'
import { parseDefinition } from './parse-definition.ts'

test('a small definition is read', () => {
  expect(
    parseDefinition('name: web\ntasks:\n  - name: compile\n    script: make\n', 'web.yaml', stepSpecs),
  ).toMatchObject({
    ok: true,
    definition: { name: 'web', stages: [{ key: 'web', tasks: [{ key: 'compile', work: { kind: 'runner' } }] }] },
  })
})
