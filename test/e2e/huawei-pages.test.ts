// What docs/dialects/codearts-check.md, codearts-pipeline.md and huawei-iam.md tell people to type, on a server as `serve` makes it and with a
// real Git server: a check task from end to end.
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, GeneratedClient } from '../support/generated-client.ts'
import { GitDaemon } from '../support/git-daemon.ts'
import { codeBlocks } from '../support/markdown.ts'
import { openSampleServer, type SampleServer } from '../support/sample-server.ts'
import { SdkModels } from '../support/sdk-models.ts'

const snippetsOf = (page: string): readonly string[] =>
  codeBlocks(readFileSync(join(import.meta.dirname, '../../docs/dialects', page), 'utf8'))
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text)

let directory: string
let daemon: GitDaemon
let server: SampleServer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-check-'))
  const repository = join(directory, 'web')
  mkdirSync(join(repository, 'src'), { recursive: true })
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, env: AUTHOR, stdio: 'ignore' })
  git('init', '-q', '--initial-branch=main')
  writeFileSync(join(repository, 'src/a.js'), 'const a = 1 \n')
  writeFileSync(join(repository, 'package.json'), '{"name": "web",}\n')
  writeFileSync(join(repository, 'merged.txt'), '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> topic\n')
  git('add', '.')
  git('commit', '-q', '-m', 'first')
  daemon = await GitDaemon.open(directory)
  server = await openSampleServer()
}, 60_000)
afterAll(async () => {
  await server.close()
  await daemon[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const AUTHOR = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Wang Li',
  GIT_AUTHOR_EMAIL: 'li@example.org',
  GIT_COMMITTER_NAME: 'Wang Li',
  GIT_COMMITTER_EMAIL: 'li@example.org',
}

async function type(snippet: string | undefined, token = server.quickstart.admin_token): Promise<string> {
  const { user, password, domain, project_id } = server.quickstart.credentials.huawei
  const env = {
    PATH: process.env['PATH'],
    BASE: server.url,
    TOKEN: token,
    PROJECT: project_id,
    GIT_URL: daemon.address('web'),
    USER_NAME: user,
    PASSWORD: password,
    DOMAIN: domain,
  }
  const { stdout } = await promisify(execFile)('sh', ['-e', '-c', snippet ?? 'false'], { env, timeout: 50_000 })
  return stdout
}
const answersIn = (stdout: string): readonly Record<string, never>[] =>
  stdout.split(/(?<=\})(?=\{)/).map((text) => JSON.parse(text) as Record<string, never>)

test('a task of the page fetches the repository, checks it and shows what it found', async () => {
  const [snippet] = snippetsOf('codearts-check.md')
  const answers = answersIn(await type(snippet))
  const [run, statistic, detail] = answers
  expect(run).toEqual({ exec_id: expect.stringMatching(/^[0-9a-f]{32}$/) })
  expect(statistic).toEqual({
    severity: { critical: 2, major: 1, minor: 0, suggestion: 1 },
    status: { unresolved: 4, resolved: 0, dismissed: 0 },
  })
  const defects = (detail?.['defects'] ?? []) as readonly Readonly<Record<string, string>>[]
  expect(
    defects.map(({ file_path, line_number, defect_checker_name }) => [file_path, line_number, defect_checker_name]),
  ).toEqual([
    ['merged.txt', '1', 'conflict-marker'],
    ['merged.txt', '5', 'conflict-marker'],
    ['package.json', '1', 'json-syntax'],
    ['src/a.js', '1', 'trailing-space'],
  ])

  // The same as the vendor's clients read it.
  const client = new GeneratedClient(server, SdkModels.ofFixture('huawei/codeartscheck.models'))
  const { tasks } = await client.send('GET', '/v2/{project_id}/tasks')
  const { task_id } = tasks.find(({ git_url }: Body) => git_url === daemon.address('web'))
  const path = { task_id }
  const IN_PROJECT = '/v2/{project_id}/tasks/{task_id}'
  for (const url of ['log-detail', 'checkrecord', 'metrics-summary', 'listpathtree']) {
    await client.send('GET', `${IN_PROJECT}/${url}`, { path })
  }
  for (const url of ['summary', 'detail', 'statistic']) {
    await client.send('GET', `/v2/tasks/{task_id}/defects-${url}`, { path })
  }
  const change = { defect_id: defects[0]?.['defect_id'], defect_status: '2' }
  await client.send('PUT', '/v2/tasks/{task_id}/defect-status', { path, data: change })
  const { status } = await client.send('GET', '/v2/tasks/{task_id}/defects-statistic', { path })
  expect(status).toEqual({ unresolved: 3, resolved: 0, dismissed: 1 })
  expect(client.wrong).toEqual([])
}, 60_000)

test('the pipelines are listed by the line of the page', async () => {
  const [list] = answersIn(await type(snippetsOf('codearts-pipeline.md').find((snippet) => snippet.startsWith('curl'))))
  expect(list).toMatchObject({ total: expect.any(Number), pipelines: expect.any(Array) })
  expect((list?.['pipelines'] ?? []) as readonly unknown[]).not.toEqual([])
}, 60_000)

test('a token and a key pair of the page are had, used and ended', async () => {
  const [forToken, forKeys] = snippetsOf('huawei-iam.md')
  const { project_id: id } = server.quickstart.credentials.huawei
  const [tasks, projects] = answersIn(await type(forToken))
  expect(tasks?.['tasks']).toHaveLength(1)
  expect(projects?.['projects']).toMatchObject([{ id }])
  // The snippet ends its token, so it gets one of its own.
  const response = await fetch(`${server.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.quickstart.admin_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'for the page' }),
  })
  const { token } = (await response.json()) as { readonly token: string }
  expect(response.status).toBe(201)
  const said = await type(forKeys, token)
  expect(said).toMatch(/^\{"credential":\{"access":"HST[0-9A-F]{17}",.*\}\}204\n$/)
}, 60_000)
