import type { WebTree } from './web-tree.ts'

/** Our keys of a tree's nodes and flows, by their ids; ids of a level are unique, those of two levels need not be. */
export interface LevelKeys {
  readonly nodes: ReadonlyMap<string, string>
  readonly flows: ReadonlyMap<string, string>
  /** Of each sub-process, by its id. */
  readonly inner: ReadonlyMap<string, LevelKeys>
}

/** Always the same ones for a tree: what is stored names nodes by key, what clients name are ids. */
export const assignKeys = (tree: WebTree): LevelKeys => levelKeys(tree, new Keys(), new Keys())

function levelKeys(tree: WebTree, nodes: Keys, flows: Keys): LevelKeys {
  const ids = [tree.start.id, ...tree.activities.keys(), ...tree.gateways.keys(), tree.end.id]
  const own = new Map(ids.map((id) => [id, nodes.take(id)]))
  const ownFlows = new Map([...tree.flows.keys()].map((id) => [id, flows.take(id)]))
  const inner = new Map<string, LevelKeys>()
  for (const activity of tree.activities.values()) {
    if (activity.type === 'SubProcess') inner.set(activity.id, levelKeys(activity.tree, nodes, flows))
  }
  return { nodes: own, flows: ownFlows, inner }
}

const KEY = /^[A-Za-z0-9_-]{1,64}$/

class Keys {
  readonly #taken = new Set<string>()
  /** By what was wanted: the next number to try, so that many of one name cost no more than a few. */
  readonly #next = new Map<string, number>()

  /** The id itself where it can be a key and no other has it: sub-processes of one template share their ids. */
  take(id: string): string {
    const wanted = KEY.test(id) && !(id in Object.prototype) && !/^__\w+__$/.test(id) ? id : 'node'
    let count = this.#next.get(wanted) ?? 1
    let key = wanted
    for (; this.#taken.has(key); count += 1) key = `${wanted.slice(0, 56)}-${count + 1}`
    this.#next.set(wanted, count)
    this.#taken.add(key)
    return key
  }
}
