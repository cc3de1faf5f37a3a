import { describe, expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { ScriptedRunner } from '../../testing/scripted-runner.ts'
import { need, openWorld } from '../../testing/world.ts'
import { koderover } from './index.ts'

/** Anything of JSON, for tests to take apart. */
type Body = ReturnType<typeof JSON.parse>

async function open() {
  const world = await openWorld({ runner: new ScriptedRunner(100) })
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
  const ask = async (method: string, path: string, body?: unknown): Promise<Body> => {
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
    const response = await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, init))
    await world.settled()
    expect(response.status).toBe(200)
    return response.json()
  }
  /** All that a viewer of the project can come by. */
  const seen = async (): Promise<string> => {
    const { items } = need(await world.app.pipelines.slice(world.admin, {}, 0, 10))
    const rows = need(await world.app.runs.list(world.admin, {}, { before: null, limit: 10 })).items
    const texts = items.map((one) => world.app.pipelines.text(world.admin, { id: one.id }, one.version))
    return JSON.stringify([items, await Promise.all(rows.map(({ id }) => world.run(id))), await Promise.all(texts)])
  }
  return { world, ask, seen }
}

const SINGLE = {
  name: 'single',
  enabled: true,
  multi_run: true,
  product_name: 'default',
  sub_tasks: [
    {
      type: 'buildv2',
      enabled: true,
      job_ctx: {
        builds: [
          { repo_owner: 'https://ci:t0ken-of-git@git.example/li', repo_name: 'app', oauth_token: 'gho_t0ken-of-git' },
        ],
        build_steps: [{ type: 'shell', scripts: 'make' }],
        envs: [{ key: 'PASSWORD', value: 'hunter22', is_credential: true }],
      },
    },
  ],
}

describe('credentials in bodies', () => {
  test('of Zadig are sealed, stay when they come back as stars, and are put into jobs', async () => {
    const { world, ask, seen } = await open()
    await ask('POST', '/api/workflow/v2/pipelines', SINGLE)
    const shown = await ask('GET', '/api/workflow/v2/pipelines/single')
    const [build] = shown.sub_tasks[0].job_ctx.builds
    expect([build.repo_owner, build.oauth_token]).toEqual(['https://ci:********@git.example/li', '********'])
    await ask('POST', '/api/workflow/v2/pipelines', { ...shown, description: 'changed' })
    const variables = [{ key: 'PASSWORD', value: 'another22', is_credential: true }]
    await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'single', build_args: variables, builds: [build] })
    const [job] = world.runner.jobs
    expect(job).toMatchObject({
      with: { url: 'https://ci:t0ken-of-git@git.example/li/app' },
      env: { PASSWORD: 'another22' },
    })
    expect(job?.secrets?.map(({ value }) => value).toSorted()).toEqual(['another22', 't0ken-of-git'])
    expect(await seen()).not.toMatch(/hunter22|another22|t0ken-of-git/)
  })

  test('of 2017 are those in an owner that is an address', async () => {
    const { world, ask, seen } = await open()
    const repo_owner = 'https://ci:t0ken-of-git@git.example/li'
    await ask('POST', '/api/pipelines', {
      pipeline_name: 'old',
      repo_owner,
      repo_name: 'app',
      run_build: true,
      enabled: true,
    })
    const shown = await ask('GET', '/api/pipelines/old')
    expect(shown.repo_owner).toBe('https://ci:********@git.example/li')
    await ask('PUT', '/api/pipelines/old', { ...shown, service_name: 'web' })
    await ask('POST', '/api/tasks', { pipeline_name: 'old', repo_owner: shown.repo_owner })
    expect(world.runner.jobs[0]?.with).toMatchObject({ url: 'https://ci:t0ken-of-git@git.example/li/app' })
    expect(JSON.stringify(await ask('GET', '/api/tasks/id/1/pipeline/old'))).not.toContain('sealed')
    expect(await seen()).not.toContain('t0ken-of-git')
  })
})
