import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SCRIPTS = ['prove', 'simulate', 'crash', 'chaos', 'claims', 'cut', 'masks', 'image'] as const

interface Said {
  readonly code: number
  readonly output: string
  readonly errors: string
}

function script(name: string, ...words: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    const path = join(ROOT, 'scripts', `${name}.ts`)
    const flags = ['--disable-warning=ExperimentalWarning', path, ...words]
    execFile(process.execPath, flags, (error, output, errors) => {
      resolve({ code: error === null ? 0 : Number(error.code), output, errors })
    })
  })
}

describe.each(SCRIPTS)('npm run %s', (name) => {
  test('--help says what it looks at and what it takes', async () => {
    const { code, output } = await script(name, '--help')
    expect(code).toBe(0)
    expect(output).toMatch(new RegExp(`^Usage: npm run ${name} -- \\[options\\]\n\n\\w.{30}`))
    expect(output).toContain('--json')
  })

  test('what it does not know is named, before anything is done', async () => {
    const { code, output, errors } = await script(name, '--lots')
    expect({ code, output, errors }).toEqual({ code: 2, output: '', errors: "error: unknown option '--lots'\n" })
  })
})

test.each([
  ['simulate', '--days', '0', 'from 1'],
  ['simulate', '--seed', '1e3', 'from 0'],
  ['chaos', '--servers', '65', 'from 1 to 64'],
  ['claims', '--count', 'many', 'from 1'],
  ['cut', '--lease', '', 'from 500 to 60000'],
])('npm run %s: %s %s is no whole number %s', async (name, option, value, range) => {
  const { code, errors } = await script(name, option, value)
  expect(code).toBe(2)
  expect(errors).toContain(`${option} <n>' argument '${value}' is invalid. Expected a whole number ${range}.`)
})

test('a word that is none of those that may be is told with them', async () => {
  const { code, errors } = await script('crash', '--store', 'mysql')
  expect(code).toBe(2)
  expect(errors).toContain("argument 'mysql' is invalid. Allowed choices are sqlite, postgres.")
})
