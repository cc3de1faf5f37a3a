import type { App, Caller } from '../../host/app.ts'
import { isJsonObject } from '../../model/json.ts'
import { DoorRefusal } from './errors.ts'
import { optionalText, type Params } from './params.ts'

const AUTHORIZATION = 'X-Bkapi-Authorization'

/**
 * Who calls: an app that proves itself by its secret, and the user it acts for.
 *
 * The header, when it is there, is the only source; otherwise query and body are. The texts are the ESB's own,
 * spelling included. The app's rights bound what is done, whomever it names: BlueKing calls this its white list, and
 * every app here is on it.
 * @throws DoorRefusal
 */
export async function authenticate(
  app: App,
  headers: Headers,
  params: Params,
): Promise<{ readonly caller: Caller; readonly appCode: string }> {
  const header = headers.get(AUTHORIZATION)
  const given = header === null ? params : parseAuthorization(header)
  // It stands for an app and a user at once, and is asked before all others; here it is a token of ours.
  const accessToken = optionalText(given, 'access_token') ?? optionalText(given, 'bk_access_token')
  const byAccessToken = accessToken === undefined ? undefined : await app.access.byToken(accessToken)
  if (byAccessToken !== undefined) {
    return { caller: byAccessToken, appCode: credential(given, 'bk_app_code', 'app_code') ?? '' }
  }
  if (accessToken !== undefined && credential(given, 'bk_app_code', 'app_code') === undefined) {
    throw new DoorRefusal('user-refused', 'User authentication failed, please check if the access_token is valid')
  }
  const owner = await authenticateApp(app, given)
  const caller = await authenticateUser(app, owner, given)
  return { caller, appCode: credential(given, 'bk_app_code', 'app_code') ?? '' }
}

function parseAuthorization(header: string): Params {
  let parsed: unknown
  try {
    parsed = JSON.parse(header)
  } catch {
    parsed = undefined
  }
  if (isJsonObject(parsed)) return parsed
  throw new DoorRefusal('bad-parameter', `request header ${AUTHORIZATION} is not a valid JSON format string`)
}

async function authenticateApp(app: App, given: Params): Promise<Caller> {
  const code = credential(given, 'bk_app_code', 'app_code')
  if (code === undefined) throw new DoorRefusal('app-refused', 'APP Code [bk_app_code] cannot be empty')
  const secret = credential(given, 'bk_app_secret', 'app_secret')
  if (secret === undefined) {
    throw new DoorRefusal(
      'app-refused',
      'Signature [bk_signature] and APP Secret [bk_app_secret] cannot be empty at the same time',
    )
  }
  const caller = await app.access.byApp(code, secret)
  if (caller === 'unknown') {
    throw new DoorRefusal(
      'app-refused',
      `Invalid APP Code [bk_app_code=${code}], please confirm if the APP Code has been registered`,
    )
  }
  if (caller === 'wrong') {
    throw new DoorRefusal(
      'app-refused',
      `APP Secret verification failed, pelase confirm if the APP Secret and APP Code [bk_app_code=${code}] match`,
    )
  }
  return caller
}

/** "bk_token or bk_username must be valid": a token that is not good is no harm beside a good name. */
async function authenticateUser(app: App, owner: Caller, given: Params): Promise<Caller> {
  const token = optionalText(given, 'bk_token')
  const byToken = token === undefined ? undefined : await app.access.byToken(token)
  if (byToken !== undefined) return byToken
  const name = credential(given, 'bk_username', 'username')
  const user = name === undefined ? undefined : await app.access.user(name)
  if (user !== undefined) return { ...owner, user }
  throw new DoorRefusal(
    'user-refused',
    token !== undefined && name === undefined
      ? 'User authentication failed, please check if the bk_token is valid'
      : 'User authentication failed, please provide a valid user identity, such as bk_token, bk_username',
  )
}

/** By its name, or by the one it had before 2018. */
const credential = (given: Params, name: string, formerName: string): string | undefined =>
  optionalText(given, name) ?? optionalText(given, formerName)
