// What admins do on the page, on a real server: runners, who is told, secrets, keys, users, settings.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HttpTarget } from '../support/http-target.ts'
import { LONG, openVisit, type Visit } from '../support/visit.ts'

const POLL = { timeout: 60_000, interval: 100 }

let target: HttpTarget
let visit: Visit
beforeAll(async () => {
  target = await HttpTarget.open()
  visit = await openVisit({
    server: {
      slots: 2,
      httpAllow: target.host,
      smtp: 'smtp://ci:hunter22@127.0.0.1:1',
      mailFrom: 'a@b.example',
    },
  })
}, 300_000)
afterAll(async () => {
  await visit[Symbol.asyncDispose]()
  target.close()
})

const open = async (tab: string): Promise<void> => {
  await visit.page.goto(`${visit.server.url}/admin?tab=${tab}`)
  await visit.page.getByRole('tab', { selected: true }).waitFor()
}
const main = () => visit.page.locator('main')
/** Presses a button, reads what will happen, and agrees. */
const agree = async (title: string, button: string): Promise<string> => {
  await visit.page.getByRole('button', { name: title, exact: true }).click()
  const dialog = visit.page.getByRole('dialog', { name: title })
  const will = (await dialog.getByTestId('what-will-happen').textContent()) ?? ''
  await dialog.getByRole('button', { name: button, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  return will
}

test('a runner is let in by a command that is ready to be run, paused, resumed and removed', LONG, async () => {
  const { page, server } = visit
  await open('runners')
  const embedded = page.locator('[data-runner="embedded"]')
  await embedded.getByText('Online').waitFor()
  await embedded.getByText('0 of 2').waitFor()
  await embedded.getByText('linux', { exact: true }).waitFor()

  await main().getByLabel('Name').fill('builder-1')
  await page.getByRole('button', { name: 'Let a runner in' }).click()
  const issued = page.getByTestId('issued')
  const command = (await issued.locator('code').first().textContent()) ?? ''
  expect(command).toMatch(/^MILLRACE_RUNNER_TOKEN=\S+ millrace runner --url http:\S+ --slots 2$/)
  expect(command).toContain(server.url)
  const row = page.locator('[data-runner="builder-1"]')
  await row.getByText('Offline').waitFor()
  expect(await agree('Pause builder-1', 'Pause')).toContain('gets nothing more until somebody resumes it')
  await row.getByText('Paused').waitFor()
  await page.getByRole('button', { name: 'Resume builder-1' }).click()
  await row.getByText('Offline').waitFor()
  expect(await agree('Remove builder-1', 'Remove')).toBe('The token of builder-1 is worth nothing from now on.')
  await row.waitFor({ state: 'detached' })
  // What was shown once is nowhere any more.
  await page.reload()
  await embedded.waitFor()
  expect(await page.content()).not.toContain(command.slice(22, 60))
})

test('somebody is told of runs: made, tried, and what became of it is seen and sent again', LONG, async () => {
  const { page } = visit
  await open('notifications')
  await main().getByLabel('Name').fill('ops')
  await main().getByLabel('Address (URL)').fill(target.url('/hook'))
  await page.getByRole('button', { name: 'Have them told' }).click()
  await page
    .getByTestId('issued')
    .getByText(/^whsec_/)
    .waitFor()
  const row = page.locator('[data-notification="ops"]')
  await row.getByText('works again').waitFor()

  expect(await agree('Test ops', 'Test')).toContain('A message that tells of no run is sent now')
  await page.locator('[data-state="delivered"]').getByText('Delivered').waitFor()
  expect(JSON.parse(target.seen.at(-1)?.body.toString() ?? '{}')).toMatchObject({ type: 'test' })
  const before = target.seen.length
  expect(await agree('Send again to ops', 'Send again')).toContain('under the same id')
  await expect.poll(() => target.seen.length, POLL).toBe(before + 1)

  await main().getByRole('combobox', { name: 'State' }).click()
  await page.getByRole('option', { name: 'Given up' }).click()
  await main().getByText('No delivery is like that').waitFor()
  await agree('Remove ops', 'Remove')
  await row.waitFor({ state: 'detached' })
})

test('somebody is told of one pipeline alone, which its page and the administration say', LONG, async () => {
  const { page, server } = visit
  const { items } = await server.client.pipelines.list()
  const one = items.find(({ name }) => name === 'pipeline-1')
  await server.client.notifications.create(one?.project.name ?? '', {
    name: 'everything',
    pipeline: null,
    events: ['ended'],
    to: { kind: 'email', addresses: ['all@example.com'] },
  })
  await page.goto(`${server.url}/pipelines/${one?.id}?tab=notifications`)
  await main().getByLabel('Name').fill('its owners')
  await main().getByRole('combobox', { name: 'By' }).click()
  await page.getByRole('option', { name: 'E-mail' }).click()
  await main().getByLabel('E-mail addresses').fill('a@example.com, b@example.com')
  await page.getByRole('button', { name: 'Have them told' }).click()
  const own = page.locator('[data-notification="its owners"]')
  await own.getByText('This one').waitFor()
  await own.getByText('a@example.com, b@example.com').waitFor()
  // Whoever is told of all is shown, and changed elsewhere.
  const all = page.locator('[data-notification="everything"]')
  await all.getByText('All of the project').waitFor()
  expect(await all.getByRole('button').count()).toBe(0)
  const other = items.find(({ name }) => name === 'staged-release')
  await page.goto(`${server.url}/pipelines/${other?.id}?tab=notifications`)
  await all.waitFor()
  expect(await own.count()).toBe(0)

  await page.getByRole('link', { name: 'All of the project, and what became' }).click()
  await own.getByRole('link', { name: 'pipeline-1' }).waitFor()
  for (const name of ['its owners', 'everything']) await agree(`Remove ${name}`, 'Remove')
  await own.waitFor({ state: 'detached' })
})

test('secrets are kept for a project or for one pipeline, and never shown again', LONG, async () => {
  const { page } = visit
  await open('secrets')
  await main().getByLabel('Pipeline').click()
  await page.getByRole('option', { name: 'pipeline-1', exact: true }).click()
  await main().getByText('Only tasks of this pipeline get it').waitFor()
  await main().getByLabel('Name').fill('DEPLOY_KEY')
  await main().locator('input[autocomplete=new-password]').fill('hush-hush-hush')
  await page.getByRole('button', { name: 'Keep the secret' }).click()
  await main().getByRole('cell', { name: 'DEPLOY_KEY', exact: true }).waitFor()
  await page.reload()
  // That is the project's list.
  await main().getByText('Nothing here yet').waitFor()
  await main().getByLabel('Pipeline').click()
  await page.getByRole('option', { name: 'pipeline-1', exact: true }).click()
  await main().getByRole('cell', { name: 'DEPLOY_KEY', exact: true }).waitFor()
  expect(await page.content()).not.toContain('hush-hush-hush')
  await agree('Remove DEPLOY_KEY', 'Remove')
  await main().getByText('Nothing here yet').waitFor()
})

test('a key pair is shown once, and revoked', LONG, async () => {
  const { page } = visit
  await open('credentials')
  await main().getByRole('combobox', { name: 'Kind' }).click()
  await page.getByRole('option', { name: 'Huawei AK/SK' }).click()
  await main().getByLabel('What it is for').fill('terraform')
  // A session has an end, and makes nothing that has none.
  await main().getByLabel('Token of yours without an end').fill(visit.server.token)
  await page.getByRole('button', { name: 'Make it' }).click()
  const codes = page.getByTestId('issued').locator('code')
  await expect.poll(() => codes.count(), POLL).toBe(2)
  const [ak = '', sk = ''] = await codes.allTextContents()
  await main().getByRole('cell', { name: ak, exact: true }).waitFor()
  await page.reload()
  await main().getByRole('cell', { name: ak, exact: true }).waitFor()
  expect(await page.content()).not.toContain(sk)
  expect(await agree('Revoke terraform', 'Revoke')).toContain('It cannot be brought back')
  await main().getByRole('cell', { name: ak, exact: true }).waitFor({ state: 'detached' })
})

test('a user is made, given another role and one project, and disabled', LONG, async () => {
  const { page, server } = visit
  await open('users')
  await main().getByLabel('Name').fill('guest')
  await main().locator('input[autocomplete=new-password]').fill('a long password')
  await page.getByRole('button', { name: 'Make the user' }).click()
  const row = page.locator('[data-user="guest"]')
  await row.getByText('Operator').waitFor()
  await page.getByRole('button', { name: 'Change guest' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Role' }).click()
  await page.getByRole('option', { name: 'Viewer' }).click()
  await dialog.getByText('Sees everything of their projects, and changes nothing').waitFor()
  await dialog.getByRole('combobox', { name: 'Projects' }).click()
  await page.getByRole('option').first().click()
  await page.keyboard.press('Tab')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await row.getByText('Viewer').waitFor()
  const [project] = (await server.client.projects.list()).items
  await row.getByText(project?.name ?? '').waitFor()
  expect(await agree('Disable guest', 'Disable')).toContain('refused from the next request on')
  await row.getByText('disabled').waitFor()
})

test('the settings of the server are told, but for what may hold a password', LONG, async () => {
  const { page } = visit
  await open('about')
  await main()
    .getByRole('row', { name: /MILLRACE_SLOTS 2/ })
    .waitFor()
  await main()
    .getByRole('row', { name: /MILLRACE_SMTP set, not shown/ })
    .waitFor()
  expect(await page.content()).not.toContain('hunter22')
  expect(visit.browser.complaints).toEqual([])
})
