import { expect, test } from 'vitest'
import { startJson, startText } from './start-text.ts'

const later = {
  url: 'http://127.0.0.1:8080',
  dataDirectory: '/data',
  firstStart: null,
  recovered: { runs: 0, lostAttempts: 0 },
  pageProblem: null,
}
const first = { adminToken: 'mr_1_2', quickstartPath: '/data/quickstart.json', quickstart: null }
const plain = (_: unknown, text: string): string => text

test('a later start says where it is and what to try, and no token', () => {
  expect(startText(later, '1.2.3', plain)).toBe(
    [
      'Millrace 1.2.3 is ready at http://127.0.0.1:8080',
      '',
      '  data       /data',
      '',
      'Try next, in another terminal:',
      '',
      '  npx millrace samples          the five requests as curl lines',
      '  npx millrace runs             what runs, and what it needs',
      '',
      'Ctrl-C ends the server.',
      '',
      '',
    ].join('\n'),
  )
})

test('what an earlier server left under way is told', () => {
  const told = (runs: number, lostAttempts: number): string =>
    startText({ ...later, recovered: { runs, lostAttempts } }, '1', plain)
  expect(told(1, 0)).toContain('taken up   1 run that was under way\n')
  expect(told(3, 2)).toContain('taken up   3 runs that were under way; 2 tasks were cut off by the stop\n')
})

test('the first start shows the token once; without samples it offers none', () => {
  const text = startText({ ...later, firstStart: first }, '1', plain)
  expect(text.split('mr_1_2')).toHaveLength(3)
  expect(text).toContain('  http://127.0.0.1:8080/sign-in#token=mr_1_2\n')
  expect(text).not.toContain('samples')
})

test('a server without a page says how to make one, and gives no link to it', () => {
  const text = startText({ ...later, firstStart: first, pageProblem: 'The page is not built: run it' }, '1', plain)
  expect(text).toContain('\nThe page is not built: run it.\n')
  expect(text).not.toContain('/sign-in')
})

test('programs get the same', () => {
  expect(startJson({ ...later, firstStart: first }, '1.2.3')).toEqual({
    version: '1.2.3',
    url: 'http://127.0.0.1:8080',
    data_directory: '/data',
    recovered: { runs: 0, lost_attempts: 0 },
    first_start: { admin_token: 'mr_1_2', quickstart_path: null },
  })
})
