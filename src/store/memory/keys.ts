import { type KeyRecord, type Keys, StoreError, type UserRecord } from '../store.ts'

export function memoryKeys(open: () => void): Keys {
  const users: UserRecord[] = []
  let keys: readonly KeyRecord[] = []
  const settings = new Map<string, string>()

  return {
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
}
