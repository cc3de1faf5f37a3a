// The actions on one node, and those that change what is still to come: what is said before, and what then happens.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG, openVisit, type Visit } from '../support/visit.ts'

const POLL = { timeout: 60_000, interval: 100 }

let visit: Visit
beforeAll(async () => {
  visit = await openVisit({ server: { slots: 3 } })
}, 300_000)
afterAll(() => visit[Symbol.asyncDispose]())

const status = (key: string, word: string): Promise<void> =>
  visit.page.locator(`[data-node="${key}"][data-status="${word}"]`).first().waitFor()

test('a review is rejected with a reason, which everybody can read then', LONG, async () => {
  const run = await visit.start(`
name: rejected
tasks:
  - {name: sign-off, approval: {question: "Ship it?"}}
  - {name: deploy, needs: [sign-off], script: echo shipped}
`)
  await visit.openRun(run, 'node=sign-off')
  const will = await visit.act(visit.panel, 'Reject', (dialog) => dialog.getByLabel('Comment').fill('not on a Friday'))
  expect(will).toBe('One rejection rejects: sign-off fails.')
  await visit.says(`sign-off failed: rejected by ${visit.server.user}: not on a Friday`)
  await visit.panel.getByText('Do what the reviewer asks for, then start the run again').waitFor()
})

test('all that failed is tried again at once, and only that', LONG, async () => {
  const run = await visit.start(
    'name: twice\ntasks:\n  - {name: fine, noop: {}}\n  - {name: one, script: exit 1}\n  - {name: two, script: exit 1}\n',
  )
  await visit.openRun(run)
  await visit.header.getByText('Failed', { exact: true }).waitFor()
  expect(await visit.act(visit.header, 'Retry what failed')).toBe(
    '2 tasks that failed or were cancelled begin again: one, two.',
  )
  const attempts = async (): Promise<readonly number[]> =>
    (await visit.server.client.runs.get(run)).stages.flatMap(({ tasks }) => tasks.map(({ attempt }) => attempt))
  await expect.poll(attempts, POLL).toEqual([1, 2, 2])
})

test('a stage that waits for its trigger is started by a person', LONG, async () => {
  const run = await visit.start(`
name: triggered
stages:
  - name: Build
    tasks: [{name: compile, noop: {}}]
  - name: Ship
    triggers: [{channel: go-live}]
    tasks: [{name: deploy, script: echo shipped}]
`)
  await visit.openRun(run)
  await visit.says('Waits for a trigger')
  expect(await visit.act(visit.header, 'Start')).toBe('Ship begins now, without waiting for its triggers.')
  await visit.says(/^Succeeded in/)
})

test('parameters are changed for what has not begun', LONG, async () => {
  const run = await visit.start(`
name: modified
params: {WHO: somebody}
tasks:
  - {name: gate, approval: {question: "Go on?"}}
  - {name: greet, needs: [gate], script: "echo hello $WHO"}
`)
  await visit.openRun(run)
  const will = await visit.act(visit.header, 'Change parameters', async (dialog) => {
    const field = dialog.getByLabel('Parameters, as JSON')
    expect(JSON.parse(await field.inputValue())).toEqual({ WHO: 'somebody' })
    await field.fill('{"WHO": "everybody"}')
  })
  expect(will).toBe('What has not begun sees the new values. What runs or has ended keeps the old ones.')
  await visit.server.client.nodes.act(run, 'gate', 'approve')
  await visit.says(/^Succeeded in/)
  await visit.page.locator('[data-node="greet"]').click()
  await visit.page.getByTestId('log').getByText('hello everybody').waitFor()
})

test('what is not a JSON object is refused before it is sent', LONG, async () => {
  const run = await visit.start('name: typo\nparams: {WHO: x}\ntasks: [{name: gate, approval: {question: "Go on?"}}]\n')
  await visit.openRun(run)
  const dialog = await visit.ask(visit.header, 'Change parameters')
  await dialog.getByLabel('Parameters, as JSON').fill('[1, 2]')
  await dialog.getByRole('button', { name: 'Change parameters', exact: true }).click()
  await dialog.getByRole('alert').getByText('This is not a JSON object').waitFor()
  await dialog.getByRole('button', { name: 'Do nothing' }).last().click()
  await dialog.waitFor({ state: 'detached' })
})

test('a task that is still to come is paused, and resumed', LONG, async () => {
  const run = await visit.start(`
name: paused ahead
tasks:
  - {name: gate, approval: {question: "Go on?"}}
  - {name: later, needs: [gate], script: echo later}
`)
  await visit.openRun(run, 'node=later')
  expect(await visit.act(visit.panel, 'Pause')).toBe(
    'later does not begin, and its end is not passed on, until somebody resumes it.',
  )
  await visit.server.client.nodes.act(run, 'gate', 'approve')
  await visit.says('later is paused')
  expect(await visit.act(visit.panel, 'Resume')).toBe('later goes on.')
  await visit.says(/^Succeeded in/)
})

test('a task at work is made to fail', LONG, async () => {
  const run = await visit.start('name: given up\ntasks: [{name: endless, script: "echo begun; sleep 600"}]\n')
  await visit.openRun(run, 'node=endless')
  await visit.page.getByTestId('log').getByText('begun').waitFor()
  const will = await visit.act(visit.panel, 'Make it fail', (dialog) => dialog.getByLabel('Comment').fill('hangs'))
  expect(will).toBe('Whatever endless is at is stopped, and it ends as failed.')
  await visit.says(`endless failed: failed by ${visit.server.user}: hangs`)
})

test('a deadline is moved, then let run out', LONG, async () => {
  const run = await visit.start('name: in time\ntasks: [{name: ask, approval: {question: "Well?", expire: 1h}}]\n')
  await visit.openRun(run, 'node=ask')
  const deadline = async (): Promise<number> => {
    const task = (await visit.server.client.runs.get(run)).stages[0]?.tasks[0]
    return Date.parse(task?.deadline_at ?? '')
  }
  const before = await deadline()
  const will = await visit.act(visit.panel, 'Give more time', (dialog) => dialog.getByLabel('Minutes').fill('30'))
  expect(will).toBe('The deadline of ask moves by this much.')
  expect((await deadline()) - before).toBe(30 * 60_000)
  expect(await visit.act(visit.panel, 'Let its time run out')).toBe(
    'The time of ask is over now; its definition says what follows.',
  )
  await visit.says('ask failed: nobody decided within')
})

test('a stage is taken back, the last task first', LONG, async () => {
  const run = await visit.start(`
name: taken back
stages:
  - name: Ship
    tasks:
      - {name: up, script: echo up, rollback: {script: echo down}}
      - {name: check, needs: [up], script: exit 1}
`)
  await visit.openRun(run)
  await visit.says(/check failed/)
  await visit.page.locator('[data-node="ship"]').click()
  expect(await visit.act(visit.panel, 'Roll back')).toBe(
    'The tasks of Ship that have a way back are taken back, the last first.',
  )
  await status('up', 'rolled_back')
  await visit.header.getByText('Rolled back', { exact: true }).waitFor()
})

test('whoever may only look sees every action grey, and why', LONG, async () => {
  const { server, page } = visit
  const run = await visit.start('name: looked at\ntasks: [{name: gate, approval: {question: "Go on?"}}]\n')
  await server.client.users.create({ name: 'guest', password: 'only-to-look', role: 'viewer' })
  await visit.browser.context.clearCookies()
  await page.goto(`${server.url}/runs/${run}?node=gate`)
  await page.locator('input[name=user]').fill('guest')
  await page.locator('input[name=password]').fill('only-to-look')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await visit.says(/gate waits for review/)
  const approve = visit.panel.getByRole('button', { name: 'Approve', exact: true })
  await expect.poll(() => approve.getAttribute('aria-disabled'), POLL).toBe('true')
  expect(await approve.getAttribute('aria-description')).toBe('It takes the role operator to steer runs')
  expect(visit.browser.complaints).toEqual([])
})
