import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { open, type Body } from '../../../testing/koderover-client.ts'
import { succeeded } from '../../../testing/scripted-runner.ts'
import { handedOn, scripted, templated, workflowVariables } from './variables.ts'

// `{{.workflow.params.version}}` and its like: aslan's job package and jobcontroller, read 2026-11-24.

const BASE = '/api/aslan/workflow/v4'
const body = {
  name: 'ship',
  display_name: 'Ship it',
  project: 'default',
  params: [{ name: 'version' }, { name: '环境' }],
  stages: [{ name: 's', jobs: [{ name: 'compile', error_policy: { policy: 'ignore_error' } }] }],
}
const variables = { ...workflowVariables(body, {}), jobs: new Set(['compile', 'pack']) }

const said = (script: string, env: Readonly<Record<string, string>> = {}): string =>
  execFileSync('bash', ['-ec', script], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })

test.each([
  ['{{.project}}/{{.workflow.name}}/{{.workflow.id}}', 'default/Ship it/ship'],
  ['v{{.workflow.params.version}}-{{.workflow.task.id}}', 'v${{ params.version }}-${{ run.number }}'],
  ['{{.job.compile.output.TAG}}', '${{ tasks.compile.outputs.TAG }}'],
  ['{{.job.compile.web.web-1.output.IMAGE}}', '${{ tasks.compile.outputs.IMAGE }}'],
  ['{{.job.compile.status}}', "${{ tasks.compile.status == 'succeeded' and 'passed' or 'unstable' }}"],
  ['{{.job.pack.status}}', "${{ tasks.pack.status == 'succeeded' and 'passed' or '' }}"],
  // What nobody can tell is nothing; what is not theirs stays.
  ['[{{.workflow.params.other}}{{.job.later.output.X}}{{.workflow.task.timestamp}}]', '[]'],
  [
    '{{.workflow.task.creator}}',
    "${{ run.cause == 'schedule' and 'timer' or run.cause in ['webhook', 'push', 'merge_request'] and 'webhook' or run.by }}",
  ],
  ['{{.State.Status}} {{ .Values.x }} {{"$"}}', '{{.State.Status}} {{ .Values.x }} {{"$"}}'],
  ['${{ secrets.X }}', '$${{ secrets.X }}'],
])('%s is written %s', (text, written) => {
  expect(templated(text, variables)).toBe(written)
})

test.each([
  ['echo {{.workflow.params.version}}', '1; id $x'],
  ['echo "a {{.workflow.params.version}} b"', 'a 1; id $x b'],
  [`echo '{"v":"{{.workflow.params.version}}"}'`, '{"v":"1; id $x"}'],
  [`# don't\necho '<{{.workflow.params.version}}>' "it's {{.workflow.params.version}}"`, "<1; id $x> it's 1; id $x"],
  [`cat <<EOF\nit's {{.workflow.params.version}}\nEOF\necho '{{.workflow.params.version}}'`, "it's 1; id $x\n1; id $x"],
  [`cat <<-'A'\nit's\n\tA\necho '{{.workflow.params.version}}'`, "it's\n1; id $x"],
  [`echo $((1<<x)) '{{.workflow.params.version}}'`, '1 1; id $x'],
  [`echo \\' {{.workflow.params.version}} \\'`, "' 1; id $x '"],
  [`x=\${y#a}; echo '{{.project}}'"$x"`, 'default'],
])('a script reads a value and never runs it: %s', (script, output) => {
  const { text, env } = scripted(script, variables)
  const values = Object.fromEntries(Object.keys(env).map((name) => [name, '1; id $x']))
  expect(said(text, values).trim()).toBe(output)
})

test.each([
  ['here-documents that do not end', '<<a\n'],
  ['here-documents that do', 'cat <<a\na\n'],
  ['many that are quoted', "{{.workflow.params.version}} '"],
])('the cost of a script does not grow faster than it does: %s', (_, piece) => {
  const { text } = scripted(`{{.workflow.params.version}}\n${piece.repeat(50_000)}`, variables)
  expect(text).toContain('${ZADIG_1}')
})

test('what a script has made is handed on, line breaks and all', () => {
  const lines = ['MILLRACE_OUTPUT=$(mktemp)', `trap 'cat "$MILLRACE_OUTPUT"; rm "$MILLRACE_OUTPUT"' EXIT`]
  const script = [...lines, 'A="x=1\n2"', handedOn(['A', 'B', 'no-name'])].join('\n')
  expect(said(script)).toBe('A<<ZADIG_OUTPUT\nx=1\n2\nZADIG_OUTPUT\n')
})

const shell = (name: string, script: string, more: object = {}): Body => ({
  name,
  type: 'freestyle',
  spec: { steps: [{ type: 'shell', spec: { script } }], ...more },
})

test('a job is told what every job is told, and of its repositories', async () => {
  const { ask, world } = await open()
  const spec = {
    service_and_builds: [
      {
        service_name: 'shop',
        service_module: 'web',
        repos: [{ repo_owner: 'li', repo_name: '2-shop.web', branch: 'main', pr: 7 }],
      },
    ],
    repos: [{ repo_owner: '/srv/git', repo_name: 'lib', tag: 'v1' }],
    steps: [{ type: 'shell', spec: { script: 'ls $WORKSPACE' } }],
  }
  await ask('POST', BASE, {
    ...body,
    params: [],
    stages: [{ name: 's', jobs: [{ name: 'make', type: 'zadig-build', spec }] }],
  })
  await ask('POST', `${BASE}/workflowtask`, { name: 'ship' })
  world.runner.endTask('make-fetch-1', succeeded({ commit: 'abc' }))
  await world.settled()
  const job = world.runner.jobs.at(-1)
  expect(job?.env).toMatchObject({
    CI: 'true',
    ZADIG: 'true',
    PROJECT: 'default',
    WORKFLOW: 'ship',
    TASK_ID: '1',
    SERVICE_NAME: 'shop',
    SERVICE_MODULE: 'web',
    REPONAME_0: 'lib',
    REPO_0: 'lib',
    lib_TAG: 'v1',
    lib_COMMIT_ID: 'abc',
    REPONAME_1: '2-shop.web',
    REPO_1: 'C_shop_web',
    C_shop_web_BRANCH: 'main',
    C_shop_web_PR: '7',
  })
  expect(job?.with).toMatchObject({ script: expect.stringContaining('export WORKSPACE="$PWD"\nls $WORKSPACE\n') })
})

test('a job reads what other jobs say of themselves: services, branches, environments, images, variables', async () => {
  const { ask, world } = await open()
  const repos = [
    { address: 'https://git.example', repo_owner: 'li', repo_name: 'web', branch: 'main', commit_id: 'abc' },
  ]
  const services = [
    { service_name: 'shop', service_module: 'web', repos },
    { service_name: 'shop', service_module: 'api', repos: [{ repo_owner: 'li', repo_name: 'api', branch: 'dev' }] },
  ]
  const modules = [{ service_module: 'web', image: 'web:{{.workflow.params.version}}' }]
  const deploy = { env: 'qa', services: [{ service_name: 'shop', modules }] }
  const asked = [
    '{{.job.build.SERVICES}} {{.job.build.BRANCHES}} {{.job.build.GITURLS}}',
    '{{.job.build.shop.web.BRANCH}} {{.job.build.shop.web.COMMITID}} {{.job.build.shop.web.GITURL}}',
    '{{.job.put.envName}} {{.job.put.SERVICES}} {{.job.put.IMAGES}} {{.job.say.MODE}}',
  ]
  const envs = [
    { key: 'MODE', value: 'fast' },
    { key: 'ALL', value: asked.join('|') },
    { key: 'BY', value: '{{.workflow.task.creator}}' },
  ]
  const jobs = [
    { name: 'say', type: 'freestyle', spec: { envs, script: 'echo {{.job.put.IMAGES}} {{.job.build.BRANCHES}}' } },
    { name: 'build', type: 'zadig-build', spec: { service_and_builds: services } },
    { name: 'put', type: 'zadig-deploy', spec: deploy },
  ]
  const params = [{ name: 'version', type: 'string', value: '7' }]
  await ask('POST', BASE, { ...body, params, stages: [{ name: 's', jobs }] })
  await world.app.runs.start(world.admin, { pipeline: { name: 'ship' }, params: {} })
  await world.settled()
  const job = world.runner.jobs.at(-1)
  expect(job?.env['ALL']?.split('|')).toEqual([
    'web/shop,api/shop main,dev https://git.example/li/web,li/api',
    'main abc https://git.example/li/web',
    'qa web/shop web:7 fast',
  ])
  expect(job?.env).toMatchObject({ BY: world.admin.user.name, ZADIG_1: 'web:7', ZADIG_2: 'main,dev' })
})

test('a param may be a repository, of which a start says the branch', async () => {
  const { ask, world } = await open()
  const repo = {
    codehost_name: 'local',
    repo_owner: '/srv/git',
    repo_namespace: '/srv/git',
    repo_name: 'web',
    branch: 'main',
  }
  const repos = [{ source_from: 'param', global_param_name: 'code' }]
  const jobs = [{ name: 'make', type: 'freestyle', spec: { repos, script: 'make' } }]
  const params = [{ name: 'code', type: 'repo', repo }]
  const workflow = { ...body, params, stages: [{ name: 's', jobs }] }
  await ask('POST', BASE, workflow)
  const fetched = () => world.runner.jobs.at(-1)?.with
  await ask('POST', `${BASE}/workflowtask`, workflow)
  expect(fetched()).toMatchObject({ url: '/srv/git/web', ref: 'main' })
  const mine = { codehost_name: 'local', repo_namespace: '/srv/git', repo_name: 'web', branch: 'mine' }
  const start = (one: object) =>
    ask('POST', '/openapi/workflows/custom/task', {
      workflow_key: 'ship',
      project_key: 'default',
      parameters: [{ name: 'code', type: 'repo', repo: one }],
      inputs: [{ job_name: 'make', job_type: 'freestyle', parameters: {} }],
    })
  world.runner.endTask('make-fetch-1', succeeded())
  await world.settled()
  world.runner.endTask('make', succeeded())
  await world.settled()
  expect((await start(mine)).body).toMatchObject({ task_id: 2 })
  expect(fetched()).toMatchObject({ url: '/srv/git/web', ref: 'mine' })
  const task = (await ask('GET', '/openapi/workflows/custom/task?workflowKey=ship&taskId=2')).body
  expect(task.params).toMatchObject([{ name: 'code', type: 'repo', repo: { repo_name: 'web', branch: 'mine' } }])
  expect((await start({ ...mine, repo_name: 'other' })).body.code).toBe(6160)
})

// `ShellStep` of jobexecutor: `/bin/bash user_script.sh`, and no more.
test.each([
  ['goes on behind a command that fails', ['false | true; false\necho on'], [], 'on\n', 0],
  ['is as its last command is', ['echo on; (exit 3)'], [], 'on\n', 3],
  ['may have the line ends of Windows', ['if true; then\r\n  echo on\r\nfi\r\n'], [], 'on\n', 0],
  ['stops there when it says so', ['set -e\nfalse\necho on'], [], '', 1],
  ['ends with the first of its steps that fails', ['echo one; (exit 4)', 'echo two'], [], 'one\n', 4],
  [
    'hands on what it has made, and is still as its last command',
    ['A=1; (exit 5)'],
    [{ name: 'A' }],
    'A<<ZADIG_OUTPUT\n1\nZADIG_OUTPUT\n',
    5,
  ],
])('a job of commands %s', async (_, scripts, outputs, output, status) => {
  const { ask, world } = await open()
  const steps = scripts.map((script) => ({ type: 'shell', spec: { script } }))
  const job = { name: 'make', type: 'freestyle', spec: { steps, outputs } }
  await ask('POST', BASE, { ...body, params: [], stages: [{ name: 's', jobs: [job] }] })
  await ask('POST', `${BASE}/workflowtask`, { name: 'ship' })
  const script = world.runner.jobs.at(-1)?.with['script']
  const keep = `MILLRACE_OUTPUT=$(mktemp); trap 'cat "$MILLRACE_OUTPUT"; rm "$MILLRACE_OUTPUT"' EXIT`
  const kept = `${keep}\n${typeof script === 'string' ? script : ''}`
  const env = { PATH: process.env['PATH'] ?? '' }
  const done = spawnSync('bash', ['-eo', 'pipefail', '-c', kept], { env, encoding: 'utf8' })
  expect(done.stdout).toBe(output)
  expect(done.status).toBe(status)
})

test('a task fills them in: params as they were given, who started it, and what jobs before it have made', async () => {
  const { ask, world } = await open()
  const workflow = {
    ...body,
    params: [{ name: 'version', type: 'string', value: '1.0' }],
    stages: [
      {
        name: 'build',
        jobs: [
          shell('compile', 'TAG=x', { outputs: [{ name: 'TAG' }] }),
          shell('pack', 'true'),
          shell('say', 'echo {{.job.compile.output.TAG}} by {{.workflow.task.creator}}'),
        ],
      },
      {
        name: 'deploy',
        jobs: [
          {
            name: 'put',
            type: 'zadig-deploy',
            spec: {
              env: '{{.workflow.params.version}}-env',
              envs: [{ key: 'TAG', value: '{{.job.compile.output.TAG}}/{{.job.pack.status}}/{{.workflow.task.id}}' }],
              service_and_images: [
                { service_name: 'web', service_module: 'web', image: 'web:{{.workflow.params.version}}' },
              ],
            },
          },
        ],
      },
    ],
  }
  expect((await ask('POST', BASE, workflow)).body).toEqual({ message: 'success' })
  const params = [{ name: 'version', value: '2.0' }]
  const started = await ask('POST', `${BASE}/workflowtask`, { ...workflow, params })
  expect(started.body).toMatchObject({ task_id: 1 })
  const job = () => world.runner.jobs.at(-1)
  expect(job()?.with).toMatchObject({ script: expect.stringMatching(/\nTAG=x\n[^]*MILLRACE_OUTPUT/) })
  world.runner.endTask('compile', succeeded({ TAG: 'blue', IMAGE: 'web:9' }))
  await world.settled()
  world.runner.endTask('pack', succeeded())
  await world.settled()
  expect(job()?.with).toMatchObject({ script: expect.stringContaining('\necho ${ZADIG_1} by ci') })
  expect(job()?.env).toMatchObject({ ZADIG_1: 'blue' })
  world.runner.endTask('say', succeeded())
  await world.settled()
  expect(job()?.env).toMatchObject({ TAG: 'blue/passed/1', ENV_NAME: '2.0-env', IMAGE: 'web:2.0' })
  const task = (await ask('GET', `${BASE}/workflowtask/workflow/ship/task/1`)).body
  expect(task.stages[0].jobs[0].spec.image).toBe('web:9')
  // The workflow itself is shown as it was written.
  const shown = (await ask('GET', `${BASE}/preset/ship`)).body
  expect(JSON.stringify(shown.stages)).toContain('{{.workflow.task.creator}}')
})
