import type { JsonObject } from '../../../model/json.ts'

/** What a plugin is here: a kind of work of ours, with what its node asks for. */
export type PluginWork =
  | {
      readonly ok: true
      /** Step type, and what it is given: `uses` and `with` of a task. */
      readonly uses: string
      readonly with: JsonObject
      readonly env?: Readonly<Record<string, string>>
      /** Seconds; how long the plugin itself gives its work, when the node says nothing. */
      readonly timeoutSeconds?: number
    }
  | { readonly ok: false; readonly message: string }
