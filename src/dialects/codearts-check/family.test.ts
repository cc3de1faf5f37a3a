import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import type { Finding } from '../../model/finding.ts'
import { stepSpecs } from '../../steps/index.ts'
import { endCheck, finding } from '../../testing/checked-run.ts'
import { exited } from '../../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { codeartsCheck } from './index.ts'
import { systemId } from './rulesets.ts'

// The calls beside the seed's, on a runner that is told what to say. test/e2e/huawei-pages.test.ts has a real one.

const BASE = 'http://127.0.0.1:8080'
const ABSENT = 'f'.repeat(32)

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  handle = codeartsCheck.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000 })
})

type Body = ReturnType<typeof JSON.parse>
async function call(method: string, path: string, body?: unknown, token = world.credentials.token) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) }
  const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' }
  const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...init }))
  return JSON.parse(await response.text())
}
const raise = (): never => {
  throw new Error('the run has no second task')
}
const inProject = (path: string): string => `/v2/${world.project.id}${path}`

const creation = { git_url: 'https://git.example/team/web.git', git_branch: 'main', language: ['js', 'python'] }
const create = async (changes: object = {}): Promise<string> =>
  (await call('POST', inProject('/task'), { ...creation, ...changes })).task_id
const pipelineOf = async (id: string) => need(await world.app.pipelines.get(world.admin, { id }))
const checkOf = async (id: string) => {
  const { definition } = await pipelineOf(id)
  const work = definition.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === 'check')?.work
  return work?.kind === 'runner' ? work.with : {}
}

const FINDINGS = [finding('a', 'fatal'), finding('b', 'serious'), finding('c', 'hint'), finding('d', 'hint')]

/** Runs a task to its end, with these findings. */
async function check(task: string, findings: readonly Finding[] = FINDINGS): Promise<string> {
  const { exec_id: id } = await call('POST', `/v2/tasks/${task}/run`, {})
  await endCheck(world, id, findings)
  return id
}

describe('a task', () => {
  test('is a pipeline that fetches and checks, called after its repository', async () => {
    const id = await create()
    const { name, definition } = await pipelineOf(id)
    expect(name).toBe('web')
    expect(definition.stages[0]?.tasks.map(({ work }) => (work.kind === 'runner' ? work.uses : ''))).toEqual([
      'git',
      'check',
    ])
    const { tasks } = await call('GET', inProject('/tasks'))
    expect(tasks).toMatchObject([{ task_id: id, task_name: 'web', git_url: creation.git_url, git_branch: 'main' }])
    expect((await pipelineOf(await create({ git_branch: 'dev' }))).name).toBe('web-2')
  })

  test.each([
    ['git@git.example:team/api.git', 'api'],
    ['https://git.example/a/b%20c', 'b-20c'],
    ['/srv/repositories/x.git/', 'x'],
  ])('of %s is called %s', async (git_url, name) => {
    expect((await pipelineOf(await create({ git_url }))).name).toBe(name)
  })

  test.each([
    {},
    { git_url: '' },
    { git_branch: undefined },
    { git_url: '${{ params.x }}' },
    { language: [] },
    { language: ['cobol'] },
    { language: 'js' },
    { check_type: ['fuzz'] },
    { rule_sets: [{ ruleset_id: ABSENT, language: 'js' }] },
    { rule_sets: [{ ruleset_id: systemId('java'), language: 'js' }] },
    { git_url: '--upload-pack=x' },
  ])('is not made of %j', async (changes) => {
    const body = Object.keys(changes).length === 0 ? {} : { ...creation, ...changes }
    const answer = await call('POST', inProject('/task'), body)
    expect(answer.error_code).toBe('CC.00000000')
    expect((await call('GET', inProject('/tasks'))).total).toBe(0)
  })

  test('gives user and token to git, and shows neither', async () => {
    const id = await create({ username: 'li@x', access_token: 'p:w' })
    expect((await call('GET', inProject('/tasks'))).tasks[0].git_url).toBe(creation.git_url)
    await call('POST', `/v2/tasks/${id}/run`, {})
    await world.settled()
    const job = world.runner.jobs.find(({ uses }) => uses === 'git')
    expect(job?.with).toMatchObject({ url: 'https://li%40x:p%3Aw@git.example/team/web.git', ref: 'main' })
    world.runner.endTask('checkout', exited(1))
    await world.settled()
    // Nor by any other way: it is sealed in the definition, and in the params of the run.
    await call('POST', `/v2/tasks/${id}/run`, { username: 'wu', access_token: 'p:w' })
    await world.settled()
    const runs = need(await world.app.runs.list(world.admin, {}, { before: null, limit: 10 })).items
    const all = await Promise.all(runs.map((run) => world.run(run.id)))
    expect(all.length).toBe(2)
    expect(JSON.stringify([all, await pipelineOf(id)])).not.toMatch(/p(?::|%3A)w/)
  })

  test.each([
    [{}, creation.git_url, 'main'],
    [{ ref: 'dev' }, creation.git_url, 'dev'],
    // The page of 2025-08: not a branch, but how a merge request is fetched.
    [{ ref: 'pull' }, creation.git_url, 'main'],
    [{ ref: 'merge_request', git_branch: 'dev' }, creation.git_url, 'dev'],
    [{ git_branch: 'dev', git_url: 'https://git.example/other.git' }, 'https://git.example/other.git', 'dev'],
    [{ access_token: 't' }, 'https://oauth2:t@git.example/team/web.git', 'main'],
  ])('run with %j fetches %s at %s', async (body, url, ref) => {
    const id = await create()
    await call('POST', `/v2/tasks/${id}/run`, body)
    await world.settled()
    expect(world.runner.jobs.find(({ uses }) => uses === 'git')?.with).toMatchObject({ url, ref })
  })

  test('for a merge request checks its source branch and is listed with its parent', async () => {
    const parent = await create()
    const inc_config = {
      parent_task_id: parent,
      git_source_branch: 'topic',
      merge_id: '7',
      event_type: 'merge_request',
    }
    const id = await create({ task_type: 'inc', inc_config })
    expect((await call('GET', inProject('/tasks'))).tasks[1]).toMatchObject({ task_id: id, git_branch: 'topic' })
    const branches = (query: string) => call('GET', `/v3/${world.project.id}/tasks/${parent}/branches${query}`)
    expect(await branches('?check_type=mr')).toEqual({
      branchTasks: [{ taskId: id, mergeId: '7', jobType: 'mr', status: null }],
      total: 1,
    })
    expect(await branches('')).toEqual({
      branchTasks: [{ taskId: parent, branchName: 'main', isDefault: 'true', status: null }],
      total: 1,
    })
    expect(await branches('?check_type=tag')).toEqual({ branchTasks: [], total: 0 })
    expect((await branches('?check_type=x')).error_code).toBe('CC.00000000')
  })

  test('for a change tells its parent when it was checked last, in the list of tasks', async () => {
    const parent = await create()
    const id = await create({ task_type: 'inc', inc_config: { parent_task_id: parent, git_source_branch: 'topic' } })
    const list = async () => (await call('GET', inProject('/tasks?limit=1'))).tasks
    expect(await list()).toMatchObject([{ task_id: parent, last_check_time: null }])
    await check(id)
    const { lastStartedAt } = await pipelineOf(id)
    const at = new Date(lastStartedAt ?? 0).toISOString().slice(0, 19).replace('T', ' ')
    expect(await list()).toMatchObject([{ task_id: parent, last_check_time: at }])
    // Its own is the later one then.
    world.clock.advance(60_000)
    await check(parent)
    const [{ last_check_time: own }] = await list()
    expect(own > at).toBe(true)
  })

  test.each([
    [{ git_url: undefined }, 'git_url: expected text, found nothing'],
    [{ git_branch: 5 }, 'git_branch: expected text'],
    [{ language: 'js' }, 'language: expected a list'],
    [{ task_type: 'x' }, 'task_type: expected full or inc'],
    [{ access_token: 't'.repeat(3_000) }, 'access_token: expected at most 2048 characters'],
  ])('of %j is refused in the words of definitions', async (changes, message) => {
    const { error_code, error_msg } = await call('POST', inProject('/task'), { ...creation, ...changes })
    expect([error_code, error_msg]).toEqual(['CC.00000000', `网络繁忙,请稍后再试: ${message}`])
  })

  test('of another project is no parent', async () => {
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const parent = await create()
    const body = { ...creation, inc_config: { parent_task_id: parent, git_source_branch: 'topic' } }
    expect((await call('POST', `/v2/${other.id}/task`, body)).error_code).toBe('CC.00050002')
  })

  test('is deleted with what was said of its defects', async () => {
    const id = await create()
    await check(id)
    await call('PUT', `/v2/tasks/${id}/defect-status`, { defect_id: 'a'.repeat(32), defect_status: '2' })
    const kept = () =>
      world.app.documents.list(world.admin, {
        project: { id: world.project.id },
        kind: 'codearts-check/run-defects',
        limit: 10,
      })
    expect(need(await kept()).items).toHaveLength(1)
    expect(await call('DELETE', `/v2/tasks/${id}`)).toEqual({})
    expect(need(await kept()).items).toEqual([])
  })
})

describe('defects', () => {
  const detail = (id: string, query = '') => call('GET', `/v2/tasks/${id}/defects-detail${query}`)

  test('are the findings of the newest check, worst first', async () => {
    const id = await create()
    expect(await detail(id)).toEqual({ defects: [], total: 0 })
    await check(id)
    const { defects, total } = await detail(id)
    expect(total).toBe(4)
    expect(defects[0]).toEqual({
      defect_id: 'a'.repeat(32),
      defect_checker_name: 'trailing-space',
      defect_status: '0',
      rule_system_tags: 'any',
      rule_name: 'No trailing spaces',
      line_number: '3',
      defect_content: 'no',
      defect_level: '0',
      file_path: 'src/a.js',
      created_at: '2026-01-02 03:04:05',
      issue_key: 'a'.repeat(32),
      fragment: [{ line_num: '3', line_content: 'a = 1 ', start_offset: -1, end_offset: -1 }],
      events: [],
    })
  })

  test('are filtered and come page by page', async () => {
    const id = await create()
    await check(id)
    const files = async (query: string) =>
      (await detail(id, query)).defects.map(({ file_path }: { file_path: string }) => file_path)
    expect(await files('?severity=0,1')).toEqual(['src/a.js', 'src/b.js'])
    expect(await files('?offset=0&limit=3')).toHaveLength(3)
    // A row, as the page of 2025-11 says, and as clients go on: by what they have.
    expect(await files('?offset=1&limit=2')).toEqual(['src/b.js', 'src/c.js'])
    expect(await files('?offset=3&limit=3')).toEqual(['src/d.js'])
    expect(await files('?offset=4&limit=3')).toEqual([])
    expect(await files('?status_ids=1,2')).toEqual([])
    // Words of the pages since 2025-08, and their larger pages.
    expect(await files('?status_ids=3,4')).toEqual([])
    expect(await files('?status_ids=0,3&delay_status=0&limit=200')).toHaveLength(4)
    expect(await files('?delay_status=1')).toEqual([])
    for (const query of [
      '?severity=4',
      '?status_ids=x',
      '?status_ids=5',
      '?delay_status=2',
      '?limit=201',
      '?offset=-1',
    ]) {
      expect((await detail(id, query)).error_code).toBe('CC.00000000')
    }
  })

  test('keep what was said of them from one check to the next', async () => {
    const id = await create()
    await check(id)
    const say = (ids: string, status: string) =>
      call('PUT', `/v2/tasks/${id}/defect-status`, { defect_id: ids, defect_status: status })
    expect(await say(`${'a'.repeat(32)},${'c'.repeat(32)}`, '2')).toEqual({})
    expect(await say('b'.repeat(32), '1')).toEqual({})
    await check(id, [finding('e', 'normal'), ...FINDINGS])
    const statusOf = async (query: string) => (await detail(id, query)).total
    expect(await statusOf('')).toBe(2)
    expect(await statusOf('?status_ids=2')).toBe(2)
    expect(await statusOf('?status_ids=0,1,2')).toBe(5)
    expect(await call('GET', `/v2/tasks/${id}/defects-statistic`)).toEqual({
      severity: { critical: 0, major: 0, minor: 1, suggestion: 1 },
      status: { unresolved: 2, resolved: 1, dismissed: 2 },
    })
    expect(await say('a'.repeat(32), '0')).toEqual({})
    expect(await statusOf('')).toBe(3)
    for (const ids of [ABSENT, 'x', '']) expect((await say(ids, '1')).error_code).toBe('CC.00000000')
    expect((await say('a'.repeat(32), '3')).error_code).toBe('CC.00000000')
  })

  test('are spoken of by operators, not by viewers, and both of two who speak at once are heard', async () => {
    const id = await create()
    await check(id)
    const tokenOf = async (role: 'viewer' | 'operator') => {
      const user = await world.host.credentials.addUser({ name: role, domain: 'example', password: null, role })
      return (await world.app.access.issueToken(user, 'test', null)).token
    }
    const [viewer, operator] = [await tokenOf('viewer'), await tokenOf('operator')]
    const say = (digit: string, token: string) =>
      call('PUT', `/v2/tasks/${id}/defect-status`, { defect_id: digit.repeat(32), defect_status: '2' }, token)
    expect((await say('a', viewer)).error_code).toBe('CC.00050010')
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((digit) => say(digit, operator)))).toEqual([{}, {}, {}, {}])
    expect((await detail(id, '?status_ids=2')).total).toBe(4)
  })

  test('are summed up, with what was measured and null for what was not', async () => {
    const id = await create()
    const summary = () => call('GET', `/v2/tasks/${id}/defects-summary`)
    expect(await summary()).toMatchObject({ issue_count: 0, code_line: null, last_check_time: null, is_access: null })
    await check(id)
    expect(await summary()).toEqual({
      task_id: id,
      task_name: 'web',
      creator_id: world.admin.user.id,
      git_url: creation.git_url,
      git_branch: 'main',
      created_at: '2026-01-02 03:04:05',
      last_check_time: '2026-01-02 03:04:05',
      code_line_total: 200,
      code_line: 100,
      // 10 + 3 + 2 * 0.1, and that for every 10,000 lines.
      code_quality: 1320,
      issue_count: 4,
      risk_coefficient: 13.2,
      duplication_ratio: '10.00%',
      complexity_count: null,
      duplicated_lines: 10,
      comment_lines: 20,
      comment_ratio: '10.00%',
      duplicated_blocks: 1,
      last_exec_time: '2026-01-02 03:04:05',
      check_type: 'source',
      cyclomatic_complexity_per_method: null,
      cyclomatic_complexity_per_file: null,
      critical_count: '1',
      major_count: '1',
      minor_count: '0',
      suggestion_count: '2',
      is_access: '1',
      trigger_type: 'manual',
      file_duplication_ratio: '50.00%',
    })
    const { metric_info } = await call('GET', inProject(`/tasks/${id}/metrics-summary`))
    expect(metric_info).toMatchObject({
      code_size: '100.00',
      raw_lines: '200.00',
      files_total: '4.00',
      methods_total: null,
    })
    expect(Object.keys(metric_info)).toHaveLength(43)
  })

  test('stay those of the last check when a run fails before its own', async () => {
    const id = await create()
    await check(id)
    await call('POST', `/v2/tasks/${id}/run`, {})
    await world.settled()
    world.runner.endTask('checkout', exited(1))
    await world.settled()
    expect((await detail(id)).total).toBe(4)
  })
})

describe('runs', () => {
  test('are a record of what each found, newest first and by time', async () => {
    const id = await create()
    await check(id)
    world.clock.advance(3_600_000)
    await check(id, [finding('a', 'normal')])
    const record = (query = '') => call('GET', inProject(`/tasks/${id}/checkrecord${query}`))
    expect(await record()).toEqual({
      data: [
        {
          check_time: '2026-01-02T04:04:05Z',
          check_end_time: '2026-01-02T04:04:05Z',
          issue_counts: { critical: 0, serious: 0, normal: 1, prompt: 0 },
        },
        {
          check_time: '2026-01-02T03:04:05Z',
          check_end_time: '2026-01-02T03:04:05Z',
          issue_counts: { critical: 1, serious: 1, normal: 0, prompt: 2 },
        },
      ],
      total: 2,
    })
    expect((await record('?offset=2&limit=1')).data).toHaveLength(1)
    expect(await record('?offset=999999&limit=1000')).toEqual({ data: [], total: 2 })
    expect((await record('?start_time=2026-01-02T04:00:00Z')).total).toBe(1)
    expect((await record('?end_time=2026-01-02T03:04:05Z')).total).toBe(1)
    for (const query of ['?start_time=2026-01-02', '?end_time=2026-13-02T00:00:00Z', '?limit=1001']) {
      expect((await record(query)).error_code).toBe('CC.00000000')
    }
  })

  test('have logs, of which the end is given', async () => {
    const id = await create({ username: 'u', access_token: 'secret' })
    const log = (query = '') => call('GET', inProject(`/tasks/${id}/log-detail${query}`))
    expect((await log()).log_info).toEqual([])
    const first = await check(id)
    const { index } = (await world.run(first)).stages[0]?.tasks[0] ?? raise()
    world.logs.set(`${first}/${index}/1`, new TextEncoder().encode(`${'x'.repeat(70_000)}the end`))
    const { param_info, log_info } = await log()
    expect(param_info).toEqual({
      url: creation.git_url,
      branch: 'main',
      language: 'js,python',
      exclude_dir: '',
      encode: 'UTF-8',
      compile_config: '',
      rule_template: `${systemId('js')},${systemId('python')}`,
    })
    expect(log_info).toMatchObject([
      { display_name: 'Check out', level: 'info', analysis: '', faq: '' },
      { display_name: 'Check the code', log: '' },
    ])
    expect(log_info[0].log).toHaveLength(65_536)
    expect(log_info[0].log.endsWith('the end')).toBe(true)
    await check(id)
    expect((await log(`?execute_id=${first}`)).log_info[0].log).toContain('the end')
    const other = await check(await create())
    expect((await log(`?execute_id=${other}`)).error_code).toBe('CC.00050002')
    expect((await call('GET', `/v2/tasks/${id}/progress?job_id=${other}`)).error_code).toBe('CC.00050002')
    expect(await call('GET', `/v2/tasks/${id}/progress?job_id=${first}`)).toMatchObject({ task_status: 2 })
  })

  test('of another project’s task are not found under this one', async () => {
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const id = await create()
    expect((await call('GET', `/v2/${other.id}/tasks/${id}/log-detail`)).error_code).toBe('CC.00050002')
  })
})

describe('rules', () => {
  const listed = (query = '') => call('GET', inProject(`/rulesets${query}`))

  test('of a task that is not there are refused with a status, as the answer is an array', async () => {
    const headers = { 'X-Auth-Token': world.credentials.token }
    const path = inProject(`/tasks/${ABSENT}`)
    for (const call of ['rulesets', `ruleset/${systemId('js')}/check-parameters`]) {
      const response = await handle(new Request(`${BASE}${path}/${call}`, { headers }))
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error_code: 'CC.00050002' })
    }
  })

  test('sets are listed in shorter pages by the newer call, which need not look who uses them', async () => {
    await create({ language: ['js'] })
    const sets = async (query: string) => call('GET', `/v3/${world.project.id}/rulesets${query}`)
    const all = await listed('?limit=50')
    expect(await sets('?limit=50')).toEqual(all)
    expect((await sets('')).info).toHaveLength(Math.min(10, all.total))
    const used = async (query: string) => {
      const { info } = await sets(`?limit=50${query}`)
      return info.filter((set: { is_used: string }) => set.is_used === '1').length
    }
    expect([await used(''), await used('&need_selected_status=false')]).toEqual([1, 0])
    expect((await sets('?limit=51')).error_code).toBe('CC.00000000')
  })

  test('of a task are named by languages, by sets, or by sets of the default', async () => {
    const body = { git_url: 'https://example.com/a.git', git_branch: 'master' }
    const made = await call('POST', inProject('/task'), {
      ...body,
      rule_sets: [{ language: 'JAVA' }, { ruleset_id: systemId('js'), language: 'js' }],
    })
    const used = await call('GET', inProject(`/tasks/${made.task_id}/rulesets`))
    expect(used).toMatchObject([
      { language: 'java', type: 'selected' },
      { template_id: systemId('js'), type: 'selected' },
    ])
    expect((await call('POST', inProject('/task'), body)).error_code).toBe('CC.00000000')
    expect((await call('POST', inProject('/task'), { ...body, language: [], rule_sets: [] })).error_code).toBe(
      'CC.00000000',
    )
  })

  test('are found by languages as newer documents write them', async () => {
    const totalFor = async (language: string): Promise<number> =>
      (await call('GET', `/v2/rules?rule_languages=${encodeURIComponent(language)}`)).total
    expect(await totalFor('JAVASCRIPT')).toBe(await totalFor('js'))
    expect(await totalFor('C++')).toBe(await totalFor('cpp'))
    expect(await totalFor('JAVA')).toBe((await totalFor('js')) - 1)
    const id = await create({ language: ['JAVASCRIPT', 'C#', 'Go', 'terraform'] })
    const { param_info } = await call('GET', `/v2/${world.project.id}/tasks/${id}/log-detail`)
    expect(param_info.language).toBe('js,csharp,go,terraform')
  })

  test('are those of the linter, by language and severity', async () => {
    const all = await call('GET', '/v2/rules')
    expect(all.total).toBe(world.app.findings.rules().length)
    expect(all.info[0]).toEqual({
      rule_set: 'millrace-lint',
      rule_id: 'conflict-marker',
      rule_language: 'any',
      rule_name: 'No merge conflict markers',
      rule_severity: '0',
      rule_tages: 'any',
      right_example: expect.any(String),
      error_example: expect.any(String),
      revise_opinion: expect.any(String),
      rule_desc: expect.any(String),
    })
    expect((await call('GET', '/v2/rules?rule_languages=java')).total).toBe(all.total - 1)
    expect((await call('GET', '/v2/rules?rule_severity=0')).total).toBe(2)
    expect((await call('GET', '/v2/rules?offset=2&limit=5')).info).toHaveLength(5)
  })

  test('make sets of one’s own, which tasks use, and which stay while they are used', async () => {
    const body = {
      project_id: world.project.id,
      template_name: '严格',
      language: 'js',
      is_default: '1',
      template_id: systemId('js'),
      rule_ids: '',
      uncheck_ids: 'long-line,trailing-space',
    }
    const { template_id: id } = await call('POST', '/v2/ruleset', body)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect((await call('POST', '/v2/ruleset', body)).error_code).toBe('CC.00050016')
    expect((await call('POST', '/v2/ruleset', { ...body, template_name: 'x', rule_ids: 'none' })).error_code).toBe(
      'CC.00000000',
    )
    const [own] = (await listed('?category=1')).info
    expect(own).toMatchObject({ template_id: id, template_name: '严格', language: 'js', is_used: '0' })
    expect(own.rule_ids.split(',')).toHaveLength(world.app.findings.rules().length - 2)
    const rules = (query: string) => call('GET', inProject(`/ruleset/${id}/rules${query}`))
    expect((await rules('?types=3')).info.map(({ rule_id }: { rule_id: string }) => rule_id)).toEqual([
      'long-line',
      'trailing-space',
    ])
    expect((await rules('?types=2')).total + 2).toBe((await rules('?types=1')).total)

    const task = await create({ rule_sets: [{ ruleset_id: id, language: 'js' }], language: ['js'] })
    expect((await checkOf(task))['rules']).not.toContain('long-line')
    expect((await listed('?category=1')).info[0].is_used).toBe('1')
    const remove = () => call('DELETE', inProject(`/ruleset/${id}`))
    expect((await remove()).error_code).toBe('CC.00050015')
    expect(
      await call('PUT', `/v2/tasks/${task}/ruleset`, [
        { language: 'js', rule_set_id: systemId('js'), if_use: '1', status: '1' },
      ]),
    ).toEqual({})
    expect((await checkOf(task))['rules']).toContain('long-line')
    // It is still a task of this dialect's: more can be changed.
    const timeout = { task_advanced_settings: [{ key: 'timeout_minutes', value: '7' }] }
    expect(await call('POST', inProject(`/tasks/${task}/settings`), timeout)).toEqual({})
    expect(await call('GET', inProject(`/tasks/${task}/rulesets`))).toEqual([
      {
        template_id: systemId('js'),
        language: 'js',
        template_name: '系统默认规则集',
        type: 'selected',
        status: '1',
      },
      { template_id: id, language: 'js', template_name: '严格', type: 'optional', status: '0' },
    ])
    const third = await call('GET', `/v3/${world.project.id}/tasks/${task}/rulesets?limit=1`)
    expect(third).toMatchObject({ total: 2, data: third.info })
    expect(await remove()).toEqual({})
    expect((await listed('?category=1')).total).toBe(0)
  })

  test('are not made of a set that nobody has named', async () => {
    const set = { project_id: world.project.id, template_name: 'ours', language: 'js', rule_ids: '' }
    for (const template of [{}, { template_id: '' }, { template_id: 'f'.repeat(32) }]) {
      const { error_code } = await call('POST', '/v2/ruleset', { ...set, is_default: '1', ...template })
      expect(error_code, JSON.stringify(template)).toBe('CC.00000000')
    }
    // "新建空白规则集"
    const { template_id: id } = await call('POST', '/v2/ruleset', { ...set, is_default: '0' })
    expect((await call('GET', inProject(`/ruleset/${id}/rules?types=2`))).total).toBe(0)
  })

  test('of a set that was made the default are those of the tasks made afterwards', async () => {
    const { template_id: id } = await call('POST', '/v2/ruleset', {
      project_id: world.project.id,
      template_name: 'few',
      language: 'python',
      is_default: '0',
      rule_ids: 'private-key',
    })
    expect(await call('POST', inProject(`/ruleset/${id}/python/default`))).toEqual({})
    expect((await call('POST', inProject(`/ruleset/${id}/js/default`))).error_code).toBe('CC.00000000')
    expect(await checkOf(await create({ language: ['python'] }))).toMatchObject({ rules: ['private-key'] })
    expect((await call('DELETE', inProject(`/ruleset/${id}`))).error_code).toBe('CC.00050015')
    expect((await listed('?category=0&limit=1000')).info.find((one: Body) => one.language === 'python')).toMatchObject({
      is_default: '1',
      is_devcloud_project_default: '0',
    })
    expect((await listed('?category=9')).error_code).toBe('CC.00000000')
  })
})

describe('settings', () => {
  test('are the threshold, the timeout, the runner and the paths to leave out', async () => {
    const id = await create()
    const url = (path: string) => inProject(`/tasks/${id}/${path}`)
    const threshold = {
      check_id: 1,
      ruleset_id: systemId('js'),
      language: 'js',
      status: 'on',
      task_check_settings: [{ cfg_key: 'fail_on', status: 'on', cfg_value: 'serious' }],
    }
    expect(await call('POST', url('config-parameters'), { ...threshold, check_id: 0 })).toEqual({})
    expect(await call('POST', url('config-parameters'), threshold)).toEqual({})
    const task_advanced_settings = [
      { key: 'timeout_minutes', value: '30' },
      { key: 'runner_labels', value: 'linux, big' },
    ]
    expect(await call('POST', url('settings'), { task_advanced_settings })).toEqual({})
    const ignore_path_settings = [
      { file_path: '/docs/', checkbox_status: 'all' },
      { file_path: 'src/lib', checkbox_status: 'all' },
      { file_path: 'src', checkbox_status: 'half' },
    ]
    expect(await call('POST', url('config-ignorepath'), { ignore_path_settings })).toEqual({})
    expect(await checkOf(id)).toMatchObject({ fail_on: 'serious', exclude: ['docs', 'src/lib'] })
    const { definition } = await pipelineOf(id)
    expect(definition.timeoutMs).toBe(1_800_000)
    expect(definition.stages[0]?.tasks.map(({ labels }) => labels)).toEqual([
      ['linux', 'big', 'tool:git'],
      ['linux', 'big'],
    ])

    const parameters = await call('GET', url(`ruleset/${systemId('js')}/check-parameters?language=js`))
    expect(parameters[0].checker_configs[0]).toMatchObject({ cfg_key: 'fail_on', status: 'on', value: 'serious' })
    const v3 = `/v3/${world.project.id}/tasks/${id}/ruleset/${systemId('js')}/check-parameters?language=js`
    expect(await call('GET', v3)).toEqual({ data: parameters, total: 1 })
    expect((await call('GET', url('settings'))).info.map(({ key, value }: Body) => [key, value])).toEqual([
      ['timeout_minutes', '30'],
      ['runner_labels', 'linux,big'],
    ])
    await call('POST', url('config-ignorepath'), {
      ignore_path_settings: [{ file_path: 'docs', checkbox_status: 'unchecked' }],
    })
    expect(await checkOf(id)).toMatchObject({ exclude: ['src/lib'] })
  })

  test('show the directories as the newest check has seen them', async () => {
    const id = await create()
    await call('POST', inProject(`/tasks/${id}/config-ignorepath`), {
      ignore_path_settings: [{ file_path: 'src/lib', checkbox_status: 'all' }],
    })
    await check(id)
    const tree = async (path: string) =>
      (await call('GET', inProject(`/tasks/${id}/listpathtree?current_path=${path}`))).info.map((node: Body) => [
        node.file_path,
        node.is_leaf,
        node.checkbox_status,
      ])
    expect(await tree('')).toEqual([
      ['README.md', true, 'unchecked'],
      ['docs', false, 'unchecked'],
      ['src', false, 'half'],
    ])
    expect(await tree('src')).toEqual([
      ['src/a.js', true, 'unchecked'],
      ['src/lib', false, 'all'],
    ])
    // A file that the check has seen is one also when it is to be ignored from now on.
    await call('POST', inProject(`/tasks/${id}/config-ignorepath`), {
      ignore_path_settings: [{ file_path: 'src/a.js', checkbox_status: 'all' }],
    })
    expect((await tree('src'))[0]).toEqual(['src/a.js', true, 'all'])
  })

  test.each([
    ['settings', { task_advanced_settings: [{ key: 'image', value: 'x' }] }],
    ['settings', { task_advanced_settings: [{ key: 'timeout_minutes', value: '0' }] }],
    ['settings', { task_advanced_settings: [{ key: 'runner_labels', value: 'a b' }] }],
    ['config-ignorepath', { ignore_path_settings: [{ file_path: '../x', checkbox_status: 'all' }] }],
    ['config-ignorepath', { ignore_path_settings: [{ file_path: 'x', checkbox_status: 'some' }] }],
    ['config-parameters', { check_id: 1 }],
  ])('%s is not set to %j', async (path, body) => {
    const id = await create()
    expect((await call('POST', inProject(`/tasks/${id}/${path}`), body)).error_code).toBe('CC.00000000')
    expect((await pipelineOf(id)).version).toBe(1)
  })

  test('of a pipeline that was edited elsewhere are left alone', async () => {
    const id = await create()
    const text = 'name: web\ntasks: [{name: lint, script: make lint}]\n'
    need(await world.app.pipelines.update(world.admin, { id }, { text, expectedVersion: null }))
    const task_advanced_settings = [{ key: 'timeout_minutes', value: '30' }]
    const answer = await call('POST', inProject(`/tasks/${id}/settings`), { task_advanced_settings })
    expect(answer.error_code).toBe('CC.00050015')
    expect(await call('GET', `/v2/tasks/${id}/defects-detail`)).toEqual({ defects: [], total: 0 })
  })
})
