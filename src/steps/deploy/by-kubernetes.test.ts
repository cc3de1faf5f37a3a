import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { TestCluster } from '../../../test/support/cluster.ts'
import type { Outputs } from '../../model/event.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'

/** With the kubectl of this machine, which speaks to a server that knows as much of the API as it asks for. */
let runner: TestRunner
let cluster: TestCluster
let runs = 0
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())
beforeEach(async () => {
  cluster = await TestCluster.open()
  onTestFinished(() => cluster.close())
})

const workload = (kind: string, name: string, image: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
    },
  })

function withManifests(files: Readonly<Record<string, string>>) {
  runs += 1
  const runId = asId<RunId>(runs.toString(16).padStart(32, '0'))
  const directory = join(runner.paths.workspace(runId), 'k8s')
  mkdirSync(directory, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  const secrets = [{ name: 'KUBECONFIG_SHOP', as: 'step', value: cluster.kubeconfig() }] as const
  return (kubernetes: JsonObject, takesBack?: Outputs, timeout = '30s') =>
    runner.run(
      'deploy',
      { kubernetes: { namespace: 'shop', kubeconfig: 'KUBECONFIG_SHOP', ...kubernetes }, timeout },
      { runId, secrets, ...(takesBack === undefined ? {} : { takesBack }) },
    )
}

test('manifests are applied, an image is set, the rollout is waited for, and all of it goes back', async () => {
  const deploy = withManifests({ 'web.yaml': workload('Deployment', 'web', 'registry/web:1') })
  const first = await deploy({ manifests: 'k8s/*.yaml', wait: ['deployment/web'] })
  expect(first.log).toContain('deployment.apps/web created\n')
  expect(first.log).toContain('deployment "web" successfully rolled out\n')
  expect(first.result).toEqual({
    kind: 'succeeded',
    outputs: { previous_revisions: '{"deployment/web":""}', revisions: '{"deployment/web":"1"}' },
  })

  const images = { 'deployment/web': { app: 'registry/web:2' } }
  const second = await deploy({ images })
  expect(second.log).toContain('deployment.apps/web image updated\n')
  expect(cluster.imageOf('shop/deployments/web')).toBe('registry/web:2')
  expect(second.result).toEqual({
    kind: 'succeeded',
    outputs: { previous_revisions: '{"deployment/web":"1"}', revisions: '{"deployment/web":"2"}' },
  })

  const back = await deploy({ images }, { previous_revisions: '{"deployment/web":"1"}' })
  expect(back.result.kind).toBe('succeeded')
  expect(back.log).toContain('deployment.apps/web rolled back\n')
  expect(cluster.imageOf('shop/deployments/web')).toBe('registry/web:1')

  const there = await deploy({ images }, { previous_revisions: '{"deployment/web":"3"}' })
  expect(there.log).toContain('deployment/web is at revision 3 already\n')
  const fresh = await deploy({ images }, { previous_revisions: '{"deployment/web":""}' })
  expect(fresh.log).toContain('deployment/web was not there before: it stays\n')
})

test.each([
  ['StatefulSet', 'statefulset'],
  ['DaemonSet', 'daemonset'],
])('a %s goes back by its history', async (kind, word) => {
  const deploy = withManifests({ 'db.json': workload(kind, 'db', 'registry/db:1') })
  const first = await deploy({ manifests: ['k8s/db.json'], wait: [`${word}/db`] })
  expect(first.result).toMatchObject({ outputs: { previous_revisions: `{"${word}/db":""}` } })
  const images = { [`${word}/db`]: { '*': 'registry/db:2' } }
  const second = await deploy({ images })
  const outputs = { previous_revisions: `{"${word}/db":"1"}`, revisions: `{"${word}/db":"2"}` }
  expect(second.result).toEqual({ kind: 'succeeded', outputs })
  expect(cluster.imageOf(`shop/${word}s/db`)).toBe('registry/db:2')
  expect((await deploy({ images }, outputs)).result.kind).toBe('succeeded')
  expect(cluster.imageOf(`shop/${word}s/db`)).toBe('registry/db:1')
})

test('a rollout that does not come to its end has failed, and tells what to go back to', async () => {
  const deploy = withManifests({ 'web.yaml': workload('Deployment', 'web', 'registry/web:1') })
  await deploy({ manifests: 'k8s/web.yaml' })
  cluster.ready = false
  const images = { 'deployment/web': { app: 'registry/web:broken' } }
  const failed = await deploy({ images }, undefined, '1s')
  expect(failed.log).toMatch(/Waiting for deployment "web" rollout to finish.*\n.*timed out/s)
  expect(failed.result).toEqual({
    kind: 'failed',
    failure: { kind: 'exit-code', code: 1 },
    outputs: { previous_revisions: '{"deployment/web":"1"}' },
  })
  cluster.ready = true
  expect((await deploy({ images }, { previous_revisions: '{"deployment/web":"1"}' })).result.kind).toBe('succeeded')
  expect(cluster.imageOf('shop/deployments/web')).toBe('registry/web:1')
})

test('without the secret that is the kubeconfig nothing is asked', async () => {
  const deploy = withManifests({ 'web.yaml': workload('Deployment', 'web', 'registry/web:1') })
  const { result } = await deploy({ manifests: 'k8s/web.yaml', kubeconfig: 'ANOTHER' })
  expect(result).toMatchObject({
    failure: { kind: 'cannot-start', reason: 'the task was not given the secret ANOTHER' },
  })
  expect(cluster.target.seen).toEqual([])
})

test('what is not there, and who did not say what was before, are named', async () => {
  const deploy = withManifests({})
  expect((await deploy({ manifests: 'k8s/*.yaml' })).result).toMatchObject({
    failure: { kind: 'said-no', reason: 'no file of the workspace is like k8s/*.yaml' },
  })
  const missing = await deploy({ images: { 'deployment/none': { app: 'registry/web:2' } } })
  expect(missing.result).toMatchObject({ failure: { kind: 'exit-code' } })
  expect(missing.log).toContain('NotFound')
  expect((await deploy({ manifests: 'k8s/*.yaml' }, {})).result).toMatchObject({
    failure: { reason: 'the deployment did not say which revisions there were before it' },
  })
})
