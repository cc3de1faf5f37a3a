import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { guard, isPublic, Refused } from './guard.ts'

describe('what is public', () => {
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '168.63.129.16',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:0:7f00:1::',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%lo',
    '2606:4700::1%lo',
    'fec0::1',
    'ff02::1',
    '',
    'localhost',
    '127.1',
    '0x7f000001',
    '1.2.3.4.5',
    '1.2.3',
  ])('%j is not', (address) => {
    expect(isPublic(address)).toBe(false)
  })

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '93.184.216.34',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.167.1.1',
    '223.255.255.254',
    '2606:4700:4700::1111',
    '2a00:1450::1',
    '2400:cb00::1',
    '2003::1',
  ])('%j is', (address) => {
    expect(isPublic(address)).toBe(true)
  })
})

describe('exceptions', () => {
  const allowed = guard('localhost:8080, 10.1.0.0/16,fd00::/8, 192.168.7.7 , [::1]:9000,')

  test.each([
    ['127.0.0.1', 8080, 'localhost'],
    ['127.0.0.1', 8080, 'LOCALHOST'],
    ['10.1.255.3', 1, 'anything'],
    ['::ffff:10.1.2.3', 1, 'anything'],
    ['fd12::1', 443, 'x'],
    ['192.168.7.7', 22, 'x'],
    ['::1', 9000, '[::1]'],
  ])('%s port %i as %s is open', (address, port, host) => {
    expect(allowed.refusal(address, port, host)).toBeUndefined()
  })

  test.each([
    ['127.0.0.1', 8081, 'localhost'],
    ['127.0.0.1', 8080, '127.0.0.1'],
    ['127.0.0.1', 8080, 'localhost.example.com'],
    ['10.2.0.1', 1, 'x'],
    ['192.168.7.8', 22, 'x'],
    ['::1', 9001, '[::1]'],
  ])('%s port %i as %s is not', (address, port, host) => {
    expect(allowed.refusal(address, port, host)).toContain(address)
  })

  test.each(['localhost', 'http://localhost:80', '10.0.0.0/33', '10.0.0.0/x', '*', 'a b:1', '10.0.0/8', 'x:port'])(
    '%j is none, and says so',
    (allow) => {
      expect(() => guard(allow)).toThrow()
    },
  )
})

test('a name is refused for any address it has, and no other address is given in its place', async () => {
  const lookup = promisify(
    guard('').lookup(80) as (host: string, options: object, done: (error: Error | null) => void) => void,
  )
  await expect(lookup('localhost', { all: true })).rejects.toThrow(Refused)
  await expect(lookup('localhost', {})).rejects.toThrow(
    /^localhost is (?:127\.0\.0\.1|::1), an address that is not public/,
  )
  await expect(lookup('no-such-host.invalid', { all: true })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/)
})

test('an allowed name gives the addresses that were checked', async () => {
  const lookup = guard('localhost:80').lookup(80)
  const all = await new Promise((resolve) => lookup('localhost', { all: true }, (_, addresses) => resolve(addresses)))
  expect(all).toContainEqual({ address: '127.0.0.1', family: 4 })
  const one = await new Promise((resolve) => lookup('localhost', {}, (_, address) => resolve(address)))
  expect(['127.0.0.1', '::1']).toContain(one)
})
