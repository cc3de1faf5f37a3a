import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { App, Caller } from '../host/app.ts'
import type { ProjectView } from '../model/view.ts'
import { makeSamples } from './index.ts'
import { movedTo, quickstartOf, type Quickstart, type QuickstartCredentials } from './quickstart.ts'

/** What the first start needs of the server beyond its use cases; compose/ gives it. */
export interface Founding {
  readonly app: App
  /** Users and keys; nothing that is reachable from outside makes these. */
  readonly credentials: {
    addUser(input: {
      readonly name: string
      readonly domain: string
      readonly password: string | null
      readonly role: 'admin'
    }): Promise<Caller>
    addAccessKey(caller: Caller, label: string): Promise<{ readonly ak: string; readonly sk: string }>
    addApp(caller: Caller, code: string, label: string): Promise<{ readonly secret: string }>
  }
  /** Unguessable text. */
  readonly password: () => string
  readonly dataDirectory: string
  readonly baseUrl: string
}

/** What the first start made, told once. */
export interface FirstStart {
  readonly adminToken: string
  readonly quickstartPath: string
  readonly quickstart: Quickstart | null
}

const ADMIN = 'admin'
const DOMAIN = 'millrace'
const PROJECT = 'default'
const APP_CODE = 'millrace_quickstart'

/** Makes the first user with a token and the first project and, unless told not to, the samples and quickstart.json. */
export async function firstStart(founding: Founding, withSamples: boolean): Promise<FirstStart> {
  const { app, credentials, dataDirectory, baseUrl } = founding
  const password = founding.password()
  const user = await freeName(ADMIN, async (name) => (await app.access.user(name)) === undefined)
  const admin = await credentials.addUser({ name: user, domain: DOMAIN, password, role: 'admin' })
  const { token } = await app.access.issueToken(admin, 'first start', null)
  const project = await madeProject(app, admin)
  const quickstartPath = pathOf(dataDirectory)
  if (!withSamples) return { adminToken: token, quickstartPath, quickstart: null }
  const { ak, sk } = await credentials.addAccessKey(admin, 'quickstart')
  const code = await freeName(APP_CODE, async (name) => (await app.access.byApp(name, '')) === 'unknown')
  const { secret } = await credentials.addApp(admin, code, 'quickstart')
  const known: QuickstartCredentials = {
    huawei: { ak, sk, project_id: project.id, domain: DOMAIN, user, password },
    blueking: { bk_app_code: code, bk_app_secret: secret, bk_username: user },
    koderover: { api_key: token },
  }
  const samples = await makeSamples(app, admin, project, dataDirectory)
  const quickstart = quickstartOf({ baseUrl, token, project, samples, credentials: known })
  await save(quickstartPath, quickstart)
  return { adminToken: token, quickstartPath, quickstart }
}

/** After a restart under another address the links of quickstart.json follow. */
export async function refreshQuickstart(dataDirectory: string, baseUrl: string): Promise<void> {
  const path = pathOf(dataDirectory)
  if (!existsSync(path)) return
  const quickstart = JSON.parse(await readFile(path, 'utf8')) as Quickstart
  if (quickstart.base_url !== baseUrl) await save(path, movedTo(quickstart, baseUrl))
}

export const pathOf = (dataDirectory: string): string => join(dataDirectory, 'quickstart.json')

/** A first start that was cut off has left names behind whose secrets nobody knows: the next one takes others. */
async function freeName(wanted: string, isFree: (name: string) => Promise<boolean>): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}_${count}`
    if (await isFree(name)) return name
  }
}

async function madeProject(app: App, admin: Caller): Promise<ProjectView> {
  const found = await app.projects.get(admin, { name: PROJECT })
  if (found.ok) return found.value
  const made = await app.projects.create(admin, { name: PROJECT, description: 'Made by the first start' })
  if (!made.ok) throw new Error(`the first project was refused: ${made.problem.message}`)
  return made.value
}

/** It holds secrets: for the server's user only, and never half written. */
async function save(path: string, quickstart: Quickstart): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(quickstart, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
}
