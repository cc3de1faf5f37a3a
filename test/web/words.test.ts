import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PAGE_PATHS } from '../../src/http/page/page.ts'
import { NODE_STATUSES } from '../../src/model/status.ts'
import { en } from '../../web/src/i18n/en/index.ts'
import { zhCN } from '../../web/src/i18n/zh-CN/index.ts'

const web = join(import.meta.dirname, '../../web/src')

/** `app.nav.home` -> its text. */
function texts(words: object, before = ''): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'string' ? [[before + key, value]] : [...texts(value as object, `${before}${key}.`)],
    ),
  )
}

const english = texts(en)
const chinese = texts(zhCN)

test('every text is there in both languages', () => {
  expect(english.size).toBeGreaterThan(50)
  // Chinese has no form for one.
  expect([...chinese.keys()]).toEqual([...english.keys()].filter((key) => !key.endsWith('_one')))
  expect([...english, ...chinese].filter(([, text]) => text.trim() === '')).toEqual([])
})

test('a translation says the same values as its source', () => {
  const places = (text: string): readonly string[] => (text.match(/\{\{\w+\}\}|<\/?\w+\/?>/g) ?? []).toSorted()
  const wrong = [...chinese].filter(([key, text]) => places(text).join() !== places(english.get(key) ?? '').join())
  expect(wrong).toEqual([])
})

test('what is translated is translated', () => {
  const same = [...chinese].filter(([key, text]) => english.get(key) === text && !/^[\w\s{}.:/#-]*$/.test(text))
  expect(same).toEqual([])
})

test('every status has a word', () => {
  expect(Object.keys(en.status).toSorted()).toEqual([...NODE_STATUSES].toSorted())
})

test('the server knows the first segment of every address of the page', () => {
  const router = readFileSync(join(web, 'app/router.tsx'), 'utf8')
  const paths = [...router.matchAll(/path: '\/([^/']*)/g)].map(([, segment]) => segment ?? '')
  expect(paths.length).toBeGreaterThan(4)
  expect([...new Set(paths)].filter((path) => !(PAGE_PATHS as readonly string[]).includes(path))).toEqual([])
})

test('no component says something that is not among the texts', () => {
  const files = globSync('**/*.tsx', { cwd: web })
  expect(files.length).toBeGreaterThan(8)
  const loose = files.flatMap((file) =>
    [...readFileSync(join(web, file), 'utf8').matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)\s*</g)].map(
      ([, text]) => `${file}: ${text}`,
    ),
  )
  expect(loose).toEqual([])
})
