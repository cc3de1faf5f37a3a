import { describe, expect, test } from 'vitest'
import { readSarif, RESULTS_MAX } from './sarif.ts'

const log = (results: readonly object[], run: object = {}): string =>
  JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 't' } }, results, ...run }] })
const one = (result: object, run: object = {}) => {
  const read = readSarif(log([{ message: { text: 'm' }, ...result }], run))
  return read.ok ? read.results[0] : undefined
}
const rules = (...all: object[]) => ({ tool: { driver: { name: 't', rules: all } } })

describe('a result', () => {
  test.each([
    ['error', 'serious'],
    ['warning', 'normal'],
    ['note', 'hint'],
    ['constructor', 'normal'],
    [undefined, 'normal'],
  ])('of level %s is %s', (level, severity) => {
    expect(one({ level })?.severity).toBe(severity)
  })

  test('has the level of its rule when it has none, found by index or id', () => {
    const run = rules({ id: 'a' }, { id: 'b', defaultConfiguration: { level: 'note' } })
    expect(one({ ruleIndex: 1 }, run)).toMatchObject({ ruleId: 'b', severity: 'hint' })
    expect(one({ ruleId: 'b' }, run)?.severity).toBe('hint')
    expect(one({ rule: { id: 'b' } }, run)).toMatchObject({ ruleId: 'b', severity: 'hint' })
    expect(one({ ruleIndex: 99 }, run)).toMatchObject({ ruleId: 'unknown', severity: 'normal' })
  })

  test.each([
    [{ 'security-severity': '9.8' }, 'fatal'],
    [{ 'security-severity': '7.0' }, 'serious'],
    [{ 'security-severity': '5.0' }, 'hint'],
    [{ severity: 'fatal' }, 'fatal'],
    [{ severity: 'other' }, 'hint'],
  ])('whose rule says %j is %s', (properties, severity) => {
    expect(one({ ruleId: 'a', level: 'note' }, rules({ id: 'a', properties }))?.severity).toBe(severity)
  })

  test.each([
    { kind: 'pass' },
    { kind: 'informational' },
    { level: 'none' },
    { baselineState: 'absent' },
    { suppressions: [{ kind: 'inSource' }] },
    { suppressions: [{ kind: 'external', status: 'accepted' }] },
  ])('with %j is no finding', (result) => {
    expect(one(result)).toBeUndefined()
  })

  test.each([{ suppressions: [] }, { suppressions: [{ kind: 'external', status: 'rejected' }] }, { kind: 'review' }])(
    'with %j is one',
    (result) => {
      expect(one(result)).toBeDefined()
    },
  )

  test.each([
    ['src/a%20b.c', 'src/a b.c'],
    ['./src/../a.c', 'a.c'],
    ['file:///src/a.c', '/src/a.c'],
    ['100%.c', '100%.c'],
    ['../../etc/passwd', '../../etc/passwd'],
    ['', ''],
  ])('in %j is in the file %j', (uri, file) => {
    expect(one({ locations: [{ physicalLocation: { artifactLocation: { uri } } }] })?.file).toBe(file)
  })

  test('may name its file by place', () => {
    const locations = [{ physicalLocation: { artifactLocation: { index: 1 }, region: { startLine: 7 } } }]
    const artifacts = [{ location: { uri: 'a' } }, { location: { uri: 'b' } }]
    expect(one({ locations }, { artifacts })).toMatchObject({ file: 'b', line: 7 })
  })

  test('takes its message from its rule, with its arguments', () => {
    const run = rules({ id: 'a', messageStrings: { big: { text: '{0} is {1} long, {2}' } } })
    expect(one({ ruleId: 'a', message: { id: 'big', arguments: ['x', '9'] } }, run)?.message).toBe('x is 9 long, {2}')
    expect(one({ message: {} })?.message).toBe('no message')
  })

  test.each([0, -1, 1.5, '3', null, 2 ** 60])('with line %j is of no line', (startLine) => {
    expect(one({ locations: [{ physicalLocation: { region: { startLine } } }] })?.line).toBe(0)
  })
})

test('parts of a wrong type are passed over', () => {
  for (const text of [
    '{"version":"2.1.0","runs":[null,1,{}]}',
    '{"version":"2.1.0","runs":[{"results":[1,null,"x"],"tool":[]}]}',
    '{"version":"2.1.0","runs":[{"results":{"a":1}}]}',
  ]) {
    expect(readSarif(text)).toMatchObject({ ok: true, results: [] })
  }
  expect(one({ locations: 'x', partialFingerprints: [], rule: 7, properties: 'x', suppressions: {} })).toBeDefined()
})

test('too many results are refused', () => {
  const text = log(Array.from({ length: RESULTS_MAX + 1 }, () => ({})))
  expect(readSarif(text)).toEqual({ ok: false, reason: `it has more than ${RESULTS_MAX} results` })
})
