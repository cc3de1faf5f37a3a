import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInstance, type TFunction } from 'i18next'
import { describe, expect, test } from 'vitest'
import { PAGE_PATHS } from '../../src/http/page/page.ts'
import { EXPLANATION_CODES } from '../../src/model/explanation.ts'
import { failureStatus } from '../../src/model/failure.ts'
import { PROBLEM_CODES } from '../../src/model/problem.ts'
import { NODE_STATUSES } from '../../src/model/status.ts'
import { en } from '../../web/src/i18n/en/index.ts'
import { sentence } from '../../web/src/i18n/en/sentence.ts'
import { reasonText } from '../../web/src/i18n/sentences.ts'
import { zhCN } from '../../web/src/i18n/zh-CN/index.ts'

const src = join(import.meta.dirname, '../../src')
const web = join(import.meta.dirname, '../../web/src')

/** `app.nav.home` -> its text. */
function texts(words: object, before = ''): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'string' ? [[before + key, value]] : [...texts(value as object, `${before}${key}.`)],
    ),
  )
}

/** As the page says it in Chinese. */
async function chineseWords(): Promise<TFunction> {
  const words = createInstance()
  await words.init({
    lng: 'zh-CN',
    resources: { 'zh-CN': { translation: zhCN } },
    interpolation: { escapeValue: false },
  })
  return words.t
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

describe('sentences of the server', () => {
  const templates = texts(sentence)
  const said = globSync('{engine,host,runner,steps,model}/**/*.ts', { cwd: src })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(src, file), 'utf8'))
    .join('\n')

  test('are such that it says: none is left of a wording that is gone', () => {
    expect(templates.size).toBeGreaterThan(30)
    const gone = [...templates].filter(
      ([, text]) =>
        !text
          .split(/\{\{\w+\}\}/)
          // What joins two values is too short to be found again.
          .filter((part) => part.trim().length > 6)
          .every((part) => said.includes(part.trim())),
    )
    expect(gone).toEqual([])
  })

  test('are said in Chinese with what stands in them; what is not known stays as it is', async () => {
    const t = await chineseWords()
    expect([
      reasonText(t, 'its runner was silent for 30 s'),
      reasonText(t, 'the answer has status 503, expected 200 or 2xx'),
      reasonText(t, '3 of 40 tests failed, and 1 may fail'),
      reasonText(t, '3 of 40 tests failed'),
      reasonText(t, 'there is no secret DEPLOY_KEY: set it for the pipeline or its project'),
      reasonText(t, 'something that nobody has foreseen'),
      reasonText(t, `its runner went away${' '.repeat(3_000)}`).length,
    ]).toEqual([
      '其执行器已 30 秒没有响应',
      '响应状态码为 503，期望 200 or 2xx',
      '40 个测试中有 3 个失败，最多允许 1 个',
      '40 个测试中有 3 个失败',
      '没有密钥 DEPLOY_KEY：请为流水线或其项目设置',
      'something that nobody has foreseen',
      3_020,
    ])
  })
})

test('every kind of failure, every reason to be skipped, every explanation and every refusal has its words', () => {
  expect(Object.keys(zhCN.failure.hint).toSorted()).toEqual(Object.keys(failureStatus).toSorted())
  for (const kind of Object.keys(failureStatus)) expect(Object.keys(zhCN.failure.say)).toContain(kind)
  for (const code of EXPLANATION_CODES) expect(Object.keys(zhCN.reason)).toContain(code)
  for (const code of PROBLEM_CODES) expect(Object.keys(zhCN.problem)).toContain(code)
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
