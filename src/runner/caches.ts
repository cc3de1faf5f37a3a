import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { CACHE_KEY_MAX, type CacheSpec, type JobCaches } from '../model/cache.ts'
import type { ExecResult } from '../steps/step.ts'
import { hashFiles, type CacheStore } from './cache-store.ts'

export interface CacheSetting {
  readonly store: CacheStore
  /** Of the run: it holds `workspace` and `home`. */
  readonly directory: string
  readonly say: (line: string) => void
  /** Runs a program of the runner itself, never in a container. */
  readonly exec: (argv: readonly [string, ...string[]]) => Promise<ExecResult>
}

/** What was restored, so that it is not saved again. */
interface Restored {
  readonly spec: CacheSpec
  /** null: its key was no key. */
  readonly key: string | null
  readonly hit: boolean
}

/**
 * The caches of one attempt. Whatever goes wrong with one is said in the log, and the task goes on without it: a cache is
 * never needed.
 */
export class AttemptCaches {
  readonly #caches: JobCaches
  readonly #setting: CacheSetting
  readonly #restored: Restored[] = []

  constructor(caches: JobCaches, setting: CacheSetting) {
    this.#caches = caches
    this.#setting = setting
  }

  /** Before the step. */
  async restore(): Promise<void> {
    for (const spec of this.#caches.list) this.#restored.push(await this.#restore(spec))
  }

  /** After it has succeeded. */
  async save(): Promise<void> {
    if (!this.#caches.write) return
    for (const { spec, key, hit } of this.#restored) {
      if (key === null || hit) continue
      try {
        await this.#save(spec, key)
      } catch (error) {
        this.#say(`cache ${key} could not be saved: ${(error as Error).message}`)
      }
    }
  }

  async #restore(spec: CacheSpec): Promise<Restored> {
    const { store, exec, directory } = this.#setting
    const none = { spec, key: null, hit: false }
    try {
      const files = spec.files.map((path) => join(directory, placeOf(path)))
      if (!files.every((path) => this.#isInside(path))) {
        this.#say(`cache ${spec.key}: a file of its key lies outside of the run's directories`)
        return none
      }
      const key = spec.files.length === 0 ? spec.key : `${spec.key}-${await hashFiles(files)}`
      if (key.length > CACHE_KEY_MAX + 17 || /[\0\r\n]/.test(key)) {
        this.#say(
          `cache ${JSON.stringify(key.slice(0, 80))}: expected a key of one line, at most ${CACHE_KEY_MAX} characters`,
        )
        return none
      }
      const found = await store.find(this.#caches.scope, key, spec.restore)
      if (found === undefined) {
        this.#say(`cache ${key}: nothing to restore`)
        return { spec, key, hit: false }
      }
      const ended = await exec(['tar', '--extract', '--file', found.path, '--directory', directory])
      const good = ended.kind === 'exited' && ended.code === 0
      this.#say(
        `cache ${key}: ${good ? `restored ${found.key}, ${sizeOf(found.sizeBytes)}` : 'it could not be restored'}`,
      )
      return { spec, key, hit: good && found.key === key }
    } catch (error) {
      this.#say(`cache ${spec.key} could not be restored: ${(error as Error).message}`)
      return none
    }
  }

  async #save(spec: CacheSpec, key: string): Promise<void> {
    const { store, exec, directory } = this.#setting
    if (await store.has(this.#caches.scope, key)) return
    const places = spec.paths.map(placeOf).filter((place) => existsSync(join(directory, place)))
    if (places.some((place) => !this.#isInside(join(directory, place)))) {
      this.#say(`cache ${key} is not saved: a path leads out of the run's directories`)
      return
    }
    if (places.length === 0) {
      this.#say(`cache ${key} is not saved: none of its paths is there`)
      return
    }
    const fresh = await store.fresh()
    const ended = await exec(['tar', '--create', '--file', fresh, '--directory', directory, '--', ...places])
    if (ended.kind !== 'exited' || ended.code !== 0) {
      await store.drop(fresh)
      this.#say(`cache ${key} is not saved: tar failed`)
      return
    }
    const sizeBytes = await store.save(this.#caches.scope, key, fresh)
    const said = sizeBytes === undefined ? 'is larger than all caches may be: not saved' : `saved, ${sizeOf(sizeBytes)}`
    this.#say(`cache ${key}: ${said}`)
  }

  /** Links of a task may lead anywhere, and what they name is not its to hand on. */
  #isInside(path: string): boolean {
    if (!existsSync(path)) return existsSync(dirname(path)) ? this.#isInside(dirname(path)) : true
    const way = relative(realpathSync(this.#setting.directory), realpathSync(path))
    return !isAbsolute(way) && way.split('/')[0] !== '..'
  }

  #say(line: string): void {
    this.#setting.say(`millrace: ${line}\n`)
  }
}

/** In the directory of the run. */
const placeOf = (path: string): string =>
  path.startsWith('~/') ? join('home', path.slice(2)) : join('workspace', path)

const sizeOf = (bytes: number): string =>
  bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / 1024 ** 2)} MiB`
