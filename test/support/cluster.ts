import type { ServerResponse } from 'node:http'
import { HttpTarget, type SeenRequest } from './http-target.ts'

type Tree = { [name: string]: unknown }
interface Container {
  readonly name: string
  readonly image: string
}

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ControllerRevision'] as const

/** What kubectl 1.20 to 1.32 ask before they ask for a thing: https://kubernetes.io/docs/concepts/overview/kubernetes-api/ */
const DISCOVERY: Readonly<Record<string, Tree>> = {
  '/version': { major: '1', minor: '32', gitVersion: 'v1.32.0' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'apps',
        versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
      },
    ],
  },
  '/api/v1': { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'v1', resources: [] },
  '/apis/apps/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'apps/v1',
    resources: KINDS.map((kind) => ({
      name: `${kind.toLowerCase()}s`,
      singularName: kind.toLowerCase(),
      namespaced: true,
      kind,
      verbs: ['create', 'get', 'list', 'patch', 'watch'],
    })),
  },
}

/**
 * As much of the Kubernetes API, by real HTTP, as kubectl needs to bring workloads in and back: discovery, apps/v1 with
 * get, list, create, patch and watch, and controllers that are done at once. It checks no manifest, and runs nothing.
 */
export class TestCluster {
  readonly target: HttpTarget
  readonly #things = new Map<string, Tree>()
  #version = 0
  /** False: new pods never come up. */
  ready = true

  private constructor(target: HttpTarget) {
    this.target = target
    target.answer = (request, response) => this.#answer(request, response)
  }

  static async open(): Promise<TestCluster> {
    return new TestCluster(await HttpTarget.open())
  }

  close(): void {
    this.target.close()
  }

  /** JSON is YAML. */
  kubeconfig(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: this.target.url('').replace(/\/$/, '') } }],
      users: [{ name: 'test', user: {} }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    })
  }

  /** The image of the first container. */
  imageOf(path: string): string | undefined {
    const thing = this.#things.get(`/apis/apps/v1/namespaces/${path}`)
    return thing === undefined ? undefined : containersOf(templateOf(thing))[0]?.image
  }

  #answer({ method, path, body }: SeenRequest, response: ServerResponse): void {
    const url = new URL(path, 'http://cluster')
    const known = DISCOVERY[url.pathname]
    if (known !== undefined) return json(response, 200, known)
    // An empty message of protocol buffers: a description of nothing.
    if (url.pathname === '/openapi/v2') return void response.setHeader('content-type', 'application/octet-stream').end()
    const [, collection, name] =
      /^(\/apis\/apps\/v1\/namespaces\/[^/]+\/[a-z]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? []
    if (collection === undefined) return notFound(response)
    if (method === 'POST') return json(response, 201, this.#keep(collection, JSON.parse(body.toString()) as Tree))
    if (name === undefined) return this.#list(collection, url.searchParams, response)
    const thing = this.#things.get(url.pathname)
    if (thing === undefined) return notFound(response)
    if (method === 'GET') return json(response, 200, thing)
    const patch = JSON.parse(body.toString()) as unknown
    json(
      response,
      200,
      this.#keep(collection, Array.isArray(patch) ? replaced(thing, patch) : merged(thing, patch as Tree)),
    )
  }

  #list(collection: string, query: URLSearchParams, response: ServerResponse): void {
    const wanted = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '')?.[1]
    const items = [...this.#things]
      .filter(([path]) => path.startsWith(`${collection}/`) && (wanted === undefined || path.endsWith(`/${wanted}`)))
      .map(([, thing]) => thing)
    if (query.get('watch') === null) {
      return json(response, 200, {
        kind: `${KINDS.find((kind) => collection.endsWith(`/${kind.toLowerCase()}s`))}List`,
        apiVersion: 'apps/v1',
        metadata: { resourceVersion: String(this.#version) },
        items,
      })
    }
    // Nothing changes any more while somebody watches: the stream stays open until the client goes.
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
  }

  /** As the server and its controllers leave a workload: a new revision when its template is another. */
  #keep(collection: string, given: Tree): Tree {
    const metadata = given['metadata'] as Tree
    const path = `${collection}/${String(metadata['name'])}`
    const before = this.#things.get(path)
    const isSame = before !== undefined && JSON.stringify(templateOf(before)) === JSON.stringify(templateOf(given))
    this.#version += 1
    const annotations = { ...(metadata['annotations'] as Tree | undefined) }
    const generation = isSame ? generationOf(before) : (before === undefined ? 0 : generationOf(before)) + 1
    const namespace = /namespaces\/([^/]+)/.exec(collection)?.[1]
    const uid = `uid-${path}`
    const owned = {
      namespace,
      uid: `${uid}-${generation}`,
      labels: (templateOf(given)['metadata'] as Tree)['labels'],
      ownerReferences: [{ apiVersion: 'apps/v1', kind: given['kind'], name: metadata['name'], uid, controller: true }],
    }
    if (given['kind'] === 'Deployment') {
      annotations['deployment.kubernetes.io/revision'] = String(generation)
      this.#things.set(`/apis/apps/v1/namespaces/${namespace}/replicasets/${String(metadata['name'])}-${generation}`, {
        kind: 'ReplicaSet',
        apiVersion: 'apps/v1',
        metadata: {
          ...owned,
          name: `${String(metadata['name'])}-${generation}`,
          annotations: { 'deployment.kubernetes.io/revision': String(generation) },
        },
        spec: { replicas: 1, selector: (given['spec'] as Tree)['selector'], template: templateOf(given) },
      })
    } else {
      this.#things.set(
        `/apis/apps/v1/namespaces/${namespace}/controllerrevisions/${String(metadata['name'])}-${generation}`,
        {
          kind: 'ControllerRevision',
          apiVersion: 'apps/v1',
          metadata: { ...owned, name: `${String(metadata['name'])}-${generation}` },
          revision: generation,
          data: { spec: { template: { ...templateOf(given), $patch: 'replace' } } },
        },
      )
    }
    const done = this.ready ? 1 : 0
    const thing: Tree = {
      ...given,
      spec: { updateStrategy: { type: 'RollingUpdate' }, ...(given['spec'] as Tree) },
      metadata: { ...metadata, namespace, uid, annotations, generation, resourceVersion: String(this.#version) },
      status: {
        observedGeneration: generation,
        replicas: 1,
        updatedReplicas: done,
        readyReplicas: done,
        availableReplicas: done,
        desiredNumberScheduled: 1,
        currentNumberScheduled: 1,
        updatedNumberScheduled: done,
        numberAvailable: done,
        currentRevision: 'one',
        updateRevision: 'one',
      },
    }
    this.#things.set(path, thing)
    return thing
  }
}

const templateOf = (thing: Tree): Tree => (thing['spec'] as Tree)['template'] as Tree
const containersOf = (template: Tree): readonly Container[] => (template['spec'] as Tree)['containers'] as Container[]
const generationOf = (thing: Tree): number => (thing['metadata'] as Tree)['generation'] as number

/** A strategic merge patch, as far as kubectl sends it here: containers are the same when their names are. */
function merged(before: unknown, patch: Tree): Tree {
  const { $patch: directive, ...rest } = patch
  const result: Tree = directive === 'replace' || !isTree(before) ? {} : { ...before }
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith('$')) continue
    if (value === null) delete result[name]
    else if (name === 'containers') result[name] = mergedByName(result[name], value as readonly Container[])
    else result[name] = isTree(value) ? merged(result[name], value) : value
  }
  return result
}

const mergedByName = (before: unknown, patch: readonly Container[]): readonly unknown[] =>
  Array.isArray(before)
    ? (before as Container[]).map((one) => ({ ...one, ...patch.find(({ name }) => name === one.name) }))
    : patch

/** A JSON patch (RFC 6902), as far as `rollout undo` sends it. */
function replaced(before: Tree, patch: readonly unknown[]): Tree {
  const operations = patch as readonly { readonly op: string; readonly path: string; readonly value: unknown }[]
  const template = operations.find(({ op, path }) => op === 'replace' && path === '/spec/template')?.value
  return { ...before, spec: { ...(before['spec'] as Tree), template } }
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function json(response: ServerResponse, status: number, body: Tree): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const notFound = (response: ServerResponse): void =>
  json(response, 404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 })
