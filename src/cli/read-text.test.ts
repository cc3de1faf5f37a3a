import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSecret } from './read-secret.ts'
import { readText } from './read-text.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-read-text-'))
afterAll(() => rmSync(directory, { recursive: true }))

function fileOf(bytes: Uint8Array | string): string {
  const path = join(directory, 'file')
  writeFileSync(path, bytes)
  return path
}

test('text comes as it is, with its byte order mark', () => {
  expect(readText(fileOf('\ufeff構建\n'))).toBe('\ufeff構建\n')
})

test('bytes that are no text are refused, not replaced: a key of them would be another one', () => {
  expect(() => readSecret(fileOf(Uint8Array.of(0x1f, 0x8b, 0xff)))).toThrow(/: expected UTF-8 text, found other bytes$/)
})

test('a file that is not there, and a directory, are told apart', () => {
  expect(() => readText(join(directory, 'nothing'))).toThrow(/: expected a file that can be read, found none$/)
  expect(() => readText(directory)).toThrow(/: expected a file that can be read, found a directory$/)
})
