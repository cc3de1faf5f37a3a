import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FORGES, type ForgeName } from '../model/change.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { RUN_STATUSES } from '../model/status.ts'
import { type ChangeFilter, filterProblem } from './filter.ts'
import type { Reading } from './forge.ts'
import { forges } from './index.ts'

const read = (forge: ForgeName, headers: Readonly<Record<string, string>>, body: Json): Reading =>
  forges[forge].read({ header: (name) => headers[name] }, body)

const fixture = (path: string): JsonObject =>
  JSON.parse(readFileSync(join(import.meta.dirname, path), 'utf8')) as JsonObject

/** Payloads of github.com, kept by Octokit. */
const hub = createRequire(import.meta.url)('@octokit/webhooks-examples/api.github.com/index.json') as {
  name: string
  examples: JsonObject[]
}[]
const ofHub = (event: string, is: (body: JsonObject) => boolean): JsonObject => {
  const found = hub.find(({ name }) => name === event)?.examples.find(is)
  if (found === undefined) throw new Error(`there is no example of ${event}`)
  return found
}
const readHub = (event: string, body: Json): Reading => read('github', { 'x-github-event': event }, body)

describe('github', () => {
  test('a push', () => {
    const body = ofHub('push', ({ ref, deleted }) => ref === 'refs/heads/master' && deleted === false)
    expect(readHub('push', body)).toMatchObject({
      kind: 'change',
      change: { kind: 'push', branch: 'master', tag: null, sha: body['after'], fork: false, number: null },
      files: { complete: true },
    })
  })

  test('a tag is that of its commit, one that was deleted of nothing', () => {
    const body = ofHub('push', ({ ref, created }) => ref === 'refs/tags/simple-tag' && created === true)
    expect(readHub('push', body)).toEqual({
      kind: 'change',
      files: null,
      change: {
        forge: 'github',
        kind: 'tag',
        action: null,
        repository: 'Codertocat/Hello-World',
        ref: 'refs/tags/simple-tag',
        branch: null,
        tag: 'simple-tag',
        sourceBranch: null,
        sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        before: null,
        author: 'Codertocat',
        message: 'Adding a .gitignore file',
        url: 'https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        number: null,
        title: null,
        fork: false,
      },
    })
    expect(
      readHub(
        'push',
        ofHub('push', ({ deleted }) => deleted === true),
      ),
    ).toMatchObject({ kind: 'ignored' })
  })

  test('merge requests that were opened, got commits, were reopened or closed', () => {
    const words = { opened: 'opened', synchronize: 'synchronized', reopened: 'reopened', closed: 'closed' }
    for (const [theirs, action] of Object.entries(words)) {
      const body = ofHub('pull_request', (one) => one['action'] === theirs)
      expect(readHub('pull_request', body)).toMatchObject({
        kind: 'change',
        change: { kind: 'merge_request', action, ref: expect.stringMatching(/^refs\/pull\/\d+\/head$/), fork: false },
      })
    }
    expect(
      readHub(
        'pull_request',
        ofHub('pull_request', ({ action }) => action === 'labeled'),
      ),
    ).toMatchObject({
      kind: 'ignored',
    })
  })

  test('one from another repository is from a fork, and so is one whose repository is gone', () => {
    const body = ofHub('pull_request', ({ action }) => action === 'opened')
    const pull = body['pull_request'] as JsonObject
    const head = pull['head'] as JsonObject
    for (const repo of [null, { ...(head['repo'] as JsonObject), id: 1 }, {}]) {
      const other = { ...body, pull_request: { ...pull, head: { ...head, repo } } }
      expect(readHub('pull_request', other)).toMatchObject({ change: { fork: true } })
    }
  })

  test('every example of every event is read, ignored or refused', () => {
    let seen = 0
    for (const { name, examples } of hub) {
      for (const body of examples) {
        const { kind } = readHub(name, body)
        if (name !== 'push' && name !== 'pull_request') expect(kind).toBe('ignored')
        seen += 1
      }
    }
    expect(seen).toBeGreaterThan(200)
  })
})

test.each([
  [
    'gitea',
    'push',
    { 'x-gitea-event': 'push' },
    { kind: 'push', branch: 'develop', sha: 'bffeb74224043ba2feb48d137756c8a9331c449a', author: 'gitea', fork: false },
  ],
  [
    'gitea',
    'pull-request',
    { 'x-gitea-event': 'pull_request' },
    { action: 'synchronized', branch: 'master', sourceBranch: 'docs', number: 7, author: 'visitor', fork: true },
  ],
  [
    'gitlab',
    'push',
    { 'x-gitlab-event': 'Push Hook' },
    { kind: 'push', branch: 'master', repository: 'mike/diaspora', author: 'jsmith', message: 'fixed readme' },
  ],
  [
    'gitlab',
    'tag',
    { 'x-gitlab-event': 'Tag Push Hook' },
    { kind: 'tag', tag: 'v1.0.0', sha: '5937ac0a7beb003549fc5fd26fc247adbce4a52e', before: null, message: 'Release' },
  ],
  [
    'gitlab',
    'merge-request',
    { 'x-gitlab-event': 'Merge Request Hook' },
    { action: 'opened', ref: 'refs/merge-requests/1/head', branch: 'master', author: 'root', fork: true },
  ],
  [
    'gitee',
    'push',
    { 'x-gitee-event': 'Push Hook' },
    { kind: 'push', branch: 'master', repository: 'acme/hook', message: '修改文档', author: 'jackson' },
  ],
  [
    'gitee',
    'merge-request',
    { 'x-gitee-event': 'Merge Request Hook' },
    { action: 'synchronized', number: 3, branch: 'master', sourceBranch: 'docs', fork: false },
  ],
] as const)('%s: %s', (forge, name, headers, change) => {
  const reading = read(forge, headers, fixture(`${forge}/fixtures/${name}.json`))
  expect(reading).toMatchObject({ kind: 'change', change })
})

test('commits that a forge has left out make its list of files one that is not complete', () => {
  const body = fixture('gitlab/fixtures/push.json')
  const headers = { 'x-gitlab-event': 'Push Hook' }
  expect(read('gitlab', headers, body)).toMatchObject({
    files: { complete: false, paths: ['CHANGELOG', 'app/controller/application.rb'] },
  })
  expect(read('gitlab', headers, { ...body, total_commits_count: 2 })).toMatchObject({ files: { complete: true } })
})

test('an update of a merge request without new commits starts nothing', () => {
  const body = fixture('gitlab/fixtures/merge-request.json')
  const update = (more: JsonObject): Reading =>
    read(
      'gitlab',
      { 'x-gitlab-event': 'Merge Request Hook' },
      {
        ...body,
        object_attributes: { ...(body['object_attributes'] as JsonObject), action: 'update', ...more },
      },
    )
  expect(update({})).toMatchObject({ kind: 'ignored' })
  expect(update({ oldrev: 'a'.repeat(40) })).toMatchObject({ kind: 'change', change: { action: 'synchronized' } })
})

const sha = 'c'.repeat(40)
test('a hook of one’s own', () => {
  const push = { ref: 'refs/heads/main', sha, repository: 'a/b', message: 'x', files: ['src/a.ts'] }
  expect(read('generic', {}, push)).toMatchObject({ change: { branch: 'main', sha }, files: { paths: ['src/a.ts'] } })
  expect(read('generic', {}, { sha, number: 4, branch: 'main' })).toMatchObject({
    change: { kind: 'merge_request', action: 'synchronized', ref: 'refs/pull/4/head', fork: true },
  })
  for (const wrong of [null, [], {}, { ref: 'main', sha }, { ...push, sha: 'HEAD' }, { number: 1, sha }]) {
    expect(read('generic', {}, wrong)).toMatchObject({ kind: 'invalid' })
  }
})

test.each(['../..', 'a/../b', './a', '/a', 'a//b', ''])('a repository %j has no address', (repository) => {
  const body = { ...fixture('gitea/fixtures/push.json'), repository: { full_name: repository } }
  expect(read('gitea', { 'x-gitea-event': 'push' }, body)).toMatchObject({ kind: 'invalid' })
})

test('whatever is sent, the answer is a reading, and a change has what its kind needs', () => {
  const headers: Readonly<Record<string, string>> = {
    'x-github-event': 'push',
    'x-gitea-event': 'pull_request',
    'x-gitlab-event': 'Merge Request Hook',
    'x-gitee-event': 'Push Hook',
  }
  const files = globSync('*/fixtures/*.json', { cwd: import.meta.dirname })
  const bodies = files.map(fixture)
  fc.assert(
    fc.property(
      fc.constantFrom(...FORGES),
      fc.constantFrom(...bodies),
      fc.jsonValue(),
      fc.nat(),
      (forge, body, any, at) => {
        const keys = Object.keys(body)
        const key = keys[at % keys.length] ?? ''
        const reading = read(forge, headers, { ...body, [key]: any as Json })
        if (reading.kind !== 'change') return
        expect(reading.change.sha).toMatch(/^[0-9a-f]{40,64}$/)
        expect(reading.change.kind === 'merge_request').toBe(reading.change.number !== null)
      },
    ),
  )
})

describe('the filter', () => {
  const filter: ChangeFilter = {
    events: ['push', 'tag', 'merge_request'],
    actions: ['opened', 'synchronized', 'reopened'],
    branches: [],
    tags: [],
    paths: [],
    skipCi: true,
    repository: null,
  }
  const push = read(
    'generic',
    {},
    { ref: 'refs/heads/release/1', sha, repository: 'a/b', files: ['docs/x.md', 'src/a.ts'] },
  )
  const judge = (more: Partial<ChangeFilter>, message = ''): string | undefined => {
    if (push.kind !== 'change') throw new Error('it is a change')
    return filterProblem({ ...filter, ...more }, { ...push.change, message }, push.files)
  }
  test.each<[Partial<ChangeFilter>, boolean]>([
    [{}, true],
    [{ events: ['tag'] }, false],
    [{ branches: ['main'] }, false],
    [{ branches: ['main', 'release/*'] }, true],
    [{ branches: ['!release/*'] }, false],
    [{ branches: ['**', '!release/*', 'release/1'] }, true],
    [{ tags: ['v*'] }, true],
    [{ paths: ['lib/**'] }, false],
    [{ paths: ['src/**'] }, true],
    [{ paths: ['!docs/**'] }, true],
    [{ paths: ['!docs/**', '!src/**'] }, false],
    [{ repository: 'A/B' }, true],
    [{ repository: 'a/c' }, false],
  ])('%j: %s', (more, is) => {
    expect(judge(more) === undefined).toBe(is)
  })

  test('a message that asks for no run is heeded, unless the trigger says otherwise', () => {
    for (const message of ['x [skip ci]', '[CI SKIP]\n\nmore', 'fix [no ci]']) {
      expect(judge({}, message)).toContain('no run is wanted')
      expect(judge({ skipCi: false }, message)).toBeUndefined()
    }
    expect(judge({}, 'skip ci')).toBeUndefined()
  })

  test('where files are not all known, none is taken for unchanged', () => {
    if (push.kind !== 'change') throw new Error('it is a change')
    const paths = ['lib/**']
    expect(filterProblem({ ...filter, paths }, push.change, null)).toBeUndefined()
    expect(filterProblem({ ...filter, paths }, push.change, { paths: [], complete: false })).toBeUndefined()
  })
})

test('every forge has a word for every status of a run', () => {
  for (const forge of FORGES) {
    for (const status of RUN_STATUSES) expect(forges[forge].states[status], `${forge} ${status}`).toMatch(/^[a-z]+$/)
    const good = RUN_STATUSES.filter((status) => forges[forge].states[status] === 'success')
    expect(good).toEqual(['succeeded'])
  }
})

test('what a forge is told goes to the address of the commit, whatever its repository is called', () => {
  for (const forge of FORGES) {
    const { url, headers, body } = forges[forge].statusRequest({
      api: 'https://git.example.com/api',
      token: 'the-token',
      repository: 'a b/c?d#',
      sha,
      ref: 'refs/heads/main',
      status: 'failed',
      context: 'millrace/build',
      description: 'failed',
      url: 'https://millrace.example.com/runs/1',
    })
    expect(new URL(url).pathname.startsWith('/api/')).toBe(true)
    expect(new URL(url).search).toBe('')
    expect(new URL(url).pathname.endsWith(`/statuses/${sha}`)).toBe(true)
    expect(Object.values(headers).join(' ')).toContain('the-token')
    expect(body).not.toContain('the-token')
  }
})
