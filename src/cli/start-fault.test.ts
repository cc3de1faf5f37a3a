import { expect, test } from 'vitest'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { startFault } from './start-fault.ts'

const asked = { host: '127.0.0.1', port: 80 }

const refused = (code: string, syscall: string, path?: string): Error =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, ...(path === undefined ? {} : { path }) })

const stored = (code: string, message: string, cause?: Error): Error =>
  Object.assign(new Error(message, { cause }), { name: 'StoreError', code })

test.each([
  ['a port that is taken', refused('EADDRINUSE', 'listen'), EXIT.inUse, /^port 80 of 127\.0\.0\.1 is taken/],
  [
    'a port that is not for everybody',
    refused('EACCES', 'listen'),
    EXIT.badConfiguration,
    /^may not listen on port 80/,
  ],
  [
    'a host that is nowhere',
    refused('ENOTFOUND', 'getaddrinfo'),
    EXIT.badConfiguration,
    /^--host \(MILLRACE_HOST\): expected an address/,
  ],
  [
    'a directory that is not ours, which has nothing to do with the port',
    refused('EACCES', 'mkdir', '/srv/files'),
    EXIT.badConfiguration,
    /^\/srv\/files: expected a place that can be used \(mkdir\), found that it is not permitted$/,
  ],
  [
    'a disk that is full, which may be otherwise at the next try',
    refused('ENOSPC', 'mkdir', '/srv/files'),
    EXIT.failed,
    /found no room left on the disk$/,
  ],
  [
    'a store whose directory is a file',
    stored('full', 'the data directory x cannot be used', refused('EEXIST', 'mkdir')),
    EXIT.badConfiguration,
    /^the data directory x cannot be used$/,
  ],
  ['a store that is held', stored('conflict', 'in use'), EXIT.inUse, /^in use$/],
  ['a store that does not answer', stored('closed', 'no answer'), EXIT.internal, /^no answer$/],
])('%s', (_, error, exitCode, message) => {
  const fault = startFault(error, asked) as Fault
  expect(fault).toBeInstanceOf(Fault)
  expect(fault.exitCode).toBe(exitCode)
  expect(fault.message).toMatch(message)
})

test('what nobody can mend stays what it is', () => {
  for (const error of [new TypeError('x is undefined'), refused('EBADF', 'read'), 'no error'])
    expect(startFault(error, asked)).toBe(error)
})
