import type { JsonObject } from '../../../model/json.ts'
import { objectsOf } from '../fields.ts'

/** The jobs of a custom workflow, of one stage after the other. */
export const jobsIn = (body: JsonObject): readonly JsonObject[] =>
  objectsOf(body, 'stages').flatMap((stage) => objectsOf(stage, 'jobs'))
