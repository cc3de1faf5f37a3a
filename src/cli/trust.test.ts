import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXIT } from './exit-codes.ts'
import { trust } from './trust.ts'

// That it is trusted is shown in test/e2e/private-ca.test.ts, in processes of their own: it holds for a whole process.

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-trust-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

test.each([
  ['hello', 'expected certificates as PEM in'],
  ['', 'found none'],
  ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'certificate 1 in'],
  [null, 'cannot be read'],
])('a file with %j is refused, and nobody is trusted for it', (text, sentence) => {
  const path = join(directory, 'ca.pem')
  rmSync(path, { force: true })
  if (text !== null) writeFileSync(path, text)
  const before = getCACertificates('default').length
  let fault: unknown
  try {
    trust(path)
  } catch (error) {
    fault = error
  }
  expect(fault).toMatchObject({ exitCode: EXIT.badConfiguration, message: expect.stringContaining(sentence) as string })
  expect(fault).toMatchObject({ message: expect.stringMatching(/^--ca-file \(MILLRACE_CA_FILE\): /) as string })
  expect(getCACertificates('default')).toHaveLength(before)
})

test('without a file nothing changes', () => {
  const before = getCACertificates('default').length
  trust(null)
  expect(getCACertificates('default')).toHaveLength(before)
})
