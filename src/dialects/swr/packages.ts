import type { App, Caller } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView, RunView, TaskView } from '../../model/view.ts'
import { listedPipelines, queryOf, runsOf, type Call } from './call.ts'
import { storeKey } from './compile-stage.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { jobId } from './stage.ts'
import { wireTime } from './time.ts'
import type { PackageFile, PackageItem, PackageVersion } from './wire.ts'

/**
 * Packages as the runs tell of them: a stage that keeps one says in its outputs what it kept. The newest
 * {@link RUNS_MAX} runs of each pipeline are asked, of the {@link PIPELINES_MAX} pipelines that were made last.
 */
interface KeptFile {
  readonly id: number
  readonly run: string
  /** Of the task that has kept it. */
  readonly task: string
  readonly domain: string
  readonly namespace: string
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly filename: string
  readonly digest: string
  readonly size: number
  readonly creator: string
  readonly at: number
}

const RUNS_MAX = 20
const PIPELINES_MAX = 200
/** Shown to whoever belongs to the project; the vendor's other word is `public`. */
const VISIBILITY = 'private'
/** The vendor's sum of read (1), write (2) and manage (4). */
const AUTH = { viewer: 1, operator: 3, admin: 7 } as const satisfies Record<Caller['role'], number>

export async function listPackages(app: App, c: Call): Promise<Response> {
  const query = queryOf(c)
  const files = await keptFiles(app, c.var.caller)
  if (!files.ok) return problemResponse(files.problem)
  const [name, namespace] = [query.get('package_name') ?? '', query.get('namespace') ?? '']
  const chosen = files.value.filter(
    (file) => file.name.includes(name) && (namespace === '' || file.namespace === namespace),
  )
  const body = groupBy(chosen, (file) => `${file.namespace}/${file.name}`).map((own): PackageItem => {
    const { id, domain, creator, at } = oldest(own)
    return {
      id,
      domain,
      namespace: own[0].namespace,
      package: own[0].name,
      visibility: VISIBILITY,
      description: '',
      num_versions: new Set(own.map((file) => file.version)).size,
      size: sizeOf(own),
      creator,
      created: wireTime(at),
      updated: wireTime(newest(own).at),
      self_auth: AUTH[c.var.caller.role],
    }
  })
  return Response.json(body)
}

export async function listVersions(app: App, c: Call<'/:namespace/:package'>): Promise<Response> {
  const own = await filesOf(app, c, () => true)
  if (own instanceof Response) return own
  const body = groupBy(own, (file) => file.version).map((files): PackageVersion => {
    const { id, domain, creator, at } = oldest(files)
    const [{ namespace, name, version }] = files
    return {
      id,
      domain,
      namespace,
      package: name,
      version,
      visibility: VISIBILITY,
      description: '',
      num_files: files.length,
      size: sizeOf(files),
      creator,
      CreatedAt: wireTime(at),
      UpdatedAt: wireTime(newest(files).at),
    }
  })
  return Response.json(body)
}

export async function listFiles(app: App, c: Call<'/:namespace/:package/:version'>): Promise<Response> {
  const version = c.req.param('version')
  const own = await filesOf(app, c, (file) => file.version === version)
  if (own instanceof Response) return own
  const body = own.map((file): PackageFile => {
    const parts = [file.namespace, file.name, version].map(encodeURIComponent)
    const path = pathOf(file).split('/').map(encodeURIComponent)
    const base = `/v2/manage/namespaces/${parts[0]}/packages/${parts[1]}/versions/${parts[2]}/file_paths`
    return {
      id: file.id,
      domain: file.domain,
      namespace: file.namespace,
      package: file.name,
      version,
      visibility: VISIBILITY,
      folder: file.folder,
      filename: file.filename,
      digest: file.digest,
      size: file.size,
      url: [base, ...path].join('/'),
      creator: file.creator,
      created: wireTime(file.at),
      updated: wireTime(file.at),
    }
  })
  return Response.json(body)
}

const pathOf = ({ folder, filename }: KeptFile): string => withoutEmpty(`${folder}/${filename}`)

/** Clients join `folder` and `filename` as the list has them: a folder may be `/`, or begin or end with one. */
const withoutEmpty = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '')
    .join('/')

/** The bytes of the newest that was kept under this name; a directory comes as a `tar.gz`. */
export async function downloadFile(app: App, c: Call<'/:namespace/:package/:version/:path'>): Promise<Response> {
  const [version, path] = [c.req.param('version'), withoutEmpty(c.req.param('path'))]
  const own = await filesOf(app, c, (file) => file.version === version && pathOf(file) === path)
  if (own instanceof Response) return own
  const [file] = own
  const { caller } = c.var
  const stored = await app.artifacts.list(caller, { id: file.run })
  if (!stored.ok) return problemResponse(stored.problem)
  const artifact = stored.value.find(({ nodeKey }) => nodeKey === storeKey(file.task))
  const opened = artifact && (await app.artifacts.open(caller, { id: file.run }, artifact.name))
  if (!opened?.ok) return errorResponse(errors.noPackage, 'its run has not stored the file')
  const bytes = opened.value.file
  return new Response(ReadableStream.from(bytes.read(0, bytes.sizeBytes, c.req.raw.signal)), {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.sizeBytes),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
      // What a build has made must not run in the reader's browser.
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    },
  })
}

async function filesOf(
  app: App,
  c: Call<'/:namespace/:package'>,
  matches: (file: KeptFile) => boolean,
): Promise<readonly [KeptFile, ...KeptFile[]] | Response> {
  const [namespace, name] = [c.req.param('namespace'), c.req.param('package')]
  const files = await keptFiles(app, c.var.caller)
  if (!files.ok) return problemResponse(files.problem)
  const [first, ...rest] = files.value.filter(
    (file) => file.namespace === namespace && file.name === name && matches(file),
  )
  return first === undefined
    ? errorResponse(errors.noPackage, 'no run has kept such a package')
    : ([first, ...rest] as const)
}

/** One entry for each file, the newest run's where several kept the same. */
async function keptFiles(app: App, caller: Caller): Promise<Result<readonly KeptFile[]>> {
  const pipelines = await listedPipelines(app, caller, {})
  if (!pipelines.ok) return pipelines
  const files = new Map<string, KeptFile>()
  for (const pipeline of pipelines.value.filter(keepsPackages).slice(-PIPELINES_MAX)) {
    const rows = await app.runs.list(caller, { pipeline: { id: pipeline.id } }, { before: null, limit: RUNS_MAX })
    if (!rows.ok) return rows
    const runs = await runsOf(app, caller, rows.value.items)
    if (!runs.ok) return runs
    for (const file of runs.value.flatMap((run) => filesOfRun(run, caller))) {
      const key = JSON.stringify([file.namespace, file.name, file.version, file.folder, file.filename])
      const known = files.get(key)
      if (known === undefined || known.at < file.at) files.set(key, file)
    }
  }
  return accept([...files.values()].toSorted((a, b) => a.id - b.id))
}

const isKeeping = (of: { readonly annotations: Readonly<Record<string, string>> }): boolean =>
  of.annotations['swr/package'] === 'true'

const keepsPackages = ({ definition }: PipelineView): boolean =>
  definition.stages.some((stage) => stage.tasks.some(isKeeping))

const filesOfRun = (run: RunView, caller: Caller): readonly KeptFile[] =>
  run.stages
    .flatMap((stage) => stage.tasks)
    .filter((task) => isKeeping(task) && task.status === 'succeeded')
    .map((task) => fileOf(run, task, caller))

function fileOf(run: RunView, task: TaskView, caller: Caller): KeptFile {
  const part = (name: string): string => {
    const value = task.outputs[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  return {
    id: jobId(run.serial, task.index),
    run: run.id,
    task: task.key,
    domain: caller.domain,
    namespace: part('namespace'),
    name: part('name'),
    version: part('version'),
    folder: part('folder'),
    filename: part('filename'),
    digest: part('digest'),
    size: Number(part('size')) || 0,
    creator: run.cause.by,
    at: task.endedAt ?? run.createdAt,
  }
}

type Some<Item> = readonly [Item, ...Item[]]

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Some<Item>[] {
  const groups = new Map<string, [Item, ...Item[]]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return [...groups.values()]
}

const oldest = (files: Some<KeptFile>): KeptFile => files.reduce((a, b) => (b.at < a.at ? b : a))
const newest = (files: Some<KeptFile>): KeptFile => files.reduce((a, b) => (b.at > a.at ? b : a))
const sizeOf = (files: Some<KeptFile>): number => files.reduce((sum, file) => sum + file.size, 0)
