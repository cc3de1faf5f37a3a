import { parentPort, workerData } from 'node:worker_threads'
import { parseDefinition } from '../definition/parse-definition.ts'
import { stepSpecs } from '../steps/index.ts'
import { outsideSteps } from '../steps/outside.ts'

/** Directories of step types of third parties. */
const steps = [...stepSpecs, ...outsideSteps(workerData as readonly string[])]

parentPort?.on('message', ({ text, file }: { readonly text: string; readonly file: string }) => {
  parentPort?.postMessage(parseDefinition(text, file, steps))
})
