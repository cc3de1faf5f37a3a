// Actions on a real run, in a real browser: what it says will happen, and what then does.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG, openVisit, type Visit } from '../support/visit.ts'

let visit: Visit
beforeAll(async () => {
  visit = await openVisit({ server: { slots: 3 } })
}, 300_000)
afterAll(() => visit[Symbol.asyncDispose]())

test('a review on the way is approved with a comment, and the run goes on by itself', LONG, async () => {
  const run = await visit.start(`
name: with review
stages:
  - name: Build
    tasks: [{name: compile, script: echo compiled}]
  - name: Ship
    tasks:
      - {name: sign-off, approval: {question: "Ship it?", reviewers: [${visit.server.user}]}}
      - {name: deploy, needs: [sign-off], script: echo shipped}
`)
  await visit.openRun(run)
  await visit.says(`sign-off waits for review by ${visit.server.user}, 0 of 1 approvals`)
  const asked = visit.page.getByRole('list', { name: 'Waits for a person' })
  await asked.getByText('Ship it?').waitFor()
  const will = await visit.act(asked, 'Approve', (dialog) => dialog.getByLabel('Comment').fill('The canary is fine'))
  expect(will).toBe('Your approval is the last that is needed: sign-off succeeds, and the run goes on.')
  await visit.says(/^Succeeded in/)
  await visit.page.locator('[data-node="sign-off"]').click()
  await visit.panel.getByText('The canary is fine').waitFor()
  expect(new URL(visit.page.url()).searchParams.get('node')).toBe('sign-off')
})

test(
  'an action that no answer comes to, or by somebody who is signed out, says so; it can be done once more',
  LONG,
  async () => {
    const run = await visit.start(
      'name: cut off\nstages:\n  - name: Ship\n    tasks: [{name: sign-off, uses: approval}]\n',
    )
    await visit.openRun(run)
    const asked = visit.page.getByRole('list', { name: 'Waits for a person' })
    const dialog = await visit.ask(asked, 'Approve')
    const approve = dialog.getByRole('button', { name: 'Approve', exact: true })
    await dialog.getByLabel('Comment').fill('kept')
    await visit.page.route('**/approve', (route) => route.abort())
    await approve.click()
    await dialog.getByText('The server does not answer', { exact: true }).waitFor()
    await visit.page.unroute('**/approve')
    const problem = {
      code: 'unauthenticated',
      status: 401,
      title: 'No',
      detail: 'This needs `Authorization: Bearer <token>`',
    }
    await visit.page.route('**/approve', (route) => route.fulfill({ status: 401, body: JSON.stringify(problem) }))
    await approve.click()
    await dialog.getByText('The server refused: You are not signed in any more', { exact: true }).waitFor()
    await visit.page.unroute('**/approve')
    await approve.click()
    await visit.says(/^Succeeded in/)
    expect((await visit.server.client.runs.get(run)).stages[0]?.tasks[0]?.review?.decisions).toMatchObject([
      { comment: 'kept' },
    ])
  },
)

test('a held failure is retried with other inputs, or skipped; each attempt keeps its log', LONG, async () => {
  const run = await visit.start(`
name: held
stages:
  - name: Test
    tasks:
      - {name: flaky, script: "echo first; exit 3", on_failure: hold}
      - {name: hopeless, script: "exit 4", on_failure: hold}
`)
  await visit.openRun(run, 'node=flaky')
  await visit.panel.getByText('the process exited with code 3').first().waitFor()
  await visit.page.getByTestId('log').getByText('first').waitFor()
  const will = await visit.act(visit.panel, 'Retry', (dialog) =>
    dialog.getByLabel(/Other inputs/).fill('{"script": "echo second try"}'),
  )
  expect(will).toBe('flaky begins attempt 2. The log and the result of the present attempt are kept.')
  await visit.page.getByTestId('log').getByText('second try').waitFor()
  await visit.panel.getByText('Succeeded').first().waitFor()
  await visit.panel.getByRole('tab', { name: 'Attempts' }).click()
  await visit.panel.getByText('Attempt 1', { exact: true }).click()
  await visit.page.getByTestId('log').getByText('first').waitFor()

  await visit.page.locator('[data-node="hopeless"]').first().click()
  const skipped = await visit.act(visit.panel, 'Skip', (dialog) => dialog.getByLabel('Comment').fill('not today'))
  expect(skipped).toBe('hopeless counts as skipped, and the run goes on without it.')
  await visit.says(/^Succeeded in/)
})

test('a run is paused, resumed and cancelled; what cannot be done says why', LONG, async () => {
  const run = await visit.start(`
name: steered
stages:
  - name: Work
    tasks:
      - {name: long, script: "echo begun; sleep 600"}
      - {name: after, needs: [long], script: echo after}
`)
  await visit.openRun(run)
  const { header } = visit
  await visit.says(/long is running/)
  expect(await visit.act(header, 'Pause')).toContain('The task that runs now goes on to its end')
  await header.getByText('Paused', { exact: true }).waitFor()
  expect(await visit.act(header, 'Resume')).toBe('The run goes on where it was paused.')
  await visit.says(/long is running/)

  await visit.page.locator('[data-node="after"]').click()
  const retry = visit.panel.getByRole('button', { name: 'Retry', exact: true })
  expect(await retry.getAttribute('aria-disabled')).toBe('true')
  expect(await retry.getAttribute('aria-description')).toBe('It has not begun')
  await retry.hover()
  await visit.page.getByRole('tooltip').getByText('It has not begun').waitFor()

  const will = await visit.act(header, 'Cancel', (dialog) => dialog.getByLabel('Reason').fill('wrong branch'))
  expect(will).toContain('is asked to end, and is ended after 10 seconds of grace')
  await visit.says(/^Cancelled/)
})

test('a callback is answered, a stage is begun anew, and a run is run again', LONG, async () => {
  const run = await visit.start(`
name: called back
stages:
  - name: Wait
    tasks: [{name: outside, callback: {}}]
  - name: End
    tasks: [{name: last, script: exit 1}]
`)
  await visit.openRun(run, 'node=outside')
  const called = await visit.act(visit.panel, 'Call back', (dialog) =>
    dialog.getByLabel('Outputs, as JSON').fill('{"ticket": "A-17"}'),
  )
  expect(called).toBe('outside ends with what you say here, and the run goes on.')
  await visit.page.locator('main header').getByText('Failed', { exact: true }).waitFor()
  await visit.panel.getByRole('tab', { name: 'Inputs & outputs' }).click()
  await visit.panel.getByText('A-17').waitFor()

  await visit.page.locator('[data-node="wait"]').click()
  const will = await visit.act(visit.panel, 'Retry from here')
  expect(will).toBe('Wait (tasks: 1) begins anew, and so does the stage after it.')
  const { header } = visit
  await header.getByText('Running', { exact: true }).waitFor()

  expect(await visit.act(header, 'Run again')).toBe(
    'A new run of version 1 begins with the same parameters. This one stays as it is.',
  )
  await visit.page.getByRole('heading', { name: 'called back #2' }).waitFor()
  expect(visit.page.url()).not.toContain(run)
})

test('the way out of a failed gateway is chosen', LONG, async () => {
  const run = await visit.start(`
name: which way
flow:
  nodes:
    begin: {start: {}}
    gate: {name: Which way, gateway: exclusive, on_failure: hold}
    left: {name: Left, script: echo left}
    right: {name: Right, script: echo right}
    done: {end: {}}
  edges:
    - {from: begin, to: gate}
    - {name: to the left, from: gate, to: left, when: params.missing == 1}
    - {name: to the right, from: gate, to: right, when: params.missing == 2}
    - {from: left, to: done}
    - {from: right, to: done}
params: {missing: 3}
`)
  await visit.openRun(run, 'node=gate')
  const will = await visit.act(visit.panel, 'Choose the way', (dialog) => dialog.getByLabel('to the right').check())
  expect(will).toBe('The flow goes on along the ways that you choose.')
  await visit.says(/^Succeeded in/)
  expect(await visit.page.locator('[data-node="left"]').getAttribute('data-status')).toBe('pending')
  expect(await visit.page.locator('[data-node="right"]').getAttribute('data-status')).toBe('succeeded')
})
