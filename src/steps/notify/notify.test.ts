import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { allowHosts, HttpTarget } from '../../../test/support/http-target.ts'
import type { JsonObject } from '../../model/json.ts'
import { notify } from './spec.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

const SECRET = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`
const secrets = [
  { name: 'SIGNING', as: 'step', value: SECRET },
  { name: 'PASSWORD', as: 'step', value: 'correct horse' },
  { name: 'SHORT', as: 'step', value: 'no base64 at all!' },
] as const

describe('a webhook', () => {
  async function target() {
    const server = await HttpTarget.open()
    const forbid = allowHosts(server.host)
    onTestFinished(() => {
      forbid()
      server.close()
    })
    return { server, go: (input: JsonObject) => runner.run('notify', input, { secrets }) }
  }

  test('is signed so that others can verify it', async () => {
    const { server, go } = await target()
    const { result, log } = await go({
      url: server.url('/hook?key=abc'),
      secret: 'SIGNING',
      event: 'web.deployed',
      data: { version: '1.2', ok: true, count: 3 },
    })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { status: 200 } })
    const [seen] = server.seen
    const payload = new Webhook(SECRET).verify(seen!.body.toString(), seen!.headers as Record<string, string>)
    expect(payload).toEqual({
      type: 'web.deployed',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data: { version: '1.2', ok: true, count: 3 },
    })
    expect(seen?.headers['content-type']).toBe('application/json')
    expect(log).toContain('/hook?… msg_')
    expect(log).not.toContain('abc')
    expect(() => new Webhook(SECRET).verify('{}', seen!.headers as Record<string, string>)).toThrow('signature')
  })

  test('may have a body of its own, unsigned', async () => {
    const { server, go } = await target()
    await go({ url: server.url(), body: '{"text":"hello"}', headers: { 'x-team': 'web' } })
    expect(server.seen[0]?.body.toString()).toBe('{"text":"hello"}')
    expect(server.seen[0]?.headers).toMatchObject({ 'x-team': 'web' })
    expect(server.seen[0]?.headers['webhook-signature']).toBeUndefined()
  })

  test('that is answered with anything but 2xx has failed', async () => {
    const { server, go } = await target()
    server.answer = (_, response) => void response.writeHead(503).end()
    expect((await go({ url: server.url() })).result).toMatchObject({
      kind: 'failed',
      failure: { kind: 'said-no', reason: 'the webhook answered with status 503, expected 2xx' },
      outputs: { status: 503 },
    })
    server.answer = (_, response) => void response.writeHead(403).end()
    expect((await go({ url: server.url() })).result).toMatchObject({
      failure: {
        kind: 'unauthorized',
        reason: 'the webhook answered with status 403: it does not let this message in',
      },
    })
  })

  test('that never answers is given up', async () => {
    const { server, go } = await target()
    server.answer = () => undefined
    expect((await go({ url: server.url(), timeout: '300ms' })).result).toMatchObject({
      failure: { kind: 'said-no', reason: 'no full answer within 300 ms' },
    })
  })

  test.each([
    [{ secret: 'OTHER' }, 'the task was not given the secret OTHER'],
    [{ secret: 'SHORT' }, 'the secret SHORT cannot sign: expected base64, mostly behind whsec_'],
    [{ body: 'hello' }, 'with.body: expected JSON'],
    [{ timeout: '1h' }, 'with.timeout: expected a duration of at most 600 s'],
    [{ url: 'http://192.168.0.1/' }, /192\.168\.0\.1, an address that is not public/],
    [{ url: 'ftp://example.com/' }, /expected an http or https URL/],
  ])('%j cannot start', async (input, reason) => {
    const { server, go } = await target()
    const { result } = await go({ url: server.url(), ...input })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringMatching(reason) } })
    expect(server.seen).toEqual([])
  })
})

describe('an e-mail', () => {
  interface Mail {
    readonly to: readonly string[]
    readonly user: string
    readonly secure: boolean
    readonly text: string
  }

  async function mailServer(options: SMTPServerOptions = {}) {
    const mails: Mail[] = []
    const server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      onAuth: ({ username, password }, _, callback) => {
        if (password === 'correct horse') callback(null, { user: username ?? '' })
        else callback(new Error('wrong password'))
      },
      onData: (stream, session, callback) => {
        void text(stream).then((body) => {
          const { envelope, user, secure } = session
          mails.push({
            to: envelope.rcptTo.map(({ address }) => address),
            user: String(user ?? ''),
            secure,
            text: body,
          })
          callback()
        })
      },
      ...options,
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.server.address() as AddressInfo
    const forbid = allowHosts(`127.0.0.1:${port}`, `localhost:${port}`)
    onTestFinished(() => {
      forbid()
      server.close(() => undefined)
    })
    const email = {
      from: 'Millrace <ci@example.com>',
      to: 'li@example.com',
      subject: 'Deployed 版本 2',
      text: 'It is out.\n',
    }
    const go = (more: JsonObject) =>
      runner.run('notify', { email: { ...email, server: 'localhost', port, ...more } }, { secrets })
    return { mails, go }
  }

  /** A certificate for localhost that signs itself. */
  function certificate(): { readonly key: string; readonly cert: string } {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const words =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'
    execFileSync('openssl', [...words.split(' '), '-keyout', 'key.pem', '-out', 'cert.pem'], {
      cwd: directory,
      stdio: 'ignore',
    })
    return {
      key: readFileSync(join(directory, 'key.pem'), 'utf8'),
      cert: readFileSync(join(directory, 'cert.pem'), 'utf8'),
    }
  }

  test('arrives, with its words in any language', async () => {
    const { mails, go } = await mailServer()
    const { result, log } = await go({
      security: 'none',
      to: ['li@example.com', 'Chen <chen@example.com>'],
      cc: 'wang@example.com',
    })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { accepted: 3 } })
    expect(mails[0]).toMatchObject({ to: ['li@example.com', 'chen@example.com', 'wang@example.com'], secure: false })
    expect(mails[0]?.text).toMatch(/From: Millrace <ci@example.com>/)
    expect(mails[0]?.text).toMatch(/It is out\./)
    expect(mails[0]?.text).toMatch(/Subject: =\?UTF-8\?/)
    expect(log).toContain('To li@example.com, Chen <chen@example.com>, wang@example.com by localhost:')
  })

  test.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)('goes by %s to a server whose certificate is known, with a password', async (security, options) => {
    const { key, cert } = certificate()
    const { mails, go } = await mailServer({ ...options, key, cert })
    const { result, log } = await go({ security, ca: cert, user: 'ci', password: 'PASSWORD' })
    expect(result.kind).toBe('succeeded')
    expect(mails).toMatchObject([{ user: 'ci', secure: true }])
    expect(log).not.toContain('correct horse')
  })

  test('does not go to a server whose certificate nobody knows, nor to one that cannot encrypt', async () => {
    const { mails, go } = await mailServer(certificate())
    expect((await go({ security: 'starttls' })).result).toMatchObject({
      failure: { kind: 'said-no', reason: expect.stringMatching(/self-signed certificate/) },
    })
    const plain = await mailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })
    expect((await plain.go({ security: 'starttls' })).result).toMatchObject({ failure: { kind: 'said-no' } })
    expect([...mails, ...plain.mails]).toEqual([])
  })

  test('is not authorized with a wrong password', async () => {
    const { go } = await mailServer({ allowInsecureAuth: true })
    const { result } = await go({ security: 'none', user: 'ci', password: 'SHORT' })
    expect(result).toMatchObject({ failure: { kind: 'unauthorized', reason: 'localhost refused the user ci' } })
  })

  test('brings no lines of its own into the head', async () => {
    const { mails, go } = await mailServer()
    const broken = await go({ security: 'none', subject: 'a\r\nBcc: eve@example.com' })
    expect(broken.result).toMatchObject({ failure: { kind: 'cannot-start' } })
    expect((await go({ security: 'none', to: 'a@example.com, eve@example.com' })).result).toMatchObject({
      failure: { kind: 'cannot-start' },
    })
    expect(mails).toEqual([])
  })
})

test.each([
  {},
  {
    url: 'https://example.com/',
    email: { to: 'a@example.com', from: 'b@example.com', subject: 's', text: '', server: 'x' },
  },
  { url: 'https://example.com/', secret: '${{ params.which }}' },
  { email: { to: [], from: 'b@example.com', subject: 's', text: '', server: 'x' } },
  { email: { to: 'nobody', from: 'b@example.com', subject: 's', text: '', server: 'x' } },
  { email: { to: 'a@example.com', from: 'b@example.com', subject: 's', text: '', server: 'x', user: 'ci' } },
])('%j is wrong', (input) => {
  expect(notify.schema.safeParse(input).success).toBe(false)
})
