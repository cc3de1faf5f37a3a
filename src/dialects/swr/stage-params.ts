import type { Json, JsonObject } from '../../model/json.ts'
import { quote } from '../kit/query.ts'
import { list, object, text, wrong, type Place } from './fields.ts'
import type { ServiceName } from './service.ts'

/** What goes into an environment variable has at most 32,768 characters; a script may be longer (docs/reference/definition.md). */
const TEXT_MAX = 32_768
const SCRIPT_MAX = 131_072
const USERS_MAX = 100

const GIT_TYPES = ['github', 'gitlab', 'gitee', 'devcloud'] as const
/** Table 10, and what the templates of the later product say they build. */
const BUILD_ENVIRONMENTS = ['go', 'java', 'nodejs', 'NodeJs', 'SelfPkgBuild'] as const
const DEPLOY_MODES = ['cceMode', 'cciMode'] as const
const GRAY_MODES = ['istio', 'service'] as const

/** `params` of a stage by its kind ("创建流水线", tables 8 to 16). Given back as they were sent: what is unknown stays. */
export function readStageParams(service: ServiceName, value: Json, place: Place): JsonObject {
  const params = object(value, place)
  check[service](params, place)
  return params
}

const check = {
  code_source: (params, place) => {
    oneOf(params, 'git_type', GIT_TYPES, place)
    text(params, 'url', { ...place, required: true, max: 2_048 })
    text(params, 'branch', { ...place, max: 255 })
    text(params, 'tag', { ...place, max: 255 })
    if ((params['code_trigger'] ?? null) === null) return
    const at = { path: `${place.path}.code_trigger` }
    list(object(params['code_trigger'], at), 'branchs', { ...at, max: 100 })
  },
  jenkins_build: (params, place) => {
    const environment = oneOf(params, 'basic_env', BUILD_ENVIRONMENTS, place)
    const shell = text(params, 'jenkins_shell', { ...place, required: true, max: SCRIPT_MAX })
    if (shell.trim() === '') wrong(`${place.path}.jenkins_shell: expected a script, found nothing`)
    if (environment !== 'SelfPkgBuild') return
    const at = { path: `${place.path}.user_basic_image` }
    const image = params['user_basic_image'] ?? null
    // The vendor wants an image here. Without one the build runs on the runner, which is what all of them do with us.
    if (image === null) return
    text(object(image, at), 'namespace', { ...at, required: true, max: 255 })
    text(object(image, at), 'repository', { ...at, required: true, max: 255 })
  },
  dockerfile_build: (params, place) => {
    const content = text(params, 'dockerfile_content', { ...place, max: TEXT_MAX })
    const path = text(params, 'dockerfile_path', { ...place, max: 1_024 })
    const build = text(params, 'build_path', { ...place, max: 1_024 })
    if (content.trim() === '' && path === '') {
      wrong(`${place.path}: expected dockerfile_content or dockerfile_path, found neither`)
    }
    for (const one of [path, build]) {
      if (one.split('/').includes('..')) wrong(`${place.path}: expected paths without .., found ${quote(one)}`)
    }
  },
  test_review: (params, place) => {
    oneOf(params, 'review_mode', ['all', 'one'], place)
    const users = list(params, 'review_users', { ...place, required: true, max: USERS_MAX })
    if (users.length === 0) wrong(`${place.path}.review_users: expected at least one user, found none`)
    for (const [index, user] of users.entries()) {
      const at = { path: `${place.path}.review_users[${index}]` }
      const name = text(object(user, at), 'user_name', { ...at, required: true, max: 128 })
      if (!/^[^\s\p{Cc}{}]+$/u.test(name)) wrong(`${at.path}.user_name: expected a name, found ${quote(name)}`)
    }
  },
  official_deploy: checkDeploy,
  gray_deploy: (params, place) => {
    oneOf(params, 'gray_mode', GRAY_MODES, place)
    checkDeploy(params, place)
  },
} as const satisfies Record<ServiceName, (params: JsonObject, place: Place) => void>

function checkDeploy(params: JsonObject, place: Place): void {
  oneOf(params, 'deploy_mode', DEPLOY_MODES, place)
  const info = deployInput(params)
  if (info.trim() === '') wrong(`${place.path}.input_info: expected text, found nothing`)
  if (info.length > TEXT_MAX) wrong(`${place.path}.input_info: expected at most ${TEXT_MAX} characters`)
  if (info.includes('\0')) wrong(`${place.path}.input_info: expected text without NUL characters`)
}

/** `input_info` is text by the table; a document in its place counts as the JSON of it. */
export function deployInput(params: JsonObject): string {
  const info = params['input_info'] ?? ''
  return typeof info === 'object' ? JSON.stringify(info) : String(info)
}

function oneOf(params: JsonObject, key: string, words: readonly string[], place: Place): string {
  const found = text(params, key, { ...place, required: true, max: 64 })
  if (!words.includes(found)) wrong(`${place.path}.${key}: expected ${words.join(', ')}, found ${quote(found)}`)
  return found
}
