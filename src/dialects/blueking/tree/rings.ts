import { isJsonObject, type Json } from '../../../model/json.ts'

const NAMED = /\$\{[A-Za-z0-9_]{1,64}\}/g

/**
 * Why the constants of a tree stand for nothing: one names itself, or several each other; undefined: none does. Those of
 * a sub-process may: what they are given names what is where it stands.
 * Source: bk-sops' `validate_pipeline_tree_constants`, texts included.
 */
export function ringOfConstants(tree: Json): string | undefined {
  const constants = isJsonObject(tree) ? tree['constants'] : undefined
  if (!isJsonObject(constants)) return undefined
  const names = new Map(
    Object.entries(constants).map(([key, constant]) => {
      const text = JSON.stringify(isJsonObject(constant) ? (constant['value'] ?? '') : constant)
      return [key, new Set(text.match(NAMED)?.filter((name) => Object.hasOwn(constants, name)))] as const
    }),
  )
  const own = [...names].flatMap(([key, named]) => (named.has(key) ? [key] : []))
  if (own.length > 0) return `常量 ${own.join(', ')} 的值不能引用自身作为值`
  const ring = findRing(names)
  return ring === undefined ? undefined : `检测到常量${ring.join(', ')}存在循环引用`
}

/** Each node is walked once; there are few enough constants for a path of all of them. */
function findRing(names: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] | undefined {
  const over = new Set<string>()
  const path: string[] = []
  const walk = (key: string): boolean => {
    if (path.includes(key)) return true
    if (over.has(key)) return false
    path.push(key)
    for (const name of names.get(key) ?? []) if (walk(name)) return true
    path.pop()
    over.add(key)
    return false
  }
  return [...names.keys()].some(walk) ? path : undefined
}
