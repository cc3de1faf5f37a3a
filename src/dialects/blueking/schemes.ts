import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import type { Call } from './call.ts'
import type { WebTree } from './tree/web-tree.ts'

/**
 * Execution schemes of a template: a name for the nodes that a task of it runs. Each is a document of the project, its
 * key begins with the serial of the template. bk-sops knows one by its number or by `<template id>-<name>`.
 */
export const SCHEME_KIND = 'blueking/scheme'
/** More are not looked at. */
const SCHEMES_MAX = 1_000

export interface Scheme {
  /** Counts those of one template, from 1. */
  readonly id: number
  readonly uniqueId: string
  readonly name: string
  /** Ids of the optional nodes that are run. */
  readonly nodes: readonly string[]
}

export const uniqueIdOf = ({ serial }: Pick<PipelineView, 'serial'>, name: string): string => `${serial}-${name}`

export const schemeValue = ({ id, name, nodes }: Scheme): JsonObject => ({ id, name, nodes: [...nodes] })

/** Those of a template, the oldest first. */
export async function schemesOf(call: Call, pipeline: PipelineView): Promise<readonly Scheme[]> {
  const page = await call.app.documents.list(call.caller, {
    project: { id: pipeline.project.id },
    kind: SCHEME_KIND,
    prefix: uniqueIdOf(pipeline, ''),
    limit: SCHEMES_MAX,
  })
  const items = page.ok ? page.value.items : []
  return items.flatMap(({ key, value }) => readScheme(key, value) ?? []).toSorted((a, b) => a.id - b.id)
}

function readScheme(uniqueId: string, value: Json): Scheme | undefined {
  if (!isJsonObject(value)) return undefined
  const { id, name, nodes } = value
  if (typeof id !== 'number' || typeof name !== 'string' || !Array.isArray(nodes)) return undefined
  return { id, uniqueId, name, nodes: (nodes as readonly Json[]).map(String) }
}

/**
 * The optional nodes that none of the schemes names, of those that a sub-process runs by (`scheme_id_list`). One that is
 * not there counts for nothing: of a tree from another system it is another template's.
 */
export async function leftOutBy(
  call: Call,
  pipeline: PipelineView,
  tree: WebTree,
  names: readonly Json[],
): Promise<readonly string[]> {
  if (names.length === 0) return []
  const texts = new Set(names.map(String))
  const schemes = await schemesOf(call, pipeline)
  const chosen = schemes.filter(({ id, uniqueId }) => texts.has(String(id)) || texts.has(uniqueId))
  if (chosen.length === 0) return []
  const kept = new Set(chosen.flatMap(({ nodes }) => nodes))
  return [...tree.activities.values()].filter(({ id, optional }) => optional && !kept.has(id)).map(({ id }) => id)
}
