import { type KeyKind, type KeyRecord, type Keys, StoreError, type UserRecord } from '../store.ts'

/** What memorySecrets seals again. */
interface KeySecrets {
  readonly secretOfKey: (kind: KeyKind, name: string) => string | undefined
  readonly replaceKeySecret: (kind: KeyKind, name: string, secret: string) => void
  readonly putSetting: (name: string, value: string) => void
}

export function memoryKeys(open: () => void): { readonly port: Keys } & KeySecrets {
  const users: UserRecord[] = []
  let keys: readonly KeyRecord[] = []
  const settings = new Map<string, string>()

  const port: Keys = {
    addUser: async (user) => {
      open()
      if (users.some(({ id, name }) => id === user.id || name === user.name)) {
        throw new StoreError('conflict', `there is a user ${user.id} or ${JSON.stringify(user.name)} already`)
      }
      users.push(user)
    },
    user: async (ref) => {
      open()
      return users.find((user) => (ref.by === 'id' ? user.id === ref.id : user.name === ref.name))
    },
    users: async () => {
      open()
      return [...users]
    },
    changeUser: async (id, change) => {
      open()
      const place = users.findIndex((user) => user.id === id)
      const user = users[place]
      if (user === undefined) throw new StoreError('missing', `there is no user ${id}`)
      return (users[place] = { ...user, ...change })
    },
    addKey: async (key) => {
      open()
      if (keys.some(({ kind, name }) => kind === key.kind && name === key.name)) {
        throw new StoreError('conflict', `there is a ${key.kind} ${JSON.stringify(key.name)} already`)
      }
      if (!users.some(({ id }) => id === key.userId)) {
        throw new StoreError('missing', `there is no user ${key.userId} for the ${key.kind}`)
      }
      keys = [...keys, key]
    },
    key: async (kind, name) => {
      open()
      return keys.find((key) => key.kind === kind && key.name === name)
    },
    keys: async () => {
      open()
      return keys
    },
    revokeKey: async (kind, name, at) => {
      open()
      if (!keys.some((key) => key.kind === kind && key.name === name)) {
        throw new StoreError('missing', `there is no ${kind} ${JSON.stringify(name)}`)
      }
      keys = keys.map((key) =>
        key.kind === kind && key.name === name && key.revokedAt === null ? { ...key, revokedAt: at } : key,
      )
    },
    setting: async (name) => {
      open()
      return settings.get(name)
    },
    putSetting: async (name, value) => {
      open()
      settings.set(name, value)
    },
  }
  return {
    port,
    secretOfKey: (kind, name) => keys.find((key) => key.kind === kind && key.name === name)?.secret,
    replaceKeySecret: (kind, name, secret) => {
      keys = keys.map((key) => (key.kind === kind && key.name === name ? { ...key, secret } : key))
    },
    putSetting: (name, value) => void settings.set(name, value),
  }
}
