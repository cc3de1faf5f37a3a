// A server as far as its runner is concerned: starts the embedded runner on `argv[2]`, gives it one script (`argv[3]`)
// and tells on standard output what happens. Tests kill it.
import { asId } from '../../src/model/id.ts'
import { startEmbeddedRunner } from '../../src/runner/embedded.ts'

const [, , dataDirectory = '', script = ''] = process.argv
const runner = await startEmbeddedRunner({
  dataDirectory,
  slots: 2,
  graceMs: 200,
  onEnded: ({ result }) => console.log(JSON.stringify({ ended: result })),
  onLost: (_, reason) => console.log(JSON.stringify({ lost: reason })),
})
console.log(JSON.stringify({ killed: runner.leftovers.killed, runner: runner.pid() }))
if (script !== '') {
  runner.start({
    runId: asId('0193a1b2c3d4e5f60718293a4b5c6d7e'),
    node: 1,
    attempt: 1,
    fence: 1,
    uses: 'script',
    with: { script },
    env: {},
    graceMs: 200,
  })
}
