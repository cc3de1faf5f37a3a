import type { Json } from './json.ts'

/**
 * A checked condition, as `when:` writes it (parsed by engine/expression/expression.ts). It sees `params`, `vars`, `tasks`,
 * `run` and nothing of the host; it has no loops and no calls but those below, so its cost is its size.
 */
export type Expression =
  | { readonly op: 'literal'; readonly value: Json }
  /** `params.branch`, `vars.hosts.0`, `tasks.build.outputs.tag`, `tasks.build.status`, `run.number`, `run.id`. */
  | { readonly op: 'path'; readonly path: readonly string[] }
  /** A BoolRule text, its `${...}` rendered before it is read; only in pipelines of the language `bamboo`. */
  | { readonly op: 'bool-rule'; readonly text: string }
  | { readonly op: 'list'; readonly items: readonly Expression[] }
  | { readonly op: 'not'; readonly operand: Expression }
  | {
      readonly op: 'and' | 'or' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly op: 'call'
      readonly name: CallName
      readonly args: readonly Expression[]
    }

export type CallName =
  | 'contains'
  | 'contains_all'
  | 'contains_any'
  | 'starts_with'
  | 'ends_with'
  | 'length'
  | 'lower'
  | 'upper'
