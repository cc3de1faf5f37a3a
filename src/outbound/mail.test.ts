import { type AddressInfo, createServer } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { expect, onTestFinished, test } from 'vitest'
import { mailer } from './mail.ts'

async function postOffice(): Promise<{ url: string; letters: string[]; users: string[] }> {
  const letters: string[] = []
  const users: string[] = []
  const server = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: ({ username = '', password }, _session, done) => {
      users.push(username)
      if (password === 'p@ss') done(null, { user: username })
      else done(new Error('wrong password'))
    },
    onData: (stream, _session, done) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        letters.push(Buffer.concat(parts).toString('utf8'))
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { url: `127.0.0.1:${(server.server.address() as AddressInfo).port}`, letters, users }
}

test('a message arrives at the server that was set, signed in as its user', async () => {
  const { url, letters, users } = await postOffice()
  const mail = mailer(`smtp://ci:p%40ss@${url}`, 'ci@example.com')
  await mail({ to: ['a@example.com', 'b@example.com'], subject: 'build #1 failed', text: 'see\nthere\n' }, 10_000)
  expect(users).toEqual(['ci'])
  expect(letters).toHaveLength(1)
  expect(letters[0]).toContain('From: ci@example.com')
  expect(letters[0]).toContain('To: a@example.com, b@example.com')
  expect(letters[0]).toContain('Subject: build #1 failed')
})

test('one that is not taken is an error', async () => {
  const { url } = await postOffice()
  const letter = { to: ['a@example.com'], subject: 's', text: 't' }
  await expect(mailer(`smtp://ci:wrong@${url}`, 'ci@example.com')(letter, 10_000)).rejects.toThrow('wrong password')
})

test('a server whose answer to the letter never ends holds nothing up', async () => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('close', () => leave())
    socket.write('220 here\r\n')
    let more: NodeJS.Timeout | undefined
    socket.on('close', () => clearInterval(more))
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString()
      if (text.startsWith('DATA')) socket.write('354 go on\r\n')
      else if (text.endsWith('\r\n.\r\n')) more ??= setInterval(() => socket.write('250-still\r\n'), 50)
      else socket.write('250 good\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
  const letter = { to: ['a@example.com'], subject: 's', text: 't' }
  await expect(mailer(url, 'ci@example.com')(letter, 500)).rejects.toThrow('not taken within 0.5 s')
  await left
})
