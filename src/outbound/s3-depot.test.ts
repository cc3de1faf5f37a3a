import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { s3Depot } from './s3-depot.ts'

test('storage that never answers is given up after some tries', async () => {
  let asked = 0
  const server = createServer((socket) => {
    asked += 1
    socket.on('error', () => undefined).resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const depot = s3Depot(`s3://bucket/files?endpoint=${endpoint}`, { credentials, answerMs: 100 })
  await expect(depot.put('name', { text: 'text' })).rejects.toThrow(/time/i)
  await expect(depot.open('name')).rejects.toThrow(/time/i)
  expect(asked).toBe(6)
})
