import { expect, test } from 'vitest'
import { constant, shell, webTree } from '../../testing/blueking-trees.ts'
import { openBkClient } from '../../testing/blueking-client.ts'
import { need } from '../../testing/world.ts'

const password = (value: unknown) => constant(value as string, { custom_type: 'password' })

test('a password is sealed as soon as it comes, and known to the script alone', async () => {
  const client = await openBkClient()
  const { world, biz } = client
  const tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: shell('login --password ${pw} --other ${other}') },
    constants: {
      '${pw}': password('open sesame'),
      '${other}': password({ type: 'password_value', tag: 'value', value: 'shibboleth' }),
    },
  })
  const { template_id } = await client.need(client.post('create_template', [biz], { name: 'p', pipeline_tree: tree }))
  const shown = await client.need(client.get('get_template_info', [template_id, biz]))
  const first = await client.need(client.post('create_task', [template_id, biz], { name: 'first' }))
  const second = await client.need(
    client.post('create_task', [template_id, biz], { name: 'second', constants: { '${pw}': 'speak friend' } }),
  )
  // What is shown is taken back, as a client does that copies a template.
  const copy = await client.need(
    client.post('fast_create_task', [biz], { name: 'third', pipeline_tree: shown.pipeline_tree }),
  )
  const secrets = []
  for (const { task_id } of [first, second, copy]) {
    await client.need(client.get('get_task_detail', [task_id, biz]))
    expect((await client.post('start_task', [task_id, biz])).result).toBe(true)
    await world.settled()
    const job = world.runner.jobs.at(-1)
    secrets.push(job?.secrets?.map(({ value }) => value).toSorted())
  }
  expect(secrets).toEqual([
    ['open sesame', 'shibboleth'],
    ['shibboleth', 'speak friend'],
    ['open sesame', 'shibboleth'],
  ])
  const detail = await client.get('get_task_detail', [second.task_id, biz])
  const runs = need(await world.app.runs.list(world.admin, {}, { before: null, limit: 10 })).items
  const all = await Promise.all(runs.map((run) => world.run(run.id)))
  expect(JSON.stringify([shown, detail, all])).not.toMatch(/sesame|shibboleth|friend/)
})
