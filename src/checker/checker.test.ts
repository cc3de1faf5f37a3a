import { expect, onTestFinished, test } from 'vitest'
import { TEXT_MAX } from '../definition/limits.ts'
import { parseDefinition } from '../definition/parse-definition.ts'
import { stepSpecs } from '../steps/index.ts'
import { DefinitionChecker, type CheckerOptions } from './checker.ts'

function openChecker(options: CheckerOptions = {}): DefinitionChecker {
  const checker = new DefinitionChecker(options)
  onTestFinished(() => checker.close())
  return checker
}

/** A thread that does what the text says, and counts the texts that it was given. */
const OBEDIENT = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    let count = 0
    parentPort.on('message', ({ text }) => {
      count += 1
      if (text.startsWith('hang')) for (;;);
      if (text.startsWith('throw')) throw new Error('broken')
      if (text.startsWith('fill')) { const all = []; for (;;) all.push(new Array(100000).fill(all.length)) }
      parentPort.postMessage({ ok: false, errors: [{ message: 'text ' + count }] })
    })
  `)}`,
)
const long = (word: string): string => word.padEnd(20_000, '.')
const many = `name: many\ntasks:\n${Array.from({ length: 1_000 }, (_, at) => `  - {key: t${at}, uses: noop}\n`).join('')}`

test('a text is checked as it would be here, be it short, long or wrong, and the server goes on meanwhile', async () => {
  const checker = openChecker({ limitMs: 60_000 })
  const texts = [
    'name: x\ntasks: [{key: a, uses: noop}]\n',
    'name: [',
    many,
    `${many}tiemout: 1\n`,
    '#'.repeat(TEXT_MAX + 1),
  ]
  let turns = 0
  const count = setInterval(() => (turns += 1), 1)
  const results = await Promise.all(texts.map((text) => checker.check(text, 'a.yaml')))
  clearInterval(count)
  expect(results).toEqual(texts.map((text) => parseDefinition(text, 'a.yaml', stepSpecs)))
  expect(results.map(({ ok }) => ok)).toEqual([true, false, true, false, false])
  expect(turns).toBeGreaterThan(0)
})

test.each([
  ['hang', 'the text could not be checked within 1 s'],
  ['throw', 'the text could not be checked: broken'],
  ['fill', 'the text could not be checked: Worker terminated due to reaching memory limit: JS heap out of memory'],
])('a text that makes the thread %s is refused, and the next one gets a new thread', async (word, message) => {
  const checker = openChecker({ script: OBEDIENT, limitMs: word === 'hang' ? 1_000 : 60_000, memoryMaxMib: 32 })
  const results = await Promise.all(['good', word, 'good', 'good'].map((text) => checker.check(long(text), 'a.yaml')))
  const said = results.map((result) => (result.ok ? [] : result.errors.map((error) => error.message)))
  expect(said).toEqual([['text 1'], [message], ['text 1'], ['text 2']])
})

test('no more texts wait than there is room for', async () => {
  const checker = openChecker({ script: OBEDIENT, limitMs: 60_000 })
  const results = await Promise.all(Array.from({ length: 40 }, () => checker.check(long('good'), 'a.yaml')))
  const messages = results.flatMap((result) => (result.ok ? [] : result.errors.map((error) => error.message)))
  expect(messages.slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, at) => `text ${at + 1}`))
  expect(new Set(messages.slice(32))).toEqual(new Set(['32 other long texts wait to be checked: try again']))
  expect(await checker.check(long('good'), 'a.yaml')).toMatchObject({ errors: [{ message: 'text 33' }] })
})

test('a checker that is closed refuses what it was at', async () => {
  const checker = openChecker({ script: OBEDIENT })
  const result = checker.check(long('hang'), 'a.yaml')
  await Promise.resolve()
  await checker.close()
  expect(await result).toMatchObject({ errors: [{ message: 'the text could not be checked: the server is closing' }] })
})
