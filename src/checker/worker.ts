import { parentPort } from 'node:worker_threads'
import { parseDefinition } from '../definition/parse-definition.ts'
import { stepSpecs } from '../steps/index.ts'

parentPort?.on('message', ({ text, file }: { readonly text: string; readonly file: string }) => {
  parentPort?.postMessage(parseDefinition(text, file, stepSpecs))
})
