import { expect, test } from 'vitest'
import type { JsonObject } from '../../model/json.ts'
import { cronLines } from './schedule.ts'

const plain: JsonObject = { enable: true, type: 'periodic', time_zone: 'China Standard Time' }
const every = (seconds: number, start_time: string, end_time: string): JsonObject => ({
  ...plain,
  start_time,
  end_time,
  interval_time: String(seconds),
  interval_unit: 's',
})

test.each<[JsonObject, readonly string[]]>([
  // As the Terraform provider's acceptance test has it.
  [{ ...every(3_600, '18:51', '19:27'), days_of_week: [2, 3] }, ['51 18 * * 1,2']],
  [{ ...every(3_600, '18:51', '20:51'), days_of_week: [7, 1] }, ['51 18,19,20 * * 0,6']],
  [every(1_800, '09:00', '11:00'), ['0 9,10,11 * * *', '30 9,10 * * *']],
  [every(600, '09:00', '09:59'), ['0,10,20,30,40,50 9 * * *']],
  [{ ...plain, type: 'fixed', start_time: '02:30', days_of_week: [2, 3, 4, 5, 6] }, ['30 2 * * 1,2,3,4,5']],
  [{ ...plain, type: 'fixed', start_time: '2:30:15', days_of_week: [1, 2, 3, 4, 5, 6, 7] }, ['30 2 * * *']],
  // Go's SDK sends text for both.
  [{ ...plain, type: 'fixed', start_time: '02:30', enable: 'true', days_of_week: '[2,3]' }, ['30 2 * * 1,2']],
  [{ ...plain, enable: false, start_time: 'whenever' }, []],
])('%j', (schedule, lines) => {
  const found = cronLines(schedule, 'schedule')
  expect(found.map(({ cron }) => cron)).toEqual(lines)
  for (const { timezone } of found) expect(timezone).toBe('Asia/Shanghai')
})

test('zones are the vendor’s, or any of the IANA database', () => {
  const zone = (time_zone: string) => cronLines({ ...plain, type: 'fixed', time_zone }, 's')[0]?.timezone
  expect(zone('W. Europe Standard Time')).toBe('Europe/Berlin')
  // The last two of the list that the Terraform provider's page gives; Windows calls the second one Arab.
  expect(zone('Egypt Standard Time')).toBe('Africa/Cairo')
  expect(zone('Saudi Arabia Standard Time')).toBe('Asia/Riyadh')
  expect(zone('America/New_York')).toBe('America/New_York')
  expect(zone('UTC')).toBe('UTC')
})

test.each<JsonObject>([
  { ...plain, time_zone: 'Moon' },
  { ...plain, start_time: '24:00' },
  { ...plain, days_of_week: [0] },
  { ...plain, days_of_week: 'Monday' },
  { ...plain, days_of_week: { a: 1 } },
  { ...plain, interval_time: 90, interval_unit: 's' },
  { ...plain, interval_time: 0, interval_unit: 'm' },
  { ...plain, interval_time: 1, interval_unit: 'w' },
  { ...plain, interval_time: 13, interval_unit: 'm', start_time: '00:00', end_time: '23:59' },
  { ...plain, enable: 'maybe' },
])('%j is refused', (schedule) => {
  expect(() => cronLines(schedule, 'schedule')).toThrow(/expected/)
})
