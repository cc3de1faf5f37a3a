import { expect, test } from 'vitest'
import { CRON_FIELDS, readCron } from './cron.ts'

const read = (text: string) => {
  const fields = text.split(' ')
  return readCron((name) => fields[CRON_FIELDS.indexOf(name)] ?? '*')
}

// Minute, hour, day, month, weekday.
test.each([
  ['*/5 3 * * *', '*/5 3 * * *'],
  ['0,30 1,13 1 * *', '0,30 1,13 1 * *'],
  // A day has to be right by the month and by the week.
  ['0 3 1 * 1', '0 3 1 * +1'],
  ['0 3 1-7 * mon', '0 3 1,2,3,4,5,6,7 * +1'],
  ['0 3 * * Monday,fri', '0 3 * * 1,5'],
  ['0 22-2 * * *', '0 0,1,2,22,23 * * *'],
  ['0 22-4/3 * * *', '0 1,4,22 * * *'],
  ['0 0 28-2 11-2 5-1', '0 0 1,2,28,29,30,31 1,2,11,12 +0,1,5,6'],
  ['10-20/5 0 * * *', '10,15,20 0 * * *'],
  ['0 */30 * * */9', '0 0 * * 0'],
  ['0-59 * * * *', '* * * * *'],
  // A name of a weekday is its number wherever it stands.
  ['tue * * * *', '2 * * * *'],
])('%s is %s', (text, schedule) => {
  expect(read(text)).toEqual({ ok: true, schedule })
})

// What celery's own `crontab_parser` raises for it, asked 2026-11-23.
test.each([
  ['60 * * * *', 'Invalid end range: 60 > 59.'],
  ['* 24 * * *', 'Invalid end range: 24 > 23.'],
  ['* * 0 * *', 'Invalid beginning range: 0 < 1.'],
  ['* * 32 * *', 'Invalid end range: 32 > 31.'],
  ['* * * 13 *', 'Invalid end range: 13 > 12.'],
  ['* * * jan *', "Invalid weekday literal 'jan'."],
  ['* * * * 7', 'Invalid end range: 7 > 6.'],
  ['* * L * *', "Invalid weekday literal 'L'."],
  ['* * * * 1#2', "Invalid weekday literal '1#2'."],
  ['? * * * *', "Invalid weekday literal '?'."],
  ['1,,2 * * * *', 'empty part'],
  ['-5 * * * *', 'negative numbers not supported'],
  ['*/ * * * *', 'empty filter'],
  ['1-5/ * * * *', 'empty filter'],
  ['*/0 * * * *', 'slice step cannot be zero'],
  ['*/x * * * *', "invalid literal for int() with base 10: 'x'"],
  ['$(id) * * * *', "Invalid weekday literal '$(id)'."],
  ['5/10 * * * *', "Invalid weekday literal '5/10'."],
  ['1-70 * * * *', 'Invalid end range: 70 > 59.'],
])('%s is refused: %s', (text, message) => {
  expect(read(text)).toEqual({ ok: false, message })
})
