import type { Json } from './json.ts'

/**
 * A checked condition, as `when:` writes it (parsed by engine/expression.ts). It sees `params`, `tasks`,
 * `run` and nothing of the host; it has no loops and no calls but the three below, so its cost is its size.
 */
export type Expression =
  | { readonly op: 'literal'; readonly value: Json }
  /** `params.branch`, `tasks.build.outputs.tag`, `tasks.build.status`, `run.number`, `run.attempt`. */
  | { readonly op: 'path'; readonly path: readonly string[] }
  | { readonly op: 'list'; readonly items: readonly Expression[] }
  | { readonly op: 'not'; readonly operand: Expression }
  | {
      readonly op: 'and' | 'or' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly op: 'call'
      readonly name: 'contains' | 'starts_with' | 'ends_with'
      readonly args: readonly Expression[]
    }
