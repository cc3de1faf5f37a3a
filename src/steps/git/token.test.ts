import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'
import { storedCredentials } from './address.ts'
import { git } from './spec.ts'

/** With git's own server program, behind a server that lets in who has the password. */
const TOKEN = `t0ken/with:odd @'"\\%characters`
let runner: TestRunner
let server: Server
let url: string
let asked: (string | undefined)[]

beforeAll(async () => {
  runner = await TestRunner.open()
  const repositories = join(runner.directory, 'repositories')
  const web = join(repositories, 'web')
  mkdirSync(web, { recursive: true })
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const inWeb = (...args: string[]) => execFileSync('git', args, { cwd: web, env, stdio: 'ignore' })
  inWeb('init', '-q', '--initial-branch=main')
  writeFileSync(join(web, 'file'), 'private\n')
  inWeb('add', '.')
  inWeb('-c', 'user.name=Wang Li', '-c', 'user.email=li@example.org', 'commit', '-q', '-m', 'first')
  server = createServer((request, response) => {
    const given = request.headers.authorization
    asked.push(given && Buffer.from(given.replace('Basic ', ''), 'base64').toString())
    if (asked.at(-1)?.endsWith(`:${TOKEN}`) === true) return backend(repositories, request, response)
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/web`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await runner.close()
})

/** git-http-backend(1) is a CGI program (RFC 3875). */
function backend(repositories: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://git')
  const program = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: repositories,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  request.pipe(program.stdin)
  const parts: Buffer[] = []
  program.stdout.on('data', (part: Buffer) => parts.push(part))
  program.on('close', () => {
    const said = Buffer.concat(parts)
    const end = said.indexOf('\r\n\r\n')
    const headers = said
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string])
    const status = Number.parseInt(headers.find(([name]) => name === 'Status')?.[1] ?? '200', 10)
    response.writeHead(status, Object.fromEntries(headers)).end(said.subarray(end + 4))
  })
}

let runId: RunId
let runs = 0
beforeEach(() => {
  runs += 1
  runId = asId(runs.toString(16).padStart(32, '0'))
  asked = []
})
const fetch = (input: JsonObject, value: string) =>
  runner.run('git', input, { runId, secrets: [{ name: 'FORGE_TOKEN', as: 'step', value }] })

test('a token opens what is closed, and is neither logged nor left in the workspace', async () => {
  const { result, log } = await fetch({ url, token: 'FORGE_TOKEN', user: 'li@example.org' }, `${TOKEN}\n`)
  expect(result).toMatchObject({ kind: 'succeeded', outputs: { branch: 'main', subject: 'first' } })
  expect(log).toContain(`Fetching HEAD from ${url}\n`)
  expect(log).not.toContain('t0ken')
  expect(asked).toContain(`li@example.org:${TOKEN}`)
  const workspace = runner.paths.workspace(runId)
  expect(readFileSync(join(workspace, 'file'), 'utf8')).toBe('private\n')
  for (const name of readdirSync(workspace, { recursive: true, encoding: 'utf8' })) {
    const path = join(workspace, name)
    if (statSync(path).isFile()) expect(readFileSync(path, 'latin1')).not.toContain('t0ken')
  }
})

test('without a user it is that of git', async () => {
  expect((await fetch({ url, token: 'FORGE_TOKEN' }, TOKEN)).result.kind).toBe('succeeded')
  expect(asked).toContain(`git:${TOKEN}`)
})

test('a wrong token, and none, are not authorized, and each is told as what it is', async () => {
  const failureFor = (what: string) => ({
    kind: 'unauthorized',
    reason: `git could not read the repository: the server ${what}`,
  })
  const wrong = await fetch({ url, token: 'FORGE_TOKEN' }, 'another-token')
  expect(wrong.result).toMatchObject({ failure: failureFor('refused the token, or what it may do') })
  expect(wrong.log).not.toContain('another-token')
  const none = await fetch({ url }, TOKEN)
  expect(none.result).toMatchObject({ failure: failureFor('wants a token, or there is no such repository') })
})

test.each(['ssh://git@127.0.0.1/web', '/srv/web', 'git://127.0.0.1/web', 'http://li:word@127.0.0.1:1/web'])(
  'a token is not for %s',
  async (other) => {
    const { result } = await fetch({ url: other, token: 'FORGE_TOKEN' }, TOKEN)
    expect(result).toMatchObject({
      failure: { kind: 'cannot-start', reason: 'a token is for an http or https URL without a user of its own' },
    })
  },
)

test('which secret it is, is not for a template to say, and the task gets that one', () => {
  expect(git.schema.safeParse({ url: '/a', token: '${{ params.x }}' }).success).toBe(false)
  expect(git.work(git.schema.parse({ url: 'https://h/a', token: 'FORGE_TOKEN' }))).toMatchObject({
    secrets: ['FORGE_TOKEN'],
  })
})

test('the file is for one server, and its path is quoted for the shell of git', () => {
  expect(storedCredentials('https://h:8443/a/b.git', 'a@b', 'x:/y\n', `/it's "here"`)).toEqual({
    file: 'https://a%40b:x%3A%2Fy%0A@h:8443\n',
    config: String.raw`[credential]` + '\n\thelper = ' + String.raw`"store --file='/it'\\''s \"here\"'"` + '\n',
  })
})
