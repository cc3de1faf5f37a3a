import type { JsonObject } from '../model/json.ts'
import type { StepSpec } from '../steps/step.ts'
import { pipelineShape } from './pipeline-shape.ts'

/**
 * JSON Schema 2020-12 of a definition, for editors: the form that the parser reads, made of the same table. What spans
 * several places (needs, names in expressions, keys that are unique) is checked by the parser alone.
 */
export function definitionJsonSchema(steps: readonly StepSpec[]): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Millrace pipeline definition',
    ...pipelineShape(steps).schema,
  }
}
