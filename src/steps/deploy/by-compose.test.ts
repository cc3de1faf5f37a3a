import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import type { Outputs } from '../../model/event.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'

/** With a program in the place of compose that writes down how it was called: no container runs. */
let runner: TestRunner
let runs = 0
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

/** Says what `ps` says from a file, keeps the last file that `-f` named, and fails in `up` when it is told to. */
const RECORDER = `#!/bin/sh
here=\${0%/*}
{ printf '%s' "\${0##*/}"; printf ' [%s]' "$@"; echo; } >> "$here/record"
case " $* " in
  *' version '*) [ "\${0##*/} $1" != 'docker compose' ] || [ ! -e "$here/no-plugin" ] || exit 1 ;;
  ' ps --all '*) [ ! -e "$here/all" ] || cat "$here/all" ;;
  ' ps '*) [ ! -e "$here/ps" ] || cat "$here/ps" ;;
  *' up '*)
    while [ $# -gt 0 ]; do [ "$1" != -f ] || file=$2; shift; done
    case $file in /*) cp "$file" "$here/override" ;; esac
    [ ! -e "$here/broken" ] || exit 3 ;;
esac
`

function withPrograms(...programs: readonly string[]) {
  runs += 1
  const runId = asId<RunId>(runs.toString(16).padStart(32, '0'))
  const workspace = runner.paths.workspace(runId)
  mkdirSync(workspace, { recursive: true })
  writeFileSync(join(workspace, 'compose.yaml'), 'services: {web: {image: "registry/web:2"}}\n')
  const directory = join(runner.directory, `bin-${runs}`)
  mkdirSync(directory)
  for (const program of programs) {
    writeFileSync(join(directory, program), RECORDER)
    chmodSync(join(directory, program), 0o755)
  }
  const file = (name: string): string => join(directory, name)
  return {
    file,
    go: (compose: JsonObject, takesBack?: Outputs) =>
      runner.run(
        'deploy',
        { compose: { project: 'web', ...compose } },
        { runId, env: { PATH: `${directory}:/usr/bin:/bin` }, ...(takesBack === undefined ? {} : { takesBack }) },
      ),
    /** How the programs were called since the last time, without how they were looked for. */
    calls: (): readonly string[] => {
      const lines = existsSync(file('record')) ? readFileSync(file('record'), 'utf8').trimEnd().split('\n') : []
      rmSync(file('record'), { force: true })
      return lines.filter((line) => !line.endsWith('[version]'))
    },
  }
}

/** Whatever this machine has: Docker's answer nothing. */
function onlyPodman() {
  const programs = withPrograms('podman', 'podman-compose', 'docker', 'docker-compose')
  for (const program of ['docker', 'docker-compose']) writeFileSync(programs.file(program), '#!/bin/sh\nexit 1\n')
  return programs
}

const PS = '[ps] [--filter] [label=com.docker.compose.project=web] [--format] [{{.Image}}\t{{.Labels}}]'
const DOCKER_SAYS =
  'registry/web:1\tcom.docker.compose.project=web,com.docker.compose.service=web\n' +
  'postgres:17\tcom.docker.compose.service=db,com.docker.compose.project=web\n'
const podmanHas = (State: string, ExitCode = 0): string =>
  JSON.stringify([{ State, ExitCode, Labels: { 'com.docker.compose.service': 'web' } }])
const PODMAN_SAYS = 'registry/web:1\tmap[com.docker.compose.project:web com.docker.compose.service:web]\n'

test('the project goes up, and what ran before is told; back it goes up with those images', async () => {
  const { go, calls, file } = withPrograms('docker')
  writeFileSync(file('ps'), DOCKER_SAYS)
  const { result } = await go({ services: ['web'] })
  const outputs = { previous_images: '{"web":"registry/web:1","db":"postgres:17"}', services: 'web db' }
  expect(result).toEqual({ kind: 'succeeded', outputs })
  expect(calls()).toEqual([
    `docker ${PS}`,
    'docker [compose] [-p] [web] [-f] [compose.yaml] [up] [-d] [web]',
    `docker ${PS}`,
  ])
  expect((await go({}, outputs)).result.kind).toBe('succeeded')
  const [up] = calls()
  expect(up).toMatch(
    /^docker \[compose\] \[-p\] \[web\] \[-f\] \[compose\.yaml\] \[-f\] \[\/.*\] \[up\] \[-d\] \[web\] \[db\]$/,
  )
  expect(JSON.parse(readFileSync(file('override'), 'utf8'))).toEqual({
    services: { web: { image: 'registry/web:1' }, db: { image: 'postgres:17' } },
  })
})

test('where nothing ran before, back it goes down', async () => {
  const { go, calls } = withPrograms('docker')
  const { result } = await go({})
  expect(result).toEqual({ kind: 'succeeded', outputs: { previous_images: '{}', services: '' } })
  calls()
  await go({}, { previous_images: '{}' })
  expect(calls()).toEqual(['docker [compose] [-p] [web] [-f] [compose.yaml] [down]'])
})

test('one that does not come up has failed, and tells what to go back to', async () => {
  const { go, file } = withPrograms('docker')
  writeFileSync(file('ps'), DOCKER_SAYS)
  writeFileSync(file('broken'), '')
  expect((await go({})).result).toEqual({
    kind: 'failed',
    failure: { kind: 'exit-code', code: 3 },
    outputs: { previous_images: '{"web":"registry/web:1","db":"postgres:17"}' },
  })
})

test('docker-compose and podman-compose take the place of the plugin', async () => {
  const old = withPrograms('docker', 'docker-compose')
  writeFileSync(old.file('no-plugin'), '')
  await old.go({})
  expect(old.calls()[1]).toBe('docker-compose [-p] [web] [-f] [compose.yaml] [up] [-d]')

  const podman = onlyPodman()
  writeFileSync(podman.file('ps'), PODMAN_SAYS)
  writeFileSync(podman.file('all'), podmanHas('running'))
  expect((await podman.go({})).result).toMatchObject({
    outputs: { previous_images: '{"web":"registry/web:1"}', services: 'web' },
  })
  expect(podman.calls()).toEqual([
    `podman ${PS}`,
    'podman-compose [-p] [web] [-f] [compose.yaml] [up] [-d] [--force-recreate]',
    'podman [ps] [--all] [--filter] [label=com.docker.compose.project=web] [--format] [json]',
    `podman ${PS}`,
  ])
})

test.each([
  ['', 'failed'],
  [podmanHas('created'), 'failed'],
  [podmanHas('exited', 1), 'failed'],
  [podmanHas('exited', 0), 'succeeded'],
])('podman-compose says nothing of what did not come up: %s has %s', async (all, kind) => {
  const { go, file } = onlyPodman()
  writeFileSync(file('all'), all)
  const { result } = await go({})
  expect(result.kind).toBe(kind)
  if (result.kind === 'failed') {
    expect(result.failure).toMatchObject({ kind: 'said-no', reason: expect.stringContaining('did not come up: web') })
  }
})

test('a file outside of the workspace is refused', async () => {
  const { go, calls } = withPrograms('docker')
  expect((await go({ files: ['../compose.yaml'] })).result).toMatchObject({ failure: { kind: 'cannot-start' } })
  expect(calls()).toEqual([])
})
