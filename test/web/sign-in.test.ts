import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Browser, openBrowser } from '../support/browser.ts'
import { openPageServer, type PageServer } from '../support/page-server.ts'

let server: PageServer
let browser: Browser
beforeAll(async () => {
  server = await openPageServer()
  browser = await openBrowser()
}, 300_000)
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

test(
  'somebody who is not signed in is asked to, and led to where they wanted to go',
  { timeout: 120_000 },
  async () => {
    const page = await browser.page()
    await page.goto(`${server.url}/pipelines?text=release`)
    await page.getByRole('heading', { name: 'Millrace' }).waitFor()
    await page.locator('input[name=user]').fill(server.user)
    await page.locator('input[name=password]').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('Name or password is wrong').waitFor()
    await page.locator('input[name=password]').fill(server.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Pipelines', level: 1 }).waitFor()
    expect(page.url()).toBe(`${server.url}/pipelines?text=release`)
    expect(browser.complaints).toEqual([])
    await page.close()
  },
)

test('the session is in a cookie that scripts cannot read, and ends with it', { timeout: 120_000 }, async () => {
  const page = await browser.page()
  await page.goto(`${server.url}/sign-in#token=${server.token}`)
  await page.getByRole('heading', { name: 'Home' }).waitFor()
  expect(await page.evaluate('document.cookie')).toBe('')
  const [cookie] = await browser.context.cookies(server.url)
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' })

  await page.getByRole('button', { name: `Account of ${server.user}` }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await browser.context.cookies(server.url)).toEqual([])
  const me = await fetch(`${server.url}/api/v1/me`, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } })
  expect(me.status).toBe(401)
  expect(browser.complaints).toEqual([])
  await page.close()
})

test('the link of the first start signs in, and its token leaves the address', { timeout: 120_000 }, async () => {
  const page = await browser.page()
  await page.goto(`${server.url}/sign-in#token=${server.token}`)
  await page.getByRole('heading', { name: 'Home' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  expect(page.url()).toBe(`${server.url}/`)
  expect(await page.evaluate('history.length')).toBeLessThan(4)
  expect(browser.complaints).toEqual([])
  await page.close()
})
