import { expect, test } from 'vitest'
import { loadConfig } from './load.ts'
import { settingNames } from './settings.ts'
import { shownSettings } from './shown.ts'

const shown = (env: Record<string, string>) => {
  const loaded = loadConfig(env)
  if (!loaded.ok) throw new Error(loaded.errors.join())
  return shownSettings(loaded.config)
}

test('every setting is told in words that could be set', () => {
  const all = shown({ MILLRACE_KEEP_FOR: '30d', MILLRACE_BODY_MAX: '1536KiB', MILLRACE_TIME_ZONE: '-03:30' })
  expect(all).toHaveLength(settingNames.length)
  const valueOf = (name: string) => all.find((one) => one.name === name)?.value
  expect(valueOf('MILLRACE_PORT')).toBe('8080')
  expect(valueOf('MILLRACE_KEEP_FOR')).toBe('30d')
  expect(valueOf('MILLRACE_BODY_MAX')).toBe('1536 KiB')
  expect(valueOf('MILLRACE_CACHE_MAX')).toBe('10 GiB')
  expect(valueOf('MILLRACE_TIME_ZONE')).toBe('-03:30')
  expect(valueOf('MILLRACE_KEEP_RUNS')).toBeNull()
  expect(valueOf('MILLRACE_BLUEKING_ENGINE_2')).toBeNull()
  expect(valueOf('MILLRACE_SAMPLES')).toBe('true')
})

test('what may hold a password is not told', () => {
  const all = shown({
    MILLRACE_SMTP: 'smtp://ci:hunter2@mail.example.com',
    MILLRACE_DATABASE_URL: 'postgres://ci:hunter2@db.example.com/ci',
  })
  expect(JSON.stringify(all)).not.toContain('hunter2')
  expect(all.filter(({ isSecret }) => isSecret).map(({ name, value }) => [name, value])).toEqual([
    ['MILLRACE_DATABASE_URL', 'set'],
    ['MILLRACE_SMTP', 'set'],
  ])
})
