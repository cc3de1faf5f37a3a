import type { NodeRef, PipelineRef, ProjectRef, RunRef } from '../../host/app.ts'

/** How things are called in paths and queries. An id always means an id, also where names are taken. */

const ID = /^[0-9a-f]{32}$/
const SERIAL = /^[1-9]\d{0,14}$/

/** Id or name. */
export const projectRef = (text: string): ProjectRef => (ID.test(text) ? { id: text } : { name: text })

/** Id or name; a name may need its project. */
export function pipelineRef(text: string, project?: string): PipelineRef {
  if (ID.test(text)) return { id: text }
  return { name: text, ...(project === undefined ? {} : { project: projectRef(project) }) }
}

/**
 * Id, serial, or `pipeline#number` as people write it (`%23` in a URL). Anything else names no run, and is looked for
 * as an id so that the answer is a plain `not_found`.
 */
export function runRef(text: string): RunRef {
  if (SERIAL.test(text)) return { serial: Number(text) }
  const [, pipeline, number] = /^(.+)#([1-9]\d{0,14})$/s.exec(text) ?? []
  return pipeline === undefined ? { id: text } : { pipeline: pipelineRef(pipeline), number: Number(number) }
}

/** Id or key. */
export const nodeRef = (text: string): NodeRef => (ID.test(text) ? { id: text } : { key: text })
