import { describe, expect, test } from 'vitest'
import { createLog, type LogOptions, readableLine } from './log.ts'

function logged(options: Partial<LogOptions>, say: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = []
  say(createLog({ level: 'info', readable: false, write: (line) => lines.push(line), ...options }))
  return lines
}

test('a line is one JSON object with level, time and message', () => {
  const [line = '', ...more] = logged({}, (log) => log.warn({ run: 'abc' }, 'so it is'))
  expect(more).toEqual([])
  expect(line.endsWith('\n')).toBe(true)
  expect(JSON.parse(line)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    run: 'abc',
    msg: 'so it is',
  })
})

test('what is below the level is not said', () => {
  const lines = logged({ level: 'warn' }, (log) => {
    log.info({}, 'no')
    log.error({}, 'yes')
  })
  expect(lines).toHaveLength(1)
  expect(logged({ level: 'silent' }, (log) => log.error({}, 'no'))).toEqual([])
})

describe('credentials are masked', () => {
  test.each([
    [{ authorization: 'Bearer mr_x' }],
    [{ headers: { authorization: 'Bearer mr_x', 'x-auth-token': 'mr_x' } }],
    [{ request: { headers: { cookie: 'mr_x', 'X-Auth-Token': 'mr_x' } } }],
    [{ token: 'mr_x', password: 'mr_x' }],
    [{ query: { bk_app_secret: 'mr_x' } }],
  ])('%j', (fields) => {
    const [line = ''] = logged({}, (log) => log.info(fields, 'a request'))
    expect(line).toContain('[masked]')
    expect(line).not.toContain('mr_x')
  })
})

test('an error keeps its message and its stack', () => {
  const [line = ''] = logged({}, (log) => log.error({ error: new TypeError('no such thing') }, 'a request failed'))
  expect(JSON.parse(line)).toMatchObject({
    error: { type: 'TypeError', message: 'no such thing', stack: expect.stringContaining('log.test') },
  })
})

describe('for the eye', () => {
  test('a line is short: clock, level, message, fields', () => {
    const line = '{"level":"warn","time":"2026-11-21T08:00:01.123Z","run":"abc","text":"two words","n":3,"msg":"so"}\n'
    expect(readableLine(line)).toBe('08:00:01.123 warn  so run=abc text="two words" n=3\n')
  })

  test('the stack of an error comes in lines', () => {
    const [line = ''] = logged({ readable: true }, (log) => log.error({ error: new Error('oh') }, 'failed'))
    expect(line).toMatch(/^\S+ error failed error=Error: oh\n +at /)
  })

  test('nothing that a terminal would take as an order gets through', () => {
    const [line = ''] = logged({ readable: true }, (log) => log.info({ name: '\u001b[2J' }, 'gone \u001b[2J\r'))
    // oxlint-disable-next-line no-control-regex -- they are what must not be there
    expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })
})
