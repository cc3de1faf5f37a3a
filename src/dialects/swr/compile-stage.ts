import type { Json, JsonObject } from '../../model/json.ts'
import type { Seal } from '../kit/credentials.ts'
import { jsonAnnotation } from './annotations.ts'
import { plain } from './fields.ts'
import { sealedAddress } from './logins.ts'
import type { ResourceBody, StageBody } from './pipeline-body.ts'
import { BUILD_IMAGE, DEPLOY, FETCH_PACKAGE, KEEP_PACKAGE, UNDO_DEPLOY } from './scripts.ts'
import type { ServiceName } from './service.ts'
import { deployInput } from './stage-params.ts'
import type { Words } from './words.ts'

/** A stage and all that its place in the pipeline says of it. */
export interface PlacedStage {
  readonly body: StageBody
  /** Our key of it; its first task has the same. */
  readonly key: string
  /** What the vendor's clients know it by; null: its place says it. */
  readonly id: number | null
  /** The address that its `git` step has now, with the credentials that readers do not see. */
  readonly fullUrl: string | null
}
export interface Surroundings {
  readonly words: Words
  readonly seal: Seal
  /** In order; this stage is one of them. */
  readonly stages: readonly PlacedStage[]
  readonly place: number
}

/**
 * The tasks of a stage, one after the other: packages that it reads are laid out, its work is done, packages that it
 * makes are kept. The first in the list is the work, whose key is the stage's.
 */
export function stageTasks(stage: PlacedStage, around: Surroundings): readonly JsonObject[] {
  const { body, key } = stage
  const directory = directoryOf(stage, around)
  const fetches = resources(body.inputs, 'package').map((input, index) =>
    fetchTask(input, `${key}_fetch_${index + 1}`, contextOf(body, directory), around.words),
  )
  const keeps = body.service === 'jenkins_build' ? resources(body.outputs, 'package') : []
  const main: JsonObject = {
    key,
    name: body.name,
    ...work[body.service](stage, around, directory),
    ...(fetches.length === 0 ? {} : { needs: fetches.map((task) => plain(task['key'])) }),
  }
  const kept = keeps
    .filter(({ localFilePath }) => localFilePath !== '')
    .flatMap((output, index) => {
      const [keep, store] = [`${key}_keep_${index + 1}`, storeKey(`${key}_keep_${index + 1}`)]
      return [keepTask(output, keep, key, directory, around.words), storeTask(output, store, keep)]
    })
  return [main, ...fetches, ...kept]
}

/** Of the task that stores what this one has kept. */
export const storeKey = (keep: string): string => keep.replace(/_keep_(?=\d+$)/, '_store_')

type Package = Extract<ResourceBody, { type: 'package' }>

function resources<Type extends ResourceBody['type']>(
  list: readonly ResourceBody[] | null,
  type: Type,
): readonly Extract<ResourceBody, { type: Type }>[] {
  return (list ?? []).filter((one): one is Extract<ResourceBody, { type: Type }> => one.type === type)
}

/** Where a stage works: in the checkout that it names, else the nearest before it, else in a directory of its own. */
function directoryOf({ body, key }: PlacedStage, { stages, place }: Surroundings): string {
  const [source] = resources(body.inputs, 'code_source')
  if (source !== undefined) return stages[source.stageIndex]?.key ?? '.'
  // An image is built of what it is given, and of nothing else.
  if (body.service === 'dockerfile_build') return key
  return stages.slice(0, place).findLast((one) => one.body.service === 'code_source')?.key ?? '.'
}

const contextOf = ({ service, params }: StageBody, directory: string): string =>
  service === 'dockerfile_build' ? join(directory, plain(params['build_path'])) : directory

const join = (...parts: readonly string[]): string =>
  parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '' && part !== '.')
    .join('/') || '.'

const packageName = (one: Package): string => `${one.namespace}/${one.package}:${one.version}`
const packagePath = (one: Package): string =>
  join('packages', one.namespace, one.package, one.version, one.filePath === '/' ? '' : one.filePath)

function fetchTask(input: Package, key: string, to: string, { template }: Words): JsonObject {
  return {
    key,
    name: input.name,
    role: 'source',
    script: FETCH_PACKAGE,
    env: { PACKAGE: template(packageName(input)), FROM: template(packagePath(input)), TO: template(to) },
  }
}

/** Where the bytes lie that are to be stored as they are: no glob in it, whatever the file is called. */
const keptPath = (keep: string): string => `packages.kept/${keep}`

/** What is stored outlives the workspace, until its run is let go. */
function storeTask({ name, localFilePath }: Package, key: string, keep: string): JsonObject {
  const file = localFilePath.replace(/^.*\//s, '').replaceAll(/[^\p{L}\p{N}._+@=-]/gu, '_')
  const stored = { name: `${keep}-${file}`.slice(0, 128), files: keptPath(keep), format: 'file' }
  return { key, name, role: 'distribute', needs: [keep], package: stored }
}

function keepTask(output: Package, key: string, needs: string, directory: string, { template }: Words): JsonObject {
  return {
    key,
    name: output.name,
    role: 'distribute',
    needs: [needs],
    script: KEEP_PACKAGE,
    env: {
      PACKAGE: template(packageName(output)),
      NAMESPACE: template(output.namespace),
      NAME: template(output.package),
      VERSION: template(output.version),
      FOLDER: template(output.filePath === '' ? '/' : output.filePath),
      FROM: template(join(directory, output.localFilePath)),
      TO: template(packagePath(output)),
      KEPT: keptPath(key),
    },
    annotations: { 'swr/package': 'true' },
  }
}

/** What the vendor runs in a service of its cloud, done by a step of ours. */
const work = {
  code_source: ({ body, key, fullUrl }, { words, seal }) => {
    const { branch = '', tag = '', url = '' } = body.params
    const ref = plain(tag) === '' ? plain(branch) : `refs/tags/${plain(tag)}`
    return {
      role: 'source',
      git: {
        url: sealedAddress(fullUrl ?? words.template(plain(url)), seal),
        ...(ref === '' ? {} : { ref: words.template(ref) }),
        path: key,
      },
    }
  },
  jenkins_build: (stage, around, directory) => ({
    role: 'build',
    script: around.words.script(plain(stage.body.params['jenkins_shell'])),
    with: { cwd: directory },
    env: resourceEnv(stage, around),
  }),
  dockerfile_build: (stage, around, directory) => {
    const { template } = around.words
    const { dockerfile_path: path, dockerfile_content: content } = stage.body.params
    const inFile = path !== undefined && path !== null && path !== ''
    return {
      role: 'image',
      script: BUILD_IMAGE,
      env: {
        ...resourceEnv(stage, around),
        CONTEXT: template(contextOf(stage.body, directory)),
        // Beside the build path: the vendor takes both from the root of the source.
        DOCKERFILE_PATH: inFile ? template(relative(plain(path), plain(stage.body.params['build_path']))) : '',
        DOCKERFILE_CONTENT: inFile ? '' : template(plain(content)),
        IMAGES: resources(stage.body.outputs, 'image')
          .map((image) => template(imageName(image)))
          .join('\n'),
      },
    }
  },
  test_review: ({ body }) => {
    const users = (body.params['review_users'] ?? []) as readonly { readonly user_name: Json }[]
    const reviewers = [...new Set(users.map((user) => plain(user.user_name)))]
    return { approval: { reviewers, required: body.params['review_mode'] === 'all' ? 'all' : 1 } }
  },
  official_deploy: deployWork,
  gray_deploy: deployWork,
} as const satisfies Record<ServiceName, (stage: PlacedStage, around: Surroundings, directory: string) => JsonObject>

/** A path from the root of the source, seen from the build path when it lies below it. */
const relative = (path: string, from: string): string => {
  const [whole, above] = [join(path), join(from)]
  return above !== '.' && whole.startsWith(`${above}/`) ? whole.slice(above.length + 1) : whole
}

function deployWork(stage: PlacedStage, around: Surroundings, directory: string): JsonObject {
  const info = deployInput(stage.body.params)
  const env = {
    ...resourceEnv(stage, around),
    DEPLOY_MODE: plain(stage.body.params['deploy_mode']),
    GRAY_MODE: plain(stage.body.params['gray_mode']),
    STAGE: stage.key,
  }
  if (info.startsWith('#!')) {
    return {
      role: 'deploy',
      script: around.words.script(info),
      with: { cwd: directory },
      env,
      ...(isShell(info)
        ? { rollback: { script: around.words.script(rollingBack(info)), with: { cwd: directory } } }
        : {}),
    }
  }
  return {
    role: 'deploy',
    script: DEPLOY,
    env: { ...env, INPUT_INFO: around.words.template(info) },
    rollback: { script: UNDO_DEPLOY },
  }
}

const isShell = (script: string): boolean => /^#!\s*\S*\/(?:env\s+)?(?:ba|da)?sh(?:\s|$)/.test(script)

/** The same script, told that it is to take back what it did. */
const rollingBack = (script: string): string => {
  const [first = '', ...rest] = script.split('\n')
  return [first, 'ROLLBACK=true; export ROLLBACK', ...rest].join('\n')
}

type Image = Extract<ResourceBody, { type: 'image' }>
const imageName = (image: Image): string => `${image.namespace}/${image.repository}:${image.tag}`

/**
 * What a stage reads and makes, as its work sees it: `INPUT_<NAME>` and `OUTPUT_<NAME>`. `IMAGE` is the first image
 * that it reads. Params are the run's, so a name with `SYS_TIMESTAMP` in it is the same in the stage that makes it.
 */
function resourceEnv({ body }: PlacedStage, around: Surroundings): Readonly<Record<string, string>> {
  const named = (prefix: string, list: readonly ResourceBody[] | null): readonly (readonly [string, string])[] =>
    (list ?? []).map((one) => [
      `${prefix}_${one.name.replace(/[^A-Za-z0-9_]/g, '_').toUpperCase()}`,
      valueOf(one, around),
    ])
  const [image] = resources(body.inputs, 'image')
  return {
    ...Object.fromEntries([...named('INPUT', body.inputs), ...named('OUTPUT', body.outputs)]),
    ...(image === undefined ? {} : { IMAGE: valueOf(image, around) }),
  }
}

function valueOf(resource: ResourceBody, { stages, words }: Surroundings): string {
  switch (resource.type) {
    case 'code_source':
      return stages[resource.stageIndex]?.key ?? '.'
    case 'image':
      return words.template(imageName(resource))
    case 'package':
      return words.template(packageName(resource))
  }
}

/** What a stage's documents were when they were sent: GET gives them back so. */
export function stageAnnotations({ body, id }: PlacedStage): Readonly<Record<string, string>> {
  return {
    'swr/service_name': body.service,
    ...(id === null ? {} : { 'swr/stage_id': plain(id) }),
    ...jsonAnnotation('swr/params', withoutPassword(body)),
    ...jsonAnnotation('swr/exception_handler', body.handler ?? undefined),
    ...jsonAnnotation(
      'swr/input_resources',
      body.inputs?.map(({ sent }) => sent),
    ),
    ...jsonAnnotation(
      'swr/output_resources',
      body.outputs?.map(({ sent }) => sent),
    ),
    ...jsonAnnotation('swr/post_operation', body.postOperation?.sent),
  }
}

function withoutPassword({ service, params }: StageBody): JsonObject {
  return service === 'code_source' ? { ...params, url: withoutUserInfo(plain(params['url'])) } : params
}

/** A password in a URL is for git, not for readers of the pipeline. */
export const withoutUserInfo = (url: string): string => url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1')
