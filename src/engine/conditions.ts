import type { GatewayKind } from '../model/definition.ts'
import type { Expression } from '../model/expression.ts'
import type { Failure } from '../model/failure.ts'
import { evaluateBoolRule } from './bamboo/bool-rule.ts'
import { evaluate, isTrue } from './expression/expression.ts'
import { conditionData, filledCondition } from './render.ts'
import { stagePlan, taskPlan, type Run } from './run.ts'
import { scopeOf } from './scope.ts'

type Verdict = { readonly ok: true; readonly value: boolean } | { readonly ok: false; readonly message: string }

/** Whether a condition holds now. @param index the node that asks; null: the run. */
export function holds(run: Run, condition: Expression, index: number | null): boolean {
  const verdict = judge(run, condition, index)
  return verdict.ok && verdict.value
}

function judge(run: Run, condition: Expression, index: number | null): Verdict {
  if (condition.op !== 'bool-rule') return { ok: true, value: isTrue(evaluate(condition, scopeOf(run))) }
  // As in the original: variables are put in first, then the text is read without any.
  return evaluateBoolRule(filledCondition(run, index, condition.text), null)
}

const RULE_MAX = 4_000

/** In the words of BlueKing's engine: the condition as it was read, and what its gateway's names stood for. */
function unreadable(run: Run, index: number, text: string, all: readonly string[], message: string): string {
  const read = filledCondition(run, index, text).slice(0, RULE_MAX)
  return `evaluate[${read}] fail with data[${conditionData(run, index, all).slice(0, RULE_MAX)}] message: ${message}`
}

export type Choice =
  | { readonly ok: true; readonly edges: readonly number[] | null }
  | { readonly ok: false; readonly failure: Failure }

/** Which way a token goes on from a gateway; null: all of them. The sentences are those of BlueKing's engine (blueking.md A3.4). */
export function chooseEdges(run: Run, index: number, gateway: GatewayKind): Choice {
  if (gateway === 'parallel' || gateway === 'converge') return { ok: true, edges: null }
  const { flow, stage } = taskPlan(run.plan, index)
  const edges = stagePlan(run.plan, stage).spec.flow?.edges ?? []
  const open: number[] = []
  let otherwise: number | null = null
  for (const { edge } of flow?.out ?? []) {
    const spec = edges[edge]
    if (spec === undefined) throw new TypeError(`edge ${edge} of gateway ${index} is not in the plan of run ${run.id}`)
    if (spec.default) otherwise = edge
    if (spec.default || spec.when === null) continue
    const verdict = judge(run, spec.when, index)
    if (!verdict.ok) {
      const rules = (flow?.out ?? []).flatMap(({ edge: other }) => ruleOf(edges[other]?.when ?? null))
      const [rule = ''] = ruleOf(spec.when)
      return { ok: false, failure: { kind: 'condition', reason: unreadable(run, index, rule, rules, verdict.message) } }
    }
    if (verdict.value) open.push(edge)
  }
  if (open.length === 0) {
    if (otherwise !== null) return { ok: true, edges: [otherwise] }
    return { ok: false, failure: { kind: 'no-branch', reason: 'all conditions of branches are not meet' } }
  }
  if (gateway === 'exclusive' && open.length > 1) {
    const chosen = open.map((edge) => edges[edge]!)
    return {
      ok: false,
      failure: { kind: 'many-branches', names: chosen.map(nameOf), keys: chosen.map(({ key }) => key) },
    }
  }
  return { ok: true, edges: open }
}

const ruleOf = (when: Expression | null): readonly string[] => (when?.op === 'bool-rule' ? [when.text] : [])

const nameOf = ({ name, key }: { readonly name: string; readonly key: string }): string => (name === '' ? key : name)
