import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseDefinition } from '../definition/parse-definition.ts'
import { compile } from '../engine/compile.ts'
import { stepSpecs } from '../steps/index.ts'
import { openFullStore } from '../testing/full-store.ts'
import { openWorld, type Served } from '../testing/world.ts'
import { firstStart, pathOf, refreshQuickstart, type Founding } from './first-start.ts'
import { sampleText } from './index.ts'
import type { Quickstart } from './quickstart.ts'
import { makeSampleRepository } from './repository.ts'

const check = (text: string, file: string) => parseDefinition(text, file, stepSpecs)

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-samples-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const founding = ({ app, host }: Pick<Served, 'app' | 'host'>, dataDirectory: string): Founding => ({
  app,
  credentials: host.credentials,
  password: () => 'correct horse',
  dataDirectory,
  baseUrl: 'http://127.0.0.1:8080',
})

const readQuickstart = (directory: string): Quickstart =>
  JSON.parse(readFileSync(pathOf(directory), 'utf8')) as Quickstart

test.each(['koderover', 'codearts-pipeline', 'blueking', 'codearts-check', 'swr'] as const)(
  'the sample %s is a good definition',
  async (name) => {
    const checked = check(
      await sampleText(name, 'file:///srv/it%27s%20here/repository', "/srv/it's here/deployed"),
      `${name}.yaml`,
    )
    expect(checked.ok ? [] : checked.errors).toEqual([])
    if (checked.ok) expect(compile(checked.definition).taskCount).toBeGreaterThan(0)
  },
)

describe('the sample repository', () => {
  const branches = (directory: string): string =>
    execFileSync('git', ['-C', directory, 'branch', '--format=%(refname:short)'], { encoding: 'utf8' })

  test('has both branches, and a service that is built and passes its test', async () => {
    const parent = scratch()
    const directory = join(parent, `it's "my" data 50%`, 'repository')
    const url = await makeSampleRepository(directory)
    for (const name of ['koderover', 'swr'] as const)
      expect(check(await sampleText(name, url, parent), name).ok).toBe(true)
    execFileSync('git', ['clone', '--quiet', url, join(parent, 'clone')])
    expect(readdirSync(join(parent, 'clone'))).toContain('build.sh')
    expect(branches(directory)).toBe('develop\nmaster\n')
    const out = execFileSync('sh', ['-c', 'VERSION=v1 sh build.sh && sh test.sh dist'], { cwd: directory })
    expect(out.toString()).toContain('3 checks passed')
    const commit = execFileSync('git', ['-C', directory, 'rev-parse', 'master']).toString()
    await makeSampleRepository(directory)
    expect(execFileSync('git', ['-C', directory, 'rev-parse', 'master']).toString()).toBe(commit)
  })

  test('is made anew when it was cut off in the middle', async () => {
    const directory = join(scratch(), 'samples', 'repository')
    mkdirSync(join(`${directory}.new`, '.git'), { recursive: true })
    writeFileSync(join(`${directory}.new`, 'left'), '')
    await makeSampleRepository(directory)
    expect(branches(directory)).toBe('develop\nmaster\n')
    expect(readdirSync(directory)).not.toContain('left')
  })
})

describe('the first start', () => {
  test('writes what a script needs, for the server’s user only', async () => {
    const directory = scratch()
    const world = await openWorld({ check })
    const { adminToken, quickstart, quickstartPath } = await firstStart(founding(world, directory), true)
    expect(quickstartPath).toBe(join(directory, 'quickstart.json'))
    expect(statSync(quickstartPath).mode & 0o777).toBe(0o600)
    const read = readQuickstart(directory)
    expect(read).toEqual(quickstart)
    expect(Object.keys(read).toSorted()).toEqual(['admin_token', 'base_url', 'credentials', 'requests', 'samples'])
    expect(read.requests.map(({ seed, method }) => [seed, method])).toEqual(
      ['000', '001', '002', '003', '004'].map((seed) => [seed, 'GET']),
    )
    for (const { url, headers } of read.requests) {
      expect(new URL(url).origin).toBe('http://127.0.0.1:8080')
      for (const value of Object.values(headers)) expect(value).toContain(adminToken)
    }
    expect(Object.keys(read.samples)).toEqual(['koderover', 'codearts_pipeline', 'blueking', 'codearts_check', 'swr'])
    const names = 'pipeline_id pipeline_name pipeline_serial project_id project_name run_id run_number run_serial'
    for (const sample of Object.values(read.samples)) {
      expect(Object.keys(sample)).toEqual(expect.arrayContaining(names.split(' ')))
      expect((await world.run(sample.run_id)).number).toBe(sample.run_number)
    }
    const { huawei, blueking, koderover } = read.credentials
    expect(Object.keys(huawei)).toEqual(['ak', 'sk', 'project_id', 'domain', 'user', 'password'])
    const { access } = world.app
    const callers = [
      await access.byToken(read.admin_token),
      await access.byToken(koderover.api_key),
      await access.byPassword(huawei.user, huawei.password, huawei.domain),
      await access.byApp(blueking.bk_app_code, blueking.bk_app_secret),
    ]
    const signing = await access.byAccessKey(huawei.ak)
    expect(signing).toMatchObject({ secret: huawei.sk, caller: { role: 'admin' } })
    for (const caller of callers) expect(caller).toMatchObject({ role: 'admin', user: { name: blueking.bk_username } })
  })

  test('without samples makes an admin and a project, and writes nothing', async () => {
    const directory = scratch()
    const world = await openWorld({ check })
    const { adminToken, quickstart } = await firstStart(founding(world, directory), false)
    expect([quickstart, readdirSync(directory)]).toEqual([null, []])
    expect(await world.app.access.byToken(adminToken)).toMatchObject({ role: 'admin' })
  })

  test('that was cut off at any write is made good by the next one', async () => {
    const directory = scratch()
    let cuts = 0
    for (let writes = 0; ; writes += 1) {
      const store = openFullStore()
      const world = await openWorld({ store, check })
      store.refuse(Number.POSITIVE_INFINITY, writes)
      const first = await firstStart(founding(world, directory), true).catch((error: unknown) => error)
      if (!(first instanceof Error)) break
      cuts += 1
      store.refuse(0)
      const next = await world.restarted()
      const { quickstart, adminToken } = await firstStart(founding(next, directory), true)
      const admin = await next.app.access.byToken(adminToken)
      if (admin === undefined || quickstart === null) throw new Error('nobody is let in')
      const pipelines = await next.app.pipelines.list(admin, {}, { after: null, limit: 100 })
      expect(pipelines.ok && pipelines.value.items.map(({ runCount }) => runCount)).toEqual([1, 1, 1, 1, 1])
      expect(new Set(Object.values(quickstart.samples).map(({ run_id }) => run_id)).size).toBe(5)
      const { blueking } = quickstart.credentials
      expect(await next.app.access.byApp(blueking.bk_app_code, blueking.bk_app_secret)).toMatchObject({ role: 'admin' })
    }
    expect(cuts).toBeGreaterThan(12)
  })

  test('is followed by links to wherever the server is now', async () => {
    const directory = scratch()
    const world = await openWorld({ check })
    await refreshQuickstart(directory, 'http://10.0.0.1:9000')
    const { quickstart } = await firstStart(founding(world, directory), true)
    await refreshQuickstart(directory, 'http://10.0.0.1:9000')
    const moved = readQuickstart(directory)
    expect(moved.base_url).toBe('http://10.0.0.1:9000')
    expect(moved.requests.every(({ url }) => url.startsWith('http://10.0.0.1:9000/'))).toBe(true)
    expect(moved.samples.swr.webhook_url).toMatch(/^http:\/\/10\.0\.0\.1:9000\/v2\/manage\/webhooks\//)
    expect(moved.credentials).toEqual(quickstart?.credentials)
    expect(statSync(pathOf(directory)).mode & 0o777).toBe(0o600)
  })
})
