// A runner's process. Its server forks it and talks to it over IPC; see protocol.ts for what they say and embedded.ts
// for the server's side. `argv[2]` is a RunnerConfig as JSON.
import { Agent } from './agent.ts'
import type { RunnerConfig } from './config.ts'
import { directLauncher } from './direct.ts'
import { allowedEnvironment, engineEnvironment } from './environment.ts'
import { helperLauncher } from './helper.ts'
import { runnerPaths } from './paths.ts'
import { parseToRunner, PROTOCOL, type ToServer } from './protocol.ts'
import { outsideSteps } from '../steps/outside.ts'
import type { Json } from '../model/json.ts'

const config = JSON.parse(process.argv[2] ?? '') as RunnerConfig

const placeSetting = {
  executors: config.executors,
  engineEnv: engineEnvironment(process.env),
  containerPaths: config.containerPaths,
  dataDirectory: config.dataDirectory,
}

const send = (message: ToServer): void => {
  // The channel may close in this moment; `disconnect` then does what is to be done.
  if (process.connected) process.send?.(message, () => {})
}

const agent = new Agent({
  paths: runnerPaths(config.dataDirectory, config.filesDirectory),
  launcher: (await helperLauncher()) ?? directLauncher(),
  env: allowedEnvironment(process.env),
  executors: placeSetting,
  steps: outsideSteps(config.stepDirectories),
  cacheMaxBytes: config.cacheMaxBytes,
  slots: config.slots,
  logMaxBytes: config.logMaxBytes,
  send,
})

process.on('message', (value: Json) => {
  const message = parseToRunner(value)
  // Without the message: it may hold a secret.
  if (message === undefined) throw new Error(`this is no message of protocol ${PROTOCOL}`)
  if (message.type === 'executors') placeSetting.executors = message.executors
  else if (message.type === 'drain') void agent.drain().then(() => process.disconnect())
  else agent.receive(message)
})

// The server is gone, or wants us to go: nothing of ours may go on without it.
let stopping: Promise<never> | undefined
const stop = (): void => {
  stopping ??= agent.stop(config.graceMs).then(() => process.exit(0))
}
process.once('disconnect', stop)
process.once('SIGTERM', stop)
// Ctrl-C on a terminal reaches the whole group; what it means is the server's to say.
process.on('SIGINT', () => {})
if (process.connected) {
  const { name, labels, slots } = config
  send({ type: 'hello', protocol: PROTOCOL, name, labels: [...labels], slots })
} else {
  stop()
}
